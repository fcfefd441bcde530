"""Version: every endpoint is what was declared."""

from typing import Any

import pytest

from teal import gates
from teal.gates import Answer, identity
from teal.model.colours import Colour
from teal.model.live import LivePod
from teal.model.verdict import Outcome

GREEN = Colour.GREEN
IMAGE = "registry.example/shop:1.1.0"
DIGEST = "sha256:1"
PINNED = f"registry.example/shop@{DIGEST}"
RIGHT = Answer(endpoint="a", version="1.1.0", colour="green")


@pytest.mark.parametrize(
    ("answers", "outcome", "seen"),
    [
        ([RIGHT, RIGHT], Outcome.PASSED, "2 of 2 answered version 1.1.0"),
        (
            [RIGHT, Answer(endpoint="b", version="1.0.0", colour="green")],
            Outcome.FAILED,
            "1 of 2 answered version 1.0.0",
        ),
        ([Answer(endpoint="b", version="1.1.0", colour="blue")], Outcome.FAILED, "of colour blue"),
        ([Answer(endpoint="b", version="", colour="green")], Outcome.FAILED, "version none"),
        ([RIGHT, Answer(endpoint="b", error="timed out")], Outcome.ERROR, "1 of 2 could not be asked (b: timed out)"),
        (
            [Answer(endpoint="b", version="0", colour="green"), Answer(endpoint="c", error="x")],
            Outcome.FAILED,
            "version 0",
        ),
        ([], Outcome.INCONCLUSIVE, "no endpoint"),
    ],
)
def test_version_needs_every_endpoint_to_answer_as_declared(answers: list[Answer], outcome: Outcome, seen: str) -> None:
    """One endpoint with another version, colour or no answer is enough not to pass."""
    verdict = gates.version("backend", GREEN, "1.1.0", answers)
    assert verdict.outcome is outcome
    assert seen in verdict.seen


def test_what_a_pod_says_fills_no_screen() -> None:
    """A version of a thousand characters is cut, and the rest of the evidence stays."""
    long = Answer(endpoint="b", version="x" * 1000, colour="green")
    assert "of colour green" in gates.version("backend", GREEN, "1.1.0", [long]).seen


def pod(name: str = "a", **other: Any) -> LivePod:  # noqa: ANN401 - fields of a pod
    """A pod as it has to be, but for what is given."""
    right: dict[str, Any] = {
        "colour": GREEN,
        "version": "1.1.0",
        "image": IMAGE,
        "image_id": f"registry.example/shop@{DIGEST}",
    }
    return LivePod(name=name, **{**right, **other})


@pytest.mark.parametrize(
    ("pods", "ready", "image", "outcome", "seen"),
    [
        ([pod(), pod("b")], "ab", IMAGE, Outcome.PASSED, f"2 of 2 run {DIGEST} as version 1.1.0"),
        ([pod(), pod("b", image="old")], "ab", IMAGE, Outcome.FAILED, "1 of 2 are version 1.1.0 of colour green with"),
        ([pod(), pod("b", version="1.0.0")], "ab", IMAGE, Outcome.FAILED, "1 of 2 are version 1.0.0"),
        ([pod(), pod("b", colour=GREEN.other)], "ab", IMAGE, Outcome.FAILED, "of colour blue"),
        ([pod(), pod("b", image="old")], "a", IMAGE, Outcome.PASSED, "1 of 1 run"),
        ([pod(), pod("b", image_id="x@sha256:2")], "ab", IMAGE, Outcome.FAILED, "1 of 2 run sha256:2"),
        ([pod(image_id=DIGEST)], "a", IMAGE, Outcome.PASSED, f"1 of 1 run {DIGEST}"),
        ([pod(image=PINNED)], "a", PINNED, Outcome.PASSED, f"1 of 1 run {DIGEST}"),
        ([pod(image=PINNED, image_id="x@sha256:2")], "a", PINNED, Outcome.FAILED, "1 of 1 run sha256:2"),
        ([pod(image_id="")], "a", IMAGE, Outcome.ERROR, "of 1 of 1 no kubelet says what they run (a)"),
        ([pod()], "ab", IMAGE, Outcome.ERROR, "1 of 2 are gone since they were ready (b)"),
        ([pod()], "", IMAGE, Outcome.INCONCLUSIVE, "no endpoint was there"),
    ],
)
def test_pods_that_cannot_be_asked_are_known_by_their_image(
    pods: list[LivePod], ready: str, image: str, outcome: Outcome, seen: str
) -> None:
    """Every ready one is labelled, told and running as declared; under a tag, all run the same image."""
    verdict = identity.image("backend", GREEN, identity.ImagePlan(version="1.1.0", image=image), set(ready), pods)
    assert verdict.outcome is outcome
    assert seen in verdict.seen
