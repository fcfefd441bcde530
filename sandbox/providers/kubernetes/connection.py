"""Which API server, and as whom: from provider config, KUBECONFIG, ~/.kube/config or a pod's service account."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import yaml
from lightkube.config.client_adapter import ConnectionParams
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ConfigError

from sandbox.providers.kubernetes.api import Api
from sandbox.providers.kubernetes.errors import ConfigurationError
from sandbox.providers.properties import Map, is_map

# Seconds. An apply may wait for admission webhooks (30 s at most each) but answers in milliseconds without.
_TIMEOUT = httpx2.Timeout(30, connect=5)


def connect(config: Mapping[str, str], environ: Mapping[str, str]) -> tuple[Api, str]:
    """Return a client for the API server and the namespace used where a resource names none.

    `config` is the provider's: `kubeconfig` (a path, or YAML or JSON), `context`, `namespace`. Opens no connection.

    Raises:
        ConfigurationError: no kubeconfig, or an unusable one.
    """
    given = config.get("kubeconfig", "")
    try:
        kubeconfig = _parse(given) if given else _ambient(environ)
        single = kubeconfig.get(config.get("context") or None)
        if single is None or single.user is None:
            message = "its context names no user"
            raise ConfigError(message)  # noqa: TRY301 - one handler says what to do about any unusable kubeconfig
        # lightkube leaves the parameters' types open; they are httpx2's own keyword arguments.
        params: Map = ConnectionParams(timeout=_TIMEOUT).httpx_params(single)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    except (ConfigError, AttributeError, KeyError, TypeError, ValueError, OSError, yaml.YAMLError) as error:
        source = "the provider's `kubeconfig`" if given else f"KUBECONFIG={environ.get('KUBECONFIG', '(not set)')}"
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ConfigurationError(
            f"no usable kubeconfig: {source}: {why}. Nothing was changed. "
            "Point KUBECONFIG at a file with a current context and see whether this answers: kubectl cluster-info"
        ) from error
    # A watch holds its connection for as long as an await lasts, so connections must not be rationed.
    http = httpx2.AsyncClient(**params, limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20))
    return Api(http, address=single.cluster.server), config.get("namespace") or single.namespace


def _parse(given: str) -> KubeConfig:
    """Read a kubeconfig that is given as a path or as its content."""
    if "\n" not in given and not given.lstrip().startswith("{"):
        return KubeConfig.from_file(given)
    content: Any = yaml.safe_load(given)
    if not is_map(content):
        message = "it is neither the path of a file nor YAML"
        raise ConfigError(message)
    return KubeConfig.from_dict(content)  # pyright: ignore[reportUnknownMemberType] - lightkube says `Dict` of what


def _ambient(environ: Mapping[str, str]) -> KubeConfig:
    """Find the kubeconfig as kubectl does (but one file only), then a pod's service account."""
    path = Path(environ.get("KUBECONFIG") or "~/.kube/config").expanduser()
    if environ.get("KUBECONFIG") or path.is_file():
        return KubeConfig.from_file(path)
    return KubeConfig.from_service_account()
