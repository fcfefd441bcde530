"""The gates: pure decisions over measured evidence. Nothing here looks; `teal.flip` does.

A gate takes what was measured and returns a verdict. It never raises on what a
cluster answered: an answer that makes no sense is a verdict too.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from teal.colours import Colour
from teal.verdict import Outcome, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one endpoint said of itself when it was asked directly."""

    endpoint: str
    """Name of the pod."""
    version: str | None = None
    colour: str | None = None
    error: str | None = None
    """Why there is no answer, if there is none."""


def capacity(service: str, destination: Colour, *, ready: int, live: Colour | None, live_ready: int) -> Verdict:
    """Ready endpoints of the destination against those that serve now.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        ready: ready endpoints (not pods: what a router would use) of the destination.
        live: the colour that serves now; None where none does.
        live_ready: ready endpoints of the live colour.

    At least one is needed even where the live colour has none left: moving
    from nothing to nothing helps nobody.
    """
    need = max(1, live_ready)
    why = f"what {live} has" if live is not None and live_ready else "at least one"
    return Verdict(
        gate="capacity",
        service=service,
        outcome=Outcome.PASSED if ready >= need else Outcome.FAILED,
        seen=f"{destination} has {ready} ready endpoint{'' if ready == 1 else 's'}",
        needed=f"{need} ({why})",
    )


def version(service: str, destination: Colour, declared: str, answers: Sequence[Answer]) -> Verdict:
    """Every ready endpoint answers with the version and the colour that were declared.

    All of them are asked, not a sample: one pod of an older ReplicaSet that
    still counts as ready is enough to serve the wrong release.
    """

    def verdict(outcome: Outcome, seen: str) -> Verdict:
        needed = f"version {declared} from every ready endpoint of {destination}"
        return Verdict(gate="version", service=service, outcome=outcome, seen=seen, needed=needed)

    if not answers:
        return verdict(Outcome.INCONCLUSIVE, "no endpoint was there to ask")
    wrong = Counter(
        f"version {answer.version or 'none'} of colour {answer.colour or 'none'}"
        for answer in answers
        if answer.error is None and (answer.version, answer.colour) != (declared, destination)
    )
    if wrong:
        return verdict(
            Outcome.FAILED,
            ", ".join(f"{count} of {len(answers)} answered {what}" for what, count in sorted(wrong.items())),
        )
    silent = [answer for answer in answers if answer.error is not None]
    if silent:
        first = silent[0]
        return verdict(
            Outcome.ERROR, f"{len(silent)} of {len(answers)} could not be asked ({first.endpoint}: {first.error})"
        )
    return verdict(Outcome.PASSED, f"{len(answers)} of {len(answers)} answered version {declared}")
