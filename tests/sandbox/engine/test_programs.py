"""Programs as the language host runs them: what they are given, how they end, and what is left of them."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.sandbox.engine.tiny import Tiny

TELLS = """
import os
config = pulumi.Config()
pulumi.export("plain", config.get("plain"))
pulumi.export("secret", config.get_secret("secret"))
pulumi.export("who", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack(), os.getcwd()])
"""

SLEEPS = """
import time
pulumi.ComponentResource("test:index:Part", "first")
print("the program sleeps", flush=True)
time.sleep(60)
"""


def exported(tiny: Tiny) -> dict[str, object]:
    """The stack's outputs, secrets shown."""
    return json.loads(tiny.pulumi("stack", "output", "--json", "--show-secrets").stdout)


def test_config_and_secrets_arrive(tiny: Tiny) -> None:
    """A secret is one in the program too: its output is hidden."""
    tiny.program(TELLS)
    tiny.pulumi("config", "set", "plain", "seen by all")
    tiny.pulumi("config", "set", "--secret", "secret", "not to be seen")
    said = tiny.up().stdout
    assert "seen by all" in said
    assert "not to be seen" not in said
    found = exported(tiny)
    assert (found["plain"], found["secret"]) == ("seen by all", "not to be seen")
    assert found["who"] == ["organization", "tiny", "dev", str(tiny.folder)]


def test_a_stack_without_config_has_none(tiny: Tiny) -> None:
    """Neither values nor secrets: the SDK reads empty lists, not `null`."""
    tiny.program(TELLS)
    tiny.up()
    found = exported(tiny)
    assert (found.get("plain"), found.get("secret")) == (None, None)


def test_an_exception_is_shown_once(tiny: Tiny) -> None:
    """With its line in the program, and the update fails."""
    tiny.program("raise ValueError('this is wrong')")
    done = tiny.up(check=False)
    assert done.returncode != 0
    assert done.stdout.count("ValueError: this is wrong") == 1, done.stdout
    assert "__main__.py" in done.stdout


def test_a_programs_exit_status_fails_the_update(tiny: Tiny) -> None:
    """It is named, and what the program printed stands before it."""
    tiny.program("print('it says why')\nimport sys\nsys.exit(7)")
    done = tiny.up(check=False)
    assert done.returncode != 0
    assert "it says why" in done.stdout
    assert "program exited with non-zero exit code: 7" in done.stdout


@pytest.mark.parametrize("option", ["toolchain", "typechecker"])
def test_a_runtime_option_that_cannot_be_followed_is_refused(tiny: Tiny, option: str) -> None:
    """By name and value, with what can be; the program is not run."""
    tiny.program("print('it ran')", **{option: "conda"})
    done = tiny.up(check=False)
    assert done.returncode != 0
    assert f"runtime option {option}: conda cannot be followed by this language host" in done.stdout, done.stdout
    assert "`toolchain` with pip, poetry or uv" in done.stdout
    assert "it ran" not in done.stdout


def test_an_interrupted_program_ends_and_leaves_a_state_that_can_be_used(tiny: Tiny, tmp_path: Path) -> None:
    """SIGINT as from a terminal: within 5 s all of it is gone, nothing is pending, and the next update passes."""
    tiny.program(SLEEPS)
    log = tmp_path / "log"
    up = tiny.start_up(log)
    tiny.await_line(log, "the program sleeps")
    os.killpg(up.pid, signal.SIGINT)
    assert up.wait(5) != 0, log.read_text()
    assert tiny.await_end(seconds=1) == []
    state = json.loads(tiny.pulumi("stack", "export").stdout)["deployment"]
    assert not state.get("pending_operations")
    tiny.program("pulumi.ComponentResource('test:index:Part', 'first')")
    tiny.up()


def test_an_engine_that_is_interrupted_alone_ends_its_program(tiny: Tiny, tmp_path: Path) -> None:
    """A runner sends its signal to one process: the language host passes it on."""
    tiny.program(SLEEPS)
    log = tmp_path / "log"
    up = tiny.start_up(log)
    tiny.await_line(log, "the program sleeps")
    up.send_signal(signal.SIGINT)
    assert up.wait(10) != 0, log.read_text()
    assert tiny.await_end(seconds=1) == []


def test_an_engine_that_is_killed_takes_its_program_along(tiny: Tiny, tmp_path: Path) -> None:
    """Nobody tells the language host; it sees that the engine is gone."""
    tiny.program(SLEEPS)
    log = tmp_path / "log"
    up = tiny.start_up(log)
    tiny.await_line(log, "the program sleeps")
    up.kill()
    up.wait(5)
    assert tiny.await_end(seconds=10) == []


def test_no_process_is_left(tiny: Tiny) -> None:
    """Not after a preview, an update, and one that fails."""
    tiny.pulumi("preview", "--non-interactive")
    tiny.up()
    tiny.program("raise ValueError")
    tiny.up(check=False)
    assert tiny.await_end(seconds=1) == []
