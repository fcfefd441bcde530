"""Autoscalers that go: with the pods of a colour that ends, or because the stack says how many pods there are."""

import json

import pytest

from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(400)

PODS = 4
"""More than the autoscaler's maximum in these stacks: it looks every 2 s here, and would take two of them away."""
LONG_SECONDS = 10
"""The least that an update takes after it has written the number, by `minReadySeconds`."""


def kinds(stack: Stack, name: str) -> set[str]:
    """Which of an autoscaler and a disruption budget there are for a colour."""
    found = json.loads(stack.kubectl("get", "hpa,pdb", "-o", "json"))["items"]
    return {each["kind"] for each in found if each["metadata"]["name"] == name}


def rests(stack: Stack) -> None:
    """The next preview has nothing to do, nor to delete."""
    stack.pulumi("preview", "--expect-no-changes", "--non-interactive")


def test_a_flip_that_is_undone_leaves_the_old_colour_its_autoscaler(stack: Stack) -> None:
    """The flip would have ended that colour, and deleted it: the update fails, and an engine then deletes nothing."""
    good = stack.config.read_text()
    stack.configure("services.backend.probePath", "/pricing")
    stack.configure("bake.seconds", "3")
    stack.configure("green.backend.env.FAULT_ERROR_PERCENT", "60")
    stack.up()
    stack.configure("blue.state", "stopped")
    assert stack.flip("green", check=False).returncode != 0
    assert (stack.history()[-1]["stage"], stack.live()) == ("REVERTED", "blue")
    assert kinds(stack, "backend-blue") == {"HorizontalPodAutoscaler", "PodDisruptionBudget"}
    stack.config.write_text(good)
    stack.up()


def test_a_flip_that_ends_the_old_colour_leaves_nothing_for_the_next_update(stack: Stack) -> None:
    """Its autoscaler, which had as many pods as it has to keep, goes with its pods."""
    stack.configure("blue.state", "stopped")
    stack.flip("green")
    assert stack.confirmed() == "green"
    assert kinds(stack, "backend-blue") == set()
    rests(stack)
    stack.configure("blue.state", "running")
    stack.up()
    stack.flip("blue")


def test_a_number_of_pods_is_not_undone_by_the_autoscaler_that_goes(stack: Stack) -> None:
    """In either colour: it asks for the same number until it goes with the next update."""
    stack.configure("services.backend.rollout.minReadySeconds", str(LONG_SECONDS))
    stack.write("services.backend.autoscaling", {"enabled": False})
    stack.configure("services.backend.replicas", str(PODS))
    for _ in range(2):
        stack.up()
        assert {colour: len(stack.pods(colour)) for colour in ("blue", "green")} == {"blue": PODS, "green": PODS}
    assert {name: kinds(stack, f"backend-{name}") for name in ("blue", "green")} == {
        "blue": {"PodDisruptionBudget"},
        "green": {"PodDisruptionBudget"},
    }
    rests(stack)
