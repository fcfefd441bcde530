"""The capacity gate: ready endpoints of the destination against what serves now."""

from teal.colours import Colour
from teal.verdict import Outcome, Verdict


def needed(*, live_ready: int, live_wanted: int) -> int:
    """Ready endpoints that a destination has to have.

    At least one even where the live colour has none left: moving from nothing
    to nothing helps nobody.
    """
    return max(1, live_ready, live_wanted)


def capacity(  # noqa: PLR0913 - six numbers and names, each measured on its own
    service: str, destination: Colour, *, ready: int, live: Colour | None, live_ready: int, live_wanted: int = 0
) -> Verdict:
    """Ready endpoints of the destination against those that serve now, and those that the traffic asks for.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        ready: ready endpoints (not pods: what a router would use) of the destination.
        live: the colour that serves now; None where none does.
        live_ready: ready endpoints of the live colour.
        live_wanted: pods that the live colour's autoscaler has in mind; 0 where it has none. A colour that is
            just being scaled up needs them, whatever it has so far.
    """
    need = needed(live_ready=live_ready, live_wanted=live_wanted)
    if live is None or need > max(live_ready, live_wanted):
        why = "at least one"
    else:
        why = f"what {live} has" if live_ready == need else f"what the autoscaler of {live} asks for"
    return Verdict(
        gate="capacity",
        service=service,
        outcome=Outcome.PASSED if ready >= need else Outcome.FAILED,
        seen=f"{destination} has {ready} ready endpoint{'' if ready == 1 else 's'}",
        needed=f"{need} ({why})",
        asked=f"the API server for the EndpointSlices of {service} in both colours, and for the live autoscaler",
    )
