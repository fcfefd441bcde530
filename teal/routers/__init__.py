"""Routers as a flip meets them: read, put back, proven by what they alone know. One module each, behind one interface.

    selector  a Service's selector            Kubernetes keeps who wrote it, and writes on a condition
    gateway   an HTTPRoute's weights          the same
    alb       a listener rule's weights       AWS keeps neither: read, compared, written, read back
    workers   which colour of a worker runs   beside any of them

Declaring them is the program's (`teal_infra.traffic`).
"""

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
    """The router of a stack.

    Args:
        kind: which one.
        cluster: the stack's.
        routes: of services, where a record has them: then nothing has to be searched for.
        workers: the stack's, which have no traffic.

    Raises:
        UnreachableError: the router's own client is not installed.
    """
    try:  # by its name: boto3 takes long to import, and is of no use to any other stack
        module = import_module(f"{__name__}.{kind.spec.module}")
    except ModuleNotFoundError as error:
        raise UnreachableError(
            f"the stack's router is {kind}, and this installation has no {error.name}: nothing is known of the live "
            f"traffic, and this step went no further. Next: pip install {error.name}"
        ) from None
    router: Router = module.router(cluster, routes or {})
    return WithWorkers(router, Workers(cluster, workers), workers) if workers else router
