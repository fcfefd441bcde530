"""Finds a cluster: reads a kubeconfig and makes an HTTP client from it. It sends no request."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import yaml
from lightkube import KubeConfig
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.core.exceptions import ConfigError as KubeconfigError

from teal.model.errors import UnreachableError

TIMEOUT_SECONDS = 5.0
"""How long one request may take. An API server that needs longer to read one object is in trouble."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterAccess:
    """Which cluster to ask. It is the cluster that the program's provider writes to."""

    namespace: str
    """The namespace of every read."""
    kubeconfig: str | None = None
    """The kubeconfig's path or content, either of which Pulumi's provider takes; default: `KUBECONFIG`,
    `~/.kube/config`, or the pod's own account."""
    context: str | None = None
    """The context to use from it; default: its current one."""


@asynccontextmanager
async def client(access: ClusterAccess) -> AsyncGenerator[httpx2.AsyncClient]:
    """Return an HTTP client with the API server's base URL and the credentials of the kubeconfig.

    Raises:
        UnreachableError: there is no usable kubeconfig.
    """
    try:
        source = _kubeconfig(access.kubeconfig)
        config = source.get(access.context)
    except (KubeconfigError, OSError, ValueError) as error:
        config, why = None, str(error)
    except (LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        config, why = None, f"it is no kubeconfig ({type(error).__name__})"  # the error may quote secrets
    else:
        why = f"it has no context {access.context or '(current-context is not set)'}"
    if config is None:
        which = "of the stack's kubernetes: config" if access.kubeconfig else "that KUBECONFIG names"
        raise UnreachableError(
            f"the kubeconfig {which} cannot be used: {why}. Nothing is known of the live traffic, and this "
            "step went no further. Next: kubectl config get-contexts"
        )
    params = ConnectionParams(timeout=httpx2.Timeout(TIMEOUT_SECONDS))
    async with AsyncClient(config, params) as http:
        yield http


def _kubeconfig(given: str | None) -> KubeConfig:
    if given is None:
        return KubeConfig.from_env()
    if "\n" in given or given.lstrip().startswith("{"):
        return KubeConfig.from_dict(yaml.safe_load(given))  # pyright: ignore[reportUnknownMemberType]  # lightkube's plain Dict
    return KubeConfig.from_file(given)
