"""The policy pack judges the program on a real cluster, and what it refuses is not made."""

import json
from pathlib import Path

import pytest

from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.shared, pytest.mark.timeout(300)]

PACK = ("--policy-pack", "policies")
_UP = ("up", "--yes", "--non-interactive")


def test_the_stack_passes_in_every_preview(stack: Stack) -> None:
    """As it is, and for a flip; nobody writes anything."""
    before = stack.versions()
    assert "mandatory" not in stack.pulumi("preview", *PACK).stdout
    stack.configure("activeColour", "green")
    flip = stack.pulumi("preview", *PACK)
    stack.configure("activeColour", "blue")
    assert "mandatory" not in flip.stdout
    assert stack.versions() == before


def test_what_is_refused_is_not_made(stack: Stack) -> None:
    """In a preview and in an update alike: the policy by name, what was seen, what is needed, what to do."""
    before = stack.versions()
    stack.configure("services.backend.disruption.maxUnavailable", "2")
    stack.configure("services.backend.shutdown.gracePeriodSeconds", "31")
    preview, up = stack.pulumi("preview", *PACK, check=False), stack.pulumi(*_UP, *PACK, check=False)
    stack.pulumi("config", "rm", "--path", "teal:services.backend.disruption")
    stack.pulumi("config", "rm", "--path", "teal:services.backend.shutdown.gracePeriodSeconds")
    for done in (preview, up):
        assert done.returncode != 0, done.stdout
        assert "pods-are-guarded" in done.stdout
        assert "terminationGracePeriodSeconds 31; needed: at least 45 (graceSeconds). Next: raise" in done.stdout
    assert "PodDisruptionBudget backend-blue-budget: maxUnavailable 2; needed: at most 1" in preview.stdout
    assert stack.versions() == before


def test_what_is_unsafe_is_refused_by_program_and_pack(stack: Stack) -> None:
    """A preview shows both, and each says why."""
    before = stack.versions()
    stack.configure("activeColour", "green")
    stack.configure("blue.backend.env.LOG_LEVEL", "debug")
    preview = stack.pulumi("preview", *PACK, check=False)
    stack.configure("activeColour", "blue")
    stack.pulumi("config", "rm", "--path", "teal:blue.backend.env")
    assert preview.returncode != 0, preview.stdout
    for said in ("plan-is-safe", "one-move-at-a-time", "refused before anything was touched"):
        assert said in preview.stdout
    assert (
        "live colour blue: env would change, and traffic would move to green; needed: one of the two" in preview.stdout
    )
    assert stack.versions() == before


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (60, "terminationGracePeriodSeconds 45; needed: at least 60 (graceSeconds)"),
        ("all", "graceSeconds: Invalid type. Expected: number, given: string"),
    ],
)
def test_bounds_are_the_configs_to_set(stack: Stack, tmp_path: Path, seconds: object, said: str) -> None:
    """Tighter ones refuse what passes without them; one of another type is no bound, and the engine says so."""
    bounds = tmp_path / "policies.json"
    bounds.write_text(json.dumps({"pods-are-guarded": {"graceSeconds": seconds}}))
    done = stack.pulumi("preview", *PACK, "--policy-pack-config", str(bounds), check=False)
    assert done.returncode != 0, done.stdout
    assert said in done.stdout
