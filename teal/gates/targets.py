"""The targets gate: the load balancer finds as many targets of the destination healthy as of the live colour."""

import math
from collections.abc import Mapping

from teal.gates.registration import Gate, Question
from teal.model.colours import Colour
from teal.model.routes import RouterKind
from teal.model.verdict import Outcome, Verdict

GATE = Gate(
    name="targets",
    questions=(
        Question(
            "`targets`, behind a load balancer",
            "AWS, for the health of the targets of both colours",
            "as many *healthy* targets as live has; at least one. `initial` ones are waited for, 120 s",
        ),
    ),
    deadline_seconds=180.0,  # a load balancer's health checks take a minute, and its alarms are evaluated once a minute
    router=RouterKind.ALB,
    remedy="kubectl -n {namespace} describe targetgroupbindings -l {label}={destination}",
)

HEALTHY = "healthy"
COMING = "initial"
"""The state of a target whose health checks have begun and not decided. A registered target is not yet healthy."""

States = Mapping[str, int]
"""How many registered targets are in each state, in the load balancer's words."""


def needed(there: States, *, share: int = 100, carried: int | None = None) -> int:
    """Return how many healthy targets a colour has to have, at least one.

    Args:
        there: the targets of the colour that serves now.
        share: how much of its traffic is to move, in percent.
        carried: the targets that carried the same traffic a moment ago; the live colour may have scaled out since.
    """
    present = math.ceil(there.get(HEALTHY, 0) * share / 100)
    return max(1, present if carried is None else min(present, carried))


def targets(service: str, destination: Colour, *, here: States, need: int) -> Verdict:
    """Judge the healthy targets of the destination's group against those that are needed.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        here: the targets of its group.
        need: how many healthy ones it has to have.
    """
    healthy = here.get(HEALTHY, 0)
    others = ", ".join(f"{number} {state}" for state, number in sorted(here.items()) if state != HEALTHY and number)
    return Verdict(
        gate=GATE.name,
        service=service,
        outcome=Outcome.PASSED if healthy >= need else Outcome.FAILED,
        seen=f"{destination} has {healthy} healthy target{'' if healthy == 1 else 's'}"
        + (f" ({others})" if others else ""),
        needed=f"{need} healthy",
        asked=f"elasticloadbalancing for the health of the targets of {service} in both colours",
    )
