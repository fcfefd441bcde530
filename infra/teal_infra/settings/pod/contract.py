"""The paths that `contract: true` stands for, at which a service keeps teal's contract (docs/contract.md)."""

from collections.abc import Mapping
from typing import Any, cast

from teal_infra.settings.pod.probes import KINDS

LIVE = "/health/live"
READY = "/health/ready"
METADATA = "/deployment/metadata"
CLOSE = "/deployment/connections/close"

_PROBES = {"startup": LIVE, "liveness": LIVE, "readiness": READY}


def spelt_out(data: object) -> object:
    """Return a service's raw settings with the paths that its `contract` stands for; paths that are set stay."""
    if not isinstance(data, Mapping):
        return data
    given = cast("Mapping[str, Any]", data)
    if given.get("contract") is not True:
        return given
    return {
        **_with(given, "versionPath", METADATA),
        "probes": _probes(given.get("probes", {})),
        "shutdown": _with(given.get("shutdown", {}), "closeConnectionsPath", CLOSE),
    }


def _probes(given: object) -> object:
    if not isinstance(given, Mapping):
        return given
    probes = dict(cast("Mapping[str, object]", given))
    for name, path in _PROBES.items():
        probe = probes.get(name, {})
        if isinstance(probe, Mapping) and not {*KINDS} & cast("Mapping[str, object]", probe).keys():
            probes[name] = {"path": path, **probe}
    return probes


def _with(given: object, key: str, value: str) -> Any:  # noqa: ANN401 - raw config
    return {key: value, **cast("Mapping[str, object]", given)} if isinstance(given, Mapping) else given
