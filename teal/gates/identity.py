"""The version gate: what every endpoint of the destination says that it is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from teal.colours import Colour
from teal.verdict import Outcome, Verdict, printable

_SHOWN = 40  # characters of what a pod says: a version has at most 63, and usually ten


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one endpoint said of itself when it was asked directly."""

    endpoint: str
    """Name of the pod."""
    version: str | None = None
    colour: str | None = None
    error: str | None = None
    """Why there is no answer, if there is none."""


def version(service: str, destination: Colour, declared: str, answers: Sequence[Answer], *, path: str = "") -> Verdict:
    """Every ready endpoint answers with the version and the colour that were declared.

    All of them are asked, not a sample: one pod of an older ReplicaSet that
    still counts as ready is enough to serve the wrong release.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        declared: the version that the stack gives the destination.
        answers: of every ready endpoint.
        path: where they were asked, for the evidence.
    """

    def verdict(outcome: Outcome, seen: str) -> Verdict:
        return Verdict(
            gate="version",
            service=service,
            outcome=outcome,
            seen=seen,
            needed=f"version {declared} from every ready endpoint of {destination}",
            asked=f"every ready endpoint of {service}-{destination} for {path}, through the API server",
        )

    if not answers:
        return verdict(Outcome.INCONCLUSIVE, "no endpoint was there to ask")
    wrong = Counter(
        f"version {printable(answer.version or 'none', _SHOWN)} of colour {printable(answer.colour or 'none', _SHOWN)}"
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
