"""A cluster of the user's own, named by a kubeconfig: nothing is built for it; it must answer."""

from pathlib import Path

import httpx2
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError, ConfigError
from lightkube.resources.core_v1 import Namespace

from sandbox.cluster.errors import UsageError

_TIMEOUT_S = 10.0
_REFUSED = 401


def require_answer(kubeconfig: Path) -> None:
    """See that the API server of the current context answers and takes the credentials.

    Raises:
        UsageError: the file cannot be used, or the server does not answer.
    """
    how = "Check the file and its current context: kubectl --kubeconfig <file> version"
    try:
        config = KubeConfig.from_file(kubeconfig).get()
    except (OSError, ConfigError, ValueError, KeyError, TypeError) as error:
        msg = f"kubeconfig {kubeconfig} cannot be used: {error}. No sandbox was set up. {how}"
        raise UsageError(msg) from error
    if config is None:
        msg = f"kubeconfig {kubeconfig} has no current context: no cluster is meant. {how}"
        raise UsageError(msg)
    try:
        Client(config=config, timeout=httpx2.Timeout(_TIMEOUT_S)).get(Namespace, "default")
    except ApiError as error:
        if error.status.code == _REFUSED:
            msg = f"{config.cluster.server} refuses the credentials in {kubeconfig} (401). No sandbox was set up. {how}"
            raise UsageError(msg) from error
        # Any other answer is an answer: what the program may do there is for its own requests to find out.
    except httpx2.HTTPError as error:
        msg = (
            f"the API server {config.cluster.server} of {kubeconfig} does not answer: {error or type(error).__name__}. "
            f"No sandbox was set up. {how}"
        )
        raise UsageError(msg) from error
