"""The lock that a killed update leaves, in the engine's own words, and who takes it."""

import subprocess
from pathlib import Path

import pytest

from sandbox.cluster.environment import WORK_TREE
from tests.sandbox.engine.tiny import STACK, Tiny


@pytest.fixture
def killed(tiny: Tiny, tmp_path: Path) -> Tiny:
    """A stack whose update was killed."""
    tiny.program("import time\nprint('the program sleeps', flush=True)\ntime.sleep(60)")
    log = tmp_path / "log"
    up = tiny.start_up(log)
    tiny.await_line(log, "the program sleeps")
    up.kill()
    up.wait(5)
    tiny.program("pulumi.export('said', 'well')")
    return tiny


def unlock(tiny: Tiny, holder: str) -> subprocess.CompletedProcess[str]:
    """`make unlock`, as the workflows run it."""
    makefile = tiny.folder / "Makefile"
    settings = ("SHELL := /bin/bash", ".SHELLFLAGS := -euo pipefail -c", f"include {WORK_TREE}/.github/delivery.mk")
    makefile.write_text("\n".join([*settings, ""]))
    return subprocess.run(
        ["make", "--silent", "unlock", f"STACK={STACK}"],  # noqa: S607 - make is what is tried
        env={**tiny.environ, "HOLDER": holder},
        cwd=tiny.folder,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_killed_update_locks_the_stack_until_it_is_cancelled(killed: Tiny) -> None:
    """Every later update is refused, and told what to do; that is done, and the next one passes."""
    refused = killed.up(check=False)
    assert refused.returncode != 0
    assert "the stack is currently locked by 1 lock(s)" in refused.stdout
    assert "`pulumi cancel`" in refused.stdout
    killed.pulumi("cancel", "--yes", "--stack", STACK)
    killed.up()


def test_a_lock_is_taken_from_whom_the_refusal_names(killed: Tiny) -> None:
    """Not from another, and the command that would is in the message; afterwards there is none to take."""
    refused = unlock(killed, "somebody@else (pid 1)")
    assert refused.returncode != 0
    holder = refused.stderr.partition("HOLDER='")[2].partition("'")[0]
    assert f"created by {holder} at" in killed.up(check=False).stdout
    taken = unlock(killed, holder)
    assert taken.returncode == 0, taken.stderr
    killed.up()
    assert "nobody holds a lock" in unlock(killed, holder).stdout
