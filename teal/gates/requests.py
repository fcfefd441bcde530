"""The requests gate: there were enough requests for the other numbers of Prometheus to mean something."""

from collections.abc import Sequence

from teal.gates.samples import REQUESTS, Lack, MetricsPlan, Queried, number
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict


def enough(service: str, colours: Sequence[Colour], *, plan: MetricsPlan, counts: Queried, sent: str = "") -> Verdict:
    """Judge whether there were enough requests for the other numbers to mean something.

    Args:
        service: the service's name.
        colours: the colours that need them: the destination first, and live where it is compared with live.
        plan: how many each needs, and in which window.
        counts: the requests in the window, by colour.
        sent: the test traffic that was sent, in words; empty where none was.
    """
    counted = {colour: number(counts, colour) for colour in colours}
    errors = [each for each in counted.values() if isinstance(each, Lack) and each.outcome is Outcome.ERROR]
    if errors:
        outcome, seen = Outcome.ERROR, errors[0].why
    else:
        # Prometheus has no series of a colour that nobody asked: that is 0 requests, not an unknown number.
        have = {colour: 0.0 if isinstance(each, Lack) else each for colour, each in counted.items()}
        outcome = Outcome.PASSED if all(each >= plan.samples for each in have.values()) else Outcome.INCONCLUSIVE
        seen = ", ".join(f"{each:.0f} requests to {colour}" for colour, each in have.items())
    return Verdict(
        gate=REQUESTS,
        service=service,
        outcome=outcome,
        seen=seen + (f" ({sent})" if sent else ""),
        needed=f"{plan.samples} to {' and to '.join(colours)} within {plan.window}",
        asked="Prometheus for the requests by colour",
    )
