"""Somebody else patches the active Service with kubectl, around a flip: seen, named, never confirmed.

Under kubectl's own field manager: what that owns, Pulumi's provider takes over in silence.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(300)


def patch(stack: Stack, colour: str) -> None:
    """As anybody does it by hand."""
    stack.kubectl("patch", "service", "backend", "-p", json.dumps({"spec": {"selector": {"teal/colour": colour}}}))


@pytest.fixture(autouse=True)
def _rest(stack: Stack) -> Iterator[None]:
    """Blue live, by the same hand where it was moved by that."""
    yield
    patch(stack, "blue")
    stack.pulumi("config", "rm", "--path", "teal:services.backend.gates", check=False)
    stack.rest()


def test_somebody_who_writes_while_the_gates_look_is_not_overwritten(stack: Stack, tmp_path: Path) -> None:
    """Traffic is read once more right before the write, and stays where the other one sent it."""
    stack.configure("services.backend.gates.smoke.requests.slow.path", "/pricing")
    stack.configure("services.backend.gates.smoke.requests.slow.withinSeconds", "10")
    stack.configure("green.backend.env.FAULT_LATENCY_MS", "4000")
    stack.up()
    stack.configure("activeColour", "green")
    up = stack.start_up(tmp_path / "up.log")
    stack.await_line(tmp_path / "up.log", "proving green")
    patch(stack, "red")
    assert up.wait(120) != 0
    assert stack.live() == "red"
    assert "written by 'kubectl-patch', while the gates looked" in (tmp_path / "up.log").read_text()
    assert stack.history()[-1]["stage"] == "REFUSED"


@pytest.mark.parametrize("colour", ["blue", "red"])
def test_a_selector_that_is_patched_during_the_bake_ends_it(stack: Stack, tmp_path: Path, colour: str) -> None:
    """At once; what the other one wrote is left as it is, and green is not confirmed."""
    stack.configure("bake.seconds", "120")
    before = max((each["number"] for each in stack.history()), default=0)
    stack.configure("activeColour", "green")
    up = stack.start_up(tmp_path / "up.log")
    stack.await_stage("BAKING", after=before)
    patch(stack, colour)
    assert up.wait(60) != 0
    assert (stack.live(), stack.confirmed()) == (colour, "blue")
    said = (tmp_path / "up.log").read_text()
    assert "OVERTAKEN" in said
    assert "written by 'kubectl-patch'" in said
    assert stack.history()[-1]["stage"] == "OVERTAKEN"


def test_a_patch_around_the_write_is_named(stack: Stack, tmp_path: Path) -> None:
    """Patched all the time: one falls between the last look and the engine's write, or before that look.

    Or between the provider's own look and its write: then the API server refuses that, and names the other one.
    """
    stack.configure("activeColour", "green")
    up = stack.start_up(tmp_path / "up.log")
    stack.await_line(tmp_path / "up.log", "proving green")
    while up.poll() is None:
        patch(stack, "red")
        patch(stack, "blue")
    said = (tmp_path / "up.log").read_text()
    assert up.returncode != 0
    assert "written by 'kubectl-patch'" in said or 'conflict with "kubectl-patch"' in said
    assert stack.confirmed() == "blue"
