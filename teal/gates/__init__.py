"""The gates: pure decisions over measured evidence. Nothing here looks; `teal.measure` does.

Each module holds one kind of evidence and the gate that judges it:

    endpoints  capacity   ready endpoints against those of the live colour
    identity   version    what every endpoint says that it is
    replies    smoke      answers of the preview door
    documents  contract   OpenAPI documents, and what deprecated operations answer
    samples    metrics    what Prometheus has of both colours
    approvals  approval   a person's yes

A gate takes what was measured and returns a verdict. It never raises on what
was answered: an answer that makes no sense is a verdict too.
"""

from teal.gates.approvals import approval
from teal.gates.endpoints import capacity
from teal.gates.identity import Answer, version
from teal.gates.replies import smoke

__all__ = ["Answer", "approval", "capacity", "smoke", "version"]
