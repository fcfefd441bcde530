"""How to reach a cluster: a kubeconfig, and the HTTP client that it makes. Asks nothing."""

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
"""For one request. An API server that takes longer to read one object is in trouble."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterAccess:
    """Which cluster to ask; the same one that the program's provider writes to."""

    namespace: str
    """The namespace that every read is in."""
    kubeconfig: str | None = None
    """Its path or content, as Pulumi's provider takes either; default: `KUBECONFIG`, `~/.kube/config`, or the
    pod's own account."""
    context: str | None = None
    """A context in it; default: its current one."""


@asynccontextmanager
async def client(access: ClusterAccess) -> AsyncGenerator[httpx2.AsyncClient]:
    """An HTTP client whose base URL is the API server's, with the credentials of the kubeconfig.

    Raises:
        UnreachableError: there is no usable kubeconfig.
    """
    try:
        source = _kubeconfig(access.kubeconfig)
        config = source.get(access.context)
    except (KubeconfigError, OSError, ValueError) as error:
        config, why = None, str(error)
    except (LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        config, why = None, f"it is no kubeconfig ({type(error).__name__})"  # whose text may hold what is in it
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
