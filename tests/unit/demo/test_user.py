"""The demo's user: what a command prints is kept, what fails is said, and one Ctrl-C is one Ctrl-C."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from sandbox.cluster.environment import Sandbox
from sandbox.demo.doors import Selectors
from sandbox.demo.errors import DemoError
from sandbox.demo.traffic import Companion, Traffic
from sandbox.demo.user import User

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def user(tmp_path: Path) -> User:
    """Somebody in a sandbox on a cluster of their own: commands run without a network namespace."""
    sandbox = Sandbox.named("unit", kubeconfig=tmp_path / "kubeconfig", work_tree=tmp_path)
    (sandbox.root / "bin").mkdir(parents=True)
    folder = tmp_path / "demo"
    folder.mkdir()
    return User(sandbox, stack="s", namespace="n", config=folder / "Pulumi.s.yaml", log=folder / "commands.log")


def provide(user: User, command: str, python: str) -> None:
    """Put a command on the sandbox's PATH."""
    path = user.sandbox.root / "bin" / command
    path.write_text(f"#!{sys.executable}\n{python}\n")
    path.chmod(0o755)


def test_a_command_is_run_for_the_stack_with_its_own_config_file(user: User) -> None:
    """As a user would type it; the work tree's stack files are not named."""
    provide(user, "pulumi", "import sys; print(sys.argv[1:])")
    assert user.up().output.strip() == str(
        ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "s", "--config-file", str(user.config)]
    )


def test_values_are_set_by_one_command(user: User) -> None:
    """By path, since most are nested; half a second a command adds up."""
    provide(user, "pulumi", "import sys; print(*sys.argv[1:6])")
    user.configure({"activeColour": "green", "green.version": "1.1.0"})
    said = [line for line in user.log.read_text().splitlines() if line.startswith("config")]
    assert said == ["config set-all --path --plaintext=teal:activeColour=green --plaintext=teal:green.version=1.1.0"]


def test_what_is_piped_in_is_in_no_log(user: User) -> None:
    """A password reaches the command, and nothing else."""
    provide(user, "pulumi", "import sys; print(len(sys.stdin.read()))")
    ran = user.pulumi("config", "set", "--path", "--secret", "teal:backing.database.password", stdin="hunter2")
    assert ran.output.strip() == "7"
    assert "hunter2" not in user.log.read_text()


def test_a_command_that_fails_is_named_with_what_it_said(user: User) -> None:
    """The message has the command, its status, its last words and the next command; the log has all of it."""
    provide(user, "kubectl", "import sys; print('first'); print('no such thing', file=sys.stderr); sys.exit(3)")
    with pytest.raises(DemoError, match=r"(?s)`kubectl -n n get pods`.*exit status 3.*no such thing.*Next: make"):
        user.kubectl("get", "pods")
    assert "first" in user.log.read_text()


def test_a_failure_that_is_expected_is_no_error(user: User) -> None:
    """A refused `pulumi up` is looked at, not raised."""
    provide(user, "pulumi", "import sys; print('refused'); sys.exit(255)")
    ran = user.up(check=False)
    assert (ran.status, ran.output.strip()) == (255, "refused")


def test_a_command_that_hangs_is_interrupted_and_said_to_have_hung(user: User) -> None:
    """Nothing waits for ever, and what it printed until then is in the message."""
    provide(user, "pulumi", "import time; print('downloading', flush=True); time.sleep(60)")
    user.limit_seconds = 0.5
    with pytest.raises(DemoError, match=r"(?s)downloading.*not over within 0\.5 s"):
        user.up()


def test_an_interrupt_reaches_the_command_once_and_is_waited_for(user: User, tmp_path: Path) -> None:
    """An engine takes a second interrupt for 'at once': the terminal must not send one too, and it gets time to end."""
    provide(
        user,
        "pulumi",
        f"""
import os, pathlib, signal, sys, time
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(1))
os.kill(os.getppid(), signal.SIGINT)
while not seen:
    time.sleep(0.01)
print('last words')
time.sleep(0.1)
pathlib.Path({str(tmp_path / "ended")!r}).write_text(f"{{len(seen)}}, own session: {{os.getsid(0) == os.getpid()}}")
""",
    )
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            user.up()
    finally:
        signal.signal(signal.SIGINT, before)
    assert (tmp_path / "ended").read_text() == "1, own session: True"
    assert "last words" in user.log.read_text()


def test_a_companion_that_ended_says_why(user: User) -> None:
    """A load that was refused is found out at once, with its own words."""
    load = Companion(user, "load.csv", "sandbox.load", ["--url", "http://192.0.2.10/", "--seconds", "1"])
    with pytest.raises(DemoError, match=r"load ended by itself .*192\.0\.2\.10"):
        Traffic(user, Selectors(user, []), rate=1).await_(lambda: False, "an answer", [load])
