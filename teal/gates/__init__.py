"""The gates: pure decisions over measured evidence. They measure nothing; `teal.proof` does.

Each module holds one kind of evidence, the gate that judges it, and that gate's
entry (`GATE`), which tells the rest of teal everything about the gate:

    endpoints  capacity        ready endpoints against those of the live colour
    identity   version         the version and colour that every endpoint reports
    replies    smoke           answers of the preview door
    documents  contract        OpenAPI documents, and the answers of deprecated operations
    usage      sunset          the versions of an API that clients use, and both colours offer
    samples    metrics         what Prometheus has of both colours
    series     metrics.series  whether Prometheus has what the bake will ask for
    approvals  approval        a person's approval
    targets    targets         the targets that a load balancer finds healthy
    alarms     alarms          the alarms on a load balancer's targets

A gate takes what was measured and returns a verdict. It never raises because of an answer: one that makes no sense is a
verdict too.
"""

from collections.abc import Sequence

from teal.gates import alarms, approvals, documents, endpoints, identity, replies, samples, series, targets, usage
from teal.gates.approvals import approval
from teal.gates.endpoints import capacity
from teal.gates.identity import Answer, version
from teal.gates.registration import Gate, family
from teal.gates.replies import smoke

__all__ = ["GATES", "Answer", "approval", "capacity", "gate_of", "smoke", "version"]

GATES: Sequence[Gate] = tuple(
    each.GATE for each in (endpoints, identity, replies, documents, usage, samples, series, approvals, targets, alarms)
)
"""All gates, in the order of the page that describes them."""


def gate_of(verdict: str) -> Gate | None:
    """Return the gate that gives the verdict of this name; None where no gate does."""
    by_name = {each.name: each for each in GATES}
    return by_name.get(verdict) or by_name.get(family(verdict))
