"""A flip at its stages, as records have it."""

from teal.history.model import Flip, Stage
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.spec.bake import BakePlan, ServiceBake

BEGUN = "2026-01-01T00:00:00+00:00"

PLAN = BakePlan(
    services={"backend": ServiceBake(path="/"), "frontend": ServiceBake(path="/")},
    seconds=0,
    error_percent=5,
    samples=0,
    window=10,
)


def verdict(gate: str = "capacity", outcome: Outcome = Outcome.PASSED, seen: str = "2 of 2") -> Verdict:
    """One of the backend's."""
    return Verdict(gate=gate, service="backend", outcome=outcome, seen=seen, needed="2")


def flip(stage: Stage = Stage.PROVEN, number: int = 7, **more: object) -> Flip:
    """From blue 1.0.0 to green 1.1.0, proven."""
    known = Flip(
        number=number,
        origin=Colour.BLUE,
        to=Colour.GREEN,
        origin_version="1.0.0",
        version="1.1.0",
        by="somebody@example",
        begun=BEGUN,
        stage=stage,
        plan=PLAN,
        allowed_at="2026-01-01T00:00:01.000+00:00",
        verdicts=(verdict(),),
    )
    return known.model_copy(update=more)
