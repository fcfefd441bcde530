"""The alarms gate: no alarm rings on the destination's targets."""

from collections.abc import Mapping

from teal.gates.registration import Gate, Question
from teal.model.colours import Colour
from teal.model.routes import RouterKind
from teal.model.verdict import Outcome, Verdict

GATE = Gate(
    name="alarms",
    questions=(
        Question(
            "`alarms`, behind a load balancer",
            "CloudWatch, for the alarms on the destination's target group",
            "every one is `OK`, and there is one. Undecided ones are waited for, 150 s",
        ),
    ),
    deadline_seconds=180.0,  # CloudWatch evaluates alarms once a minute, and a new alarm has no state yet
    router=RouterKind.ALB,
    remedy="aws cloudwatch describe-alarms --alarm-name-prefix {service}-{destination}-",
)

RINGING = "ALARM"
QUIET = "OK"

Alarms = Mapping[str, str]
"""The state of each alarm, by its name, in CloudWatch's words."""


def alarms(service: str, destination: Colour, states: Alarms) -> Verdict:
    """Judge whether all alarms on the destination's target group are quiet; one without data is not quiet.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        states: the alarms on its target group, with their states.
    """
    ringing = [name for name, state in sorted(states.items()) if state == RINGING]
    unsure = [f"{name} is {state}" for name, state in sorted(states.items()) if state not in {RINGING, QUIET}]
    outcome = Outcome.PASSED
    seen = f"{len(states)} alarms on the targets of {destination} are quiet"
    if ringing:
        outcome, seen = Outcome.FAILED, f"{', '.join(ringing)} {'rings' if len(ringing) == 1 else 'ring'}"
    elif unsure or not states:
        outcome, seen = Outcome.INCONCLUSIVE, ", ".join(unsure) or f"no alarm is on the targets of {destination}"
    return Verdict(
        gate=GATE.name,
        service=service,
        outcome=outcome,
        seen=seen,
        needed=f"every alarm on them {QUIET}",
        asked=f"cloudwatch for the alarms on the target group of {service} in {destination}",
    )
