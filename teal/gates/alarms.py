"""The alarms gate: nothing rings over the destination's targets."""

from collections.abc import Mapping

from teal.colours import Colour
from teal.verdict import Outcome, Verdict

RINGING = "ALARM"
QUIET = "OK"

Alarms = Mapping[str, str]
"""State of each alarm, by its name, in CloudWatch's words."""


def alarms(service: str, destination: Colour, states: Alarms) -> Verdict:
    """All alarms on the destination's target group are quiet; one without data is not quiet.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        states: of the alarms on its target group.
    """
    ringing = [name for name, state in sorted(states.items()) if state == RINGING]
    unsure = [f"{name} is {state}" for name, state in sorted(states.items()) if state not in {RINGING, QUIET}]
    outcome = Outcome.PASSED
    seen = f"{len(states)} alarms on the targets of {destination} are quiet"
    if ringing:
        outcome, seen = Outcome.FAILED, f"{', '.join(ringing)} ring" + ("s" if len(ringing) == 1 else "")
    elif unsure or not states:
        outcome, seen = Outcome.INCONCLUSIVE, ", ".join(unsure) or f"no alarm is on the targets of {destination}"
    return Verdict(
        gate="alarms",
        service=service,
        outcome=outcome,
        seen=seen,
        needed=f"every alarm on them {QUIET}",
        asked=f"cloudwatch for the alarms on the target group of {service} in {destination}",
    )
