"""A stack in the middle of a flip, and flips that have ended, as they are shown."""

from datetime import UTC, datetime

from teal_infra.looking.view import Look

from teal.history.model import Flip, Stage
from teal.model.colours import Colour
from teal.model.verdict import Outcome
from teal.status.look import Pods, Status
from teal.status.requests import Rate, Requests
from tests.unit.teal.notifications.flips import PLAN, flip, verdict

NOW = datetime(2026, 1, 1, 0, 0, 20, tzinfo=UTC)

MOVED = {
    "plan": PLAN.model_copy(update={"seconds": 30}),
    "bake_began_at": "2026-01-01T00:00:03.000+00:00",
}

BAKING = flip(Stage.BAKING, 8, **MOVED)

REVERTED = flip(
    Stage.REVERTED,
    7,
    **MOVED,
    decided_at="2026-01-01T00:00:15.000+00:00",
    ended="2026-01-01T00:00:16+00:00",
    reason="12 % of its answers failed.",
    verdicts=(
        verdict(),
        verdict("smoke.checkout", Outcome.INCONCLUSIVE, "<script>alert(1)</script>"),
        verdict("bake", Outcome.FAILED, "12 % (3 of 25) of the front door's answers failed"),
    ),
    thinned=2,
    skipped={"contract": "INC-1"},
)


def look(*flips: Flip, live: Colour = Colour.GREEN, release: str = "a") -> Look:
    """Of the namespace shop, whose traffic goes to a colour; each has two pods."""
    known = flips or (REVERTED, BAKING)
    pods = {each: Pods(version=version, wanted=2, ready=2, release=release) for each, version in VERSIONS.items()}
    status = Status(
        live={"backend": str({str(live): "90", str(live.other): "10"})},
        leading={"backend": live},
        weights={"backend": {live: 90, live.other: 10}},
        confirmed=Colour.BLUE,
        at_rest=not known[-1].stage.open,
        last=known[-1],
        colours={each: {"backend": found} for each, found in pods.items()},
        history=known,
    )
    rates = {Colour.BLUE: Rate(), Colour.GREEN: Rate(per_second=93.25, failed=0.0125)}
    return Look(
        namespace="shop",
        at=NOW,
        status=status,
        requests=Requests(services={"backend": rates}),
        progress=("capacity of backend PASSED: green has 2 ready endpoints; needed: 2",),
        trend=({Colour.BLUE: 10.0, Colour.GREEN: 0.0}, {Colour.BLUE: 0.0, Colour.GREEN: 20.0}),
    )


VERSIONS = {Colour.BLUE: "1.0.0", Colour.GREEN: "1.1.0"}
