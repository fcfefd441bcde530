"""The step that takes a dead update's lock, run here."""

import getpass
import os
import socket

from tests.unit.workflows.world import World

LOCKED = """\
error: could not create stack: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end
  s3://acme-state/.pulumi/locks/organization/teal/test/0f.json: created by {holder} at 2026-11-28T17:38:46Z"""
CANCEL = ["pulumi", "cancel", "--non-interactive", "--yes", "test"]


def here(pid: int | str) -> str:
    """How Pulumi names a process of this machine."""
    return f"{getpass.getuser()}@{socket.gethostname()} (pid {pid})"


def test_a_lock_that_an_update_of_this_checkout_left_is_taken(world: World) -> None:
    """By its process, which is gone; that it was this checkout's is known from its update."""
    world.make("promote", "FLIP")
    pid = (world.folder / "pid").read_text()
    seen = world.make("unlock", REFUSAL=LOCKED.format(holder=here(pid)))
    assert seen.returncode == 0, seen.stderr
    assert f"taking the lock of test from {here(pid)}" in seen.stdout
    assert CANCEL in world.ran("pulumi")


def test_a_lock_of_an_update_that_lives_is_left(world: World) -> None:
    """Even if it is this checkout's."""
    world.make("promote", "FLIP")
    (world.folder / ".delivery/test/updating").write_text(f"{os.getpid()}\n")
    assert world.make("unlock", REFUSAL=LOCKED.format(holder=here(os.getpid()))).returncode != 0
    assert CANCEL not in world.ran("pulumi")


def test_somebody_elses_lock_is_taken_only_by_name(world: World) -> None:
    """Without it, or with another's, nothing is cancelled, and the message has the command that would."""
    refusal = LOCKED.format(holder="ann@desk (pid 7)")
    for environ in ({}, {"HOLDER": "runner@gone (pid 7)"}):
        seen = world.make("unlock", REFUSAL=refusal, **environ)
        assert seen.returncode != 0
        assert "make unlock STACK=test HOLDER='ann@desk (pid 7)'" in seen.stderr
        assert CANCEL not in world.ran("pulumi")
    assert world.make("unlock", REFUSAL=refusal, HOLDER="ann@desk (pid 7)").returncode == 0
    assert CANCEL in world.ran("pulumi")


def test_without_a_lock_nothing_is_cancelled(world: World) -> None:
    """There could be one by the time that it is."""
    seen = world.make("unlock", HOLDER="ann@desk (pid 7)")
    assert seen.returncode == 0, seen.stderr
    assert "nobody holds a lock of test" in seen.stdout
    assert CANCEL not in world.ran("pulumi")
