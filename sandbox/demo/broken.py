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
    gate: str  # with its check, where it has several; it has to refuse, and no other, which would prove nothing of it
    seen: str = ""  # what its evidence has to name
    env: Mapping[str, str]


ELSEWHERE: Final = (
    Broken(
        what="says that it is another version", gate="version", seen="version 1.1.9", env={"FAULT_VERSION": "1.1.9"}
    ),
    Broken(
        what="lacks a path that is live",
        gate="contract.changes",
        seen="GET /models",
        env={"FAULT_REMOVED_PATH": "/models"},
    ),
)
"""Refused on any cluster."""

MEASURED: Final = (
    Broken(
        what="answers 10 % with an error",
        gate="metrics.errors",
        seen=" % on blue",
        env={"FAULT_ERROR_PERCENT": "10"},
    ),
    # Slow beside the live release, and quick enough that no other gate waits for its answers in vain.
    Broken(what="takes 0.6 s", gate="metrics.p95", seen=" s on blue", env={"FAULT_LATENCY_MS": "600"}),
)
"""Refused where there is a Prometheus."""

LATE: Final = Broken(
    what="is well for its first 220 requests a pod",
    gate="bake",
    env={"FAULT_ERROR_PERCENT": "60", "FAULT_AFTER_REQUESTS": "220"},
)
"""Passes the gates, whose test traffic is some 150 requests a pod (295 for two), and fails when it is live."""
