"""Routers as a flip uses them: read, put back, and proven by what only they know; one module each, one interface."""

from collections.abc import Mapping
from importlib import import_module

from teal.adapters.kubernetes.cluster import Cluster
from teal.model.errors import UnreachableError
from teal.model.routes import AlbRoute, RouterKind
from teal.model.workers import Worker
from teal.routers.base import Router
from teal.routers.workers import WithWorkers, Workers

__all__ = ["Router", "Workers", "connect"]


def connect(
    kind: RouterKind,
    cluster: Cluster,
    routes: Mapping[str, AlbRoute] | None = None,
    workers: Mapping[str, Worker] | None = None,
) -> Router:
    """Return the router of a stack.

    Args:
        kind: the kind of router.
        cluster: the stack's cluster.
        routes: the routes of services that a record has; nothing has to be searched for then.
        workers: the stack's workers, which have no traffic.

    Raises:
        UnreachableError: the router's own client is not installed.
    """
    try:  # imported by name: boto3 takes long to import, and no other stack needs it
        module = import_module(f"{__name__}.{kind.spec.module}")
    except ModuleNotFoundError as error:
        raise UnreachableError(
            f"the stack's router is {kind}, and this installation has no {error.name}: nothing is known of the live "
            f"traffic, and this step went no further. Next: pip install {error.name}"
        ) from None
    router: Router = module.router(cluster, routes or {})
    return WithWorkers(router, Workers(cluster, workers), workers) if workers else router
