"""The version gate: every endpoint of the destination runs the declared version."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from teal.gates.registration import Asked, Gate, Question
from teal.model.colours import Colour
from teal.model.live import LivePod
from teal.model.verdict import Outcome, Verdict, judging, printable

GATE = Gate(
    name="version",
    questions=(
        Question(
            "`version`",
            "every ready endpoint",
            "each says that it is the declared version and colour",
        ),
        Question(
            "`version`, where `versionPath` is not set",
            "the API server, for the pod of every ready endpoint",
            (
                "each is labelled with the declared version and colour, was told to run the declared image, and all "
                "run the same one by its digest, which is the declared one where the stack names a digest"
            ),
        ),
    ),
    deadline_seconds=30.0,  # 10 s for each of three rounds, enough for a thousand endpoints
    always=True,
)

_SHOWN = 40  # characters of a pod's answer that are shown; a version has at most 63, and usually ten


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionPlan(Asked):
    """The version that pods are declared to have, and the path at which they report it."""

    entry: ClassVar[Gate] = GATE

    version: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImagePlan(Asked):
    """The image that pods are declared to run, where none of them can be asked for its version."""

    entry: ClassVar[Gate] = GATE

    version: str
    image: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one endpoint answered when it was asked directly."""

    endpoint: str
    """The name of the pod."""
    version: str | None = None
    colour: str | None = None
    error: str | None = None
    """Why there is no answer; None where there is one."""


def version(service: str, destination: Colour, declared: str, answers: Sequence[Answer], *, path: str = "") -> Verdict:
    """Judge whether every ready endpoint answers with the declared version and colour.

    All of them are asked, not a sample: one pod of an older ReplicaSet that still counts as ready is enough to serve
    the wrong release.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        declared: the version that the stack gives the destination.
        answers: the answers of all ready endpoints.
        path: the path at which they were asked, for the evidence.
    """
    verdict = judging(
        GATE.name,
        service,
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


def image(
    service: str, destination: Colour, plan: ImagePlan, ready: Collection[str], pods: Sequence[LivePod]
) -> Verdict:
    """Judge whether every ready endpoint is a pod of the declared release, by the API server's and the kubelet's word.

    A tag may lead to another image on each node, so all pods have to run the same one.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        plan: the image that its pods are declared to run.
        ready: the names of the pods behind its ready endpoints.
        pods: the service's pods in both colours.
    """
    verdict = judging(
        GATE.name,
        service,
        needed=f"image {plan.image} of version {plan.version} in every ready pod of {destination}",
        asked=f"the API server for the pods of {service}, and what their kubelets say that they run",
    )
    if not ready:
        return verdict(Outcome.INCONCLUSIVE, "no endpoint was there to ask about")
    found = {each.name: each for each in pods if each.name in ready}
    if gone := sorted(set(ready) - found.keys()):
        return verdict(Outcome.ERROR, f"{len(gone)} of {len(ready)} are gone since they were ready ({gone[0]})")
    wrong = Counter(
        f"version {each.version or 'none'} of colour {each.colour or 'none'} with image {each.image or 'none'}"
        for each in found.values()
        if (each.version, each.colour, each.image) != (plan.version, destination, plan.image)
    )
    if wrong:
        said = ", ".join(f"{count} of {len(found)} are {what}" for what, count in sorted(wrong.items()))
        return verdict(Outcome.FAILED, said)
    silent = sorted(name for name, each in found.items() if not each.image_id)
    if silent:
        return verdict(Outcome.ERROR, f"of {len(silent)} of {len(found)} no kubelet says what they run ({silent[0]})")
    digests = Counter(each.image_id.rpartition("@")[2] for each in found.values())
    declared = plan.image.partition("@")[2]
    if len(digests) > 1 or (declared and declared not in digests):
        said = ", ".join(f"{count} of {len(found)} run {digest}" for digest, count in sorted(digests.items()))
        return verdict(Outcome.FAILED, said)
    return verdict(Outcome.PASSED, f"{len(found)} of {len(found)} run {next(iter(digests))} as version {plan.version}")
