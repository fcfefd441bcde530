"""What is not proven does not move."""

import json

import pytest

from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.shared, pytest.mark.timeout(300)]


def refused(stack: Stack, *said: str) -> None:
    """Flip to green and see it refused, with these words, and nothing written."""
    before = stack.versions()
    done = stack.flip("green", check=False)
    stack.configure("activeColour", "blue")
    assert done.returncode != 0, done.stdout
    for words in said:
        assert words in done.stdout
    assert stack.versions() == before
    assert stack.live() == "blue"


def test_too_little_capacity_is_refused(stack: Stack) -> None:
    """With no ready green endpoint nothing moves, and the message says how many there are and what is needed."""
    stack.kubectl("scale", "deployment/backend-green", "--replicas=0")
    stack.kubectl("wait", "--for=delete", "pod", "-l", "teal/colour=green", "--timeout=60s")
    try:
        refused(stack, "capacity of backend FAILED: green has 0 ready endpoints; needed: 2", "Nothing moved")
    finally:
        stack.kubectl("scale", "deployment/backend-green", "--replicas=2")
        stack.kubectl("rollout", "status", "deployment/backend-green", "--timeout=60s")


def test_a_version_that_is_not_the_declared_one_is_refused(stack: Stack) -> None:
    """Pods that are ready and answer another version than the slot declares keep live traffic where it is."""
    stack.configure("green.backend.env.FAULT_VERSION", "0.9.9")
    stack.up()
    refused(stack, "version of backend FAILED: 2 of 2 answered version 0.9.9", "needed: version 1.1.0")
    stack.pulumi("config", "rm", "--path", "teal:green.backend.env.FAULT_VERSION")
    stack.up()


def test_a_foreign_writer_is_refused_by_name(stack: Stack) -> None:
    """A selector that somebody else patched is neither overwritten nor followed."""
    patch = '{"spec":{"selector":{"teal/colour":"green"}}}'
    stack.kubectl("patch", "service", "backend", "--field-manager=somebody", "-p", patch)
    before = stack.versions()
    done = stack.up(check=False)
    assert done.returncode != 0
    assert "'somebody' wrote that" in done.stdout
    assert stack.versions() == before
    back = '{"spec":{"selector":{"teal/colour":"blue"}}}'
    stack.kubectl("patch", "service", "backend", "--field-manager=somebody", "-p", back)
    stack.up()


def test_a_slot_that_never_becomes_ready_fails_before_it_can_be_flipped_to(stack: Stack) -> None:
    """PREPARE of a broken slot fails with what is wrong; live traffic is as it was."""
    stack.configure("services.backend.progressDeadlineSeconds", "20")
    stack.configure("green.backend.env.FAULT_NEVER_READY", "true")
    done = stack.up(check=False)
    assert done.returncode != 0
    assert "backend-green" in done.stdout
    assert stack.live() == "blue"
    stack.pulumi("config", "rm", "--path", "teal:green.backend.env.FAULT_NEVER_READY")
    stack.configure("services.backend.progressDeadlineSeconds", "45")
    stack.up()


def test_a_change_of_both_colours_is_awaited_in_both(stack: Stack) -> None:
    """Pulumi's provider waits for the first Deployment that an update writes, and for no second one."""
    stack.configure("blue.backend.env.GREETING", "hello")
    stack.configure("services.backend.progressDeadlineSeconds", "20")
    stack.configure("green.backend.env.FAULT_NEVER_READY", "true")
    blue = stack.uids("blue")
    done = stack.up(check=False)
    assert done.returncode != 0
    said = ("the rollout of backend-green is not complete: ", 'backend-green" failed to fully initialize')
    assert any(each in done.stdout for each in said), done.stdout  # whoever of the two noticed it first
    assert not stack.uids("blue") & blue
    assert stack.live() == "blue"
    again = stack.up(check=False)
    assert again.returncode != 0, "an update that has nothing to write is no success while the rollout is not complete"
    assert any(each in again.stdout for each in said), again.stdout

    stack.configure("blue.backend.env.GREETING", "hello again")
    stack.pulumi("config", "rm", "--path", "teal:green.backend.env.FAULT_NEVER_READY")
    stack.configure("services.backend.progressDeadlineSeconds", "45")
    stack.up()
    for colour in ("blue", "green"):  # it returns at once where nothing is left to do
        assert "successfully rolled out" in stack.kubectl(
            "rollout", "status", f"deployment/backend-{colour}", "--watch=false"
        )


def test_no_flip_begins_while_a_pod_is_not_replaced_yet(stack: Stack) -> None:
    """Somebody's rollout of the same version does not end: the pods of before are ready, and answer as declared."""
    patch = {"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/arch": "none"}}}}}
    stack.kubectl("patch", "deployment", "backend-green", "-p", json.dumps(patch))
    try:
        refused(stack, "capacity of backend FAILED", "that its last rollout has not replaced yet")
    finally:
        stack.kubectl("rollout", "undo", "deployment/backend-green")
        stack.kubectl("rollout", "status", "deployment/backend-green", "--timeout=60s")


def test_no_flip_begins_to_pods_that_somebody_gave_another_image(stack: Stack) -> None:
    """They are told the declared version, and answer with it: no gate would know. The refusal's command mends it."""
    set_image = ("set", "image", "deployment/backend-green")
    stack.kubectl(*set_image, "backend=localhost/teal/other:1")
    mend = "backend=localhost/teal/pricing:1.1.0"
    try:
        refused(
            stack, "pods of green of backend run localhost/teal/other:1, which '", f"{' '.join(set_image)} {mend}, then"
        )
    finally:
        stack.kubectl(*set_image, mend)
        stack.kubectl("rollout", "status", "deployment/backend-green", "--timeout=60s")


def test_a_refused_release_is_stopped_where_the_stack_asks_for_that(stack: Stack) -> None:
    """With the next update that leaves it idle; mended, it runs again."""
    stack.configure("onRefusal", "stop")
    stack.configure("green.backend.env.FAULT_VERSION", "0.9.8")
    stack.up()
    refused(stack, "version of backend FAILED")
    preview = stack.pulumi("preview", "--non-interactive")
    assert "green 1.1.0 is stopped (teal:onRefusal): flip" in preview.stdout
    stack.up()
    stack.kubectl("wait", "--for=delete", "pod", "-l", "teal/colour=green", "--timeout=60s")
    assert stack.live() == stack.confirmed() == "blue"
    stack.pulumi("config", "rm", "--path", "teal:green.backend.env.FAULT_VERSION")
    stack.up()
    stack.flip("green")
    stack.flip("blue")
    stack.pulumi("config", "rm", "teal:onRefusal")
    stack.up()
