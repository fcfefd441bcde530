"""The gates: pure decisions over measured evidence. Nothing here looks; `teal.proof` does.

Each module holds one kind of evidence, the gate that judges it, and that gate's
entry (`GATE`), which says all that the rest of teal has to know of it:

    endpoints  capacity        ready endpoints against those of the live colour
    identity   version         what every endpoint says that it is
    replies    smoke           answers of the preview door
    documents  contract        OpenAPI documents, and what deprecated operations answer
    samples    metrics         what Prometheus has of both colours
    series     metrics.series  whether Prometheus has what the bake will ask for
    approvals  approval        a person's yes
    targets    targets         what a load balancer calls healthy
    alarms     alarms          what rings over a load balancer's targets

A gate takes what was measured and returns a verdict. It never raises on what
was answered: an answer that makes no sense is a verdict too.
"""

from collections.abc import Sequence

from teal.gates import alarms, approvals, documents, endpoints, identity, replies, samples, series, targets
from teal.gates.approvals import approval
from teal.gates.endpoints import capacity
from teal.gates.identity import Answer, version
from teal.gates.registration import Gate, family
from teal.gates.replies import smoke

__all__ = ["GATES", "Answer", "approval", "capacity", "gate_of", "smoke", "version"]

GATES: Sequence[Gate] = tuple(
    each.GATE for each in (endpoints, identity, replies, documents, samples, series, approvals, targets, alarms)
)
"""All that there are, in the order of the page that describes them."""


def gate_of(verdict: str) -> Gate | None:
    """The gate that a verdict is of, by the verdict's name; None where no gate has such verdicts."""
    by_name = {each.name: each for each in GATES}
    return by_name.get(verdict) or by_name.get(family(verdict))
