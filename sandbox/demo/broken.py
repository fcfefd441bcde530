"""What is wrong with the releases that the demo tries to make live, one after the other: faults of the backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = "1.2.0"


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One broken release of `VERSION`."""

    what: str
    gate: str  # whose verdict has to be among the reasons: a refusal by another one proves nothing of it
    env: Mapping[str, str]


ELSEWHERE: Final = (
    Broken(what="says that it is another version", gate="version", env={"FAULT_VERSION": "1.1.9"}),
    Broken(what="lacks a path that is live", gate="contract.changes", env={"FAULT_REMOVED_PATH": "/models"}),
)
"""Refused on any cluster."""

MEASURED: Final = (
    Broken(what="answers 10 % with an error", gate="metrics.errors", env={"FAULT_ERROR_PERCENT": "10"}),
    Broken(what="takes 2.5 s", gate="metrics.p95", env={"FAULT_LATENCY_MS": "2500"}),
)
"""Refused where there is a Prometheus."""

LATE: Final = Broken(
    what="is well for its first 100 requests a pod",
    gate="bake",
    env={"FAULT_ERROR_PERCENT": "60", "FAULT_AFTER_REQUESTS": "100"},
)
"""Passes the gates, whose test traffic is some 30 requests a pod, and fails when it is live."""
