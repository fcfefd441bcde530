"""The sandbox's load balancer tells the truth about flips: what loses requests on AWS loses them here."""

import json
import subprocess
import sys
from typing import Any

import pytest

from sandbox.aws.ready import await_ready
from sandbox.cluster.environment import WORK_TREE, Sandbox

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(400)]


def _rehearse(sandbox: Sandbox, scenario: str) -> dict[str, Any]:
    await_ready(sandbox)  # a start does not wait for it
    command = sandbox.command([sys.executable, "-m", "tests.sandbox.aws.rehearsal", scenario])
    done = subprocess.run(command, env=sandbox.environ(), cwd=WORK_TREE, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_binding_registers_pods_and_answers_for_their_readiness(sandbox: Sandbox) -> None:
    """A pod is not ready before its target is healthy; one that goes drains; a binding that goes takes all along."""
    found = _rehearse(sandbox, "bound")
    assert found == {
        "registered": ["healthy"] * 2,
        "answering": "blue",
        "gates": ["True"] * 2,
        "ready_while_initial": "2",
        "grown": ["healthy"] * 3,
        "shrunk": ["draining"] * 3,
    }


@pytest.mark.alone
def test_flips_with_both_colours_running_lose_nothing(sandbox: Sandbox) -> None:
    """However late the rule change arrives, and while pods of the idle colour are deleted; late ones are seen late."""
    found = _rehearse(sandbox, "flips")
    assert found["lost"] == 0, found
    assert found["requests"] > 1000
    late = [moved for number, moved in enumerate(found["moved_s"]) if number % 4 == 2]
    assert all(moved >= 2.9 for moved in late), found["moved_s"]
    assert min(found["moved_s"]) < 1


def test_retiring_the_old_colour_before_a_late_rule_change_loses_requests(sandbox: Sandbox) -> None:
    """And after it, none: only waiting protects."""
    found = _rehearse(sandbox, "retired")
    assert found["settled"]["lost"] == 0, found
    assert found["at_once"]["lost"] > 10, found
    assert found["at_once"]["statuses"].get("503", 0) > 0
