"""Runs `pulumi` and `kubectl` in a sandbox as a user would type them, and keeps all that they print."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox.cluster.environment import WORK_TREE
from sandbox.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sandbox.cluster.environment import Sandbox

_TAIL_LINES: Final = 12
_INTERRUPT_SECONDS: Final = 30  # Pulumi's engine needs 5 s to end an update cleanly
_LIMIT_SECONDS: Final = 180  # no command of a demo takes this long; nothing waits for ever


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A command that ended."""

    status: int
    output: str  # both streams, in the order in which they were written
    seconds: float


class User:
    """Somebody at a terminal in the sandbox, with one stack and its config file."""

    def __init__(self, sandbox: Sandbox, *, stack: str, namespace: str, config: Path, log: Path) -> None:
        """Use `stack`, which lives in `namespace`, with the file `config`; everything printed goes to `log`."""
        self.sandbox = sandbox
        self.stack = stack
        self.config = config
        self.log = log
        self.limit_seconds: float = _LIMIT_SECONDS
        self.namespace = namespace
        log.write_text("", encoding="utf-8")

    def pulumi(self, *args: str, check: bool = True, stdin: str | None = None) -> Ran:
        """Run `pulumi ARGS` for the stack; what is piped in is not logged.

        Raises:
            DemoError: it failed, unless not `check`.
        """
        own = [] if args[0] in {"stack", "version"} else ["--config-file", str(self.config)]
        stack = (
            [] if args[:2] in {("stack", "init"), ("stack", "ls")} or args[0] == "version" else ["--stack", self.stack]
        )
        return self._run(["pulumi", *args, *stack, *own], stdin=stdin, check=check)

    def configure(self, values: Mapping[str, str]) -> None:
        """`pulumi config set-all`; keys without `teal:`, with dots for what is nested."""
        pairs = [f"--plaintext=teal:{key}={value}" for key, value in values.items()]
        self.pulumi("config", "set-all", "--path", *pairs)

    def init(self) -> None:
        """`pulumi stack init`, which leaves a config file beside the work tree's; this stack has its own elsewhere."""
        path = WORK_TREE / "stacks" / f"Pulumi.{self.stack}.yaml"
        own = path.exists()
        self.pulumi("stack", "init", self.stack)
        if not own:
            path.unlink(missing_ok=True)

    def up(self, *, check: bool = True) -> Ran:
        """`pulumi up` without asking."""
        return self.pulumi("up", "--yes", "--skip-preview", "--non-interactive", check=check)

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """Run `kubectl ARGS` in the stack's namespace.

        Raises:
            DemoError: it failed.
        """
        return self._run(["kubectl", "-n", self.namespace, *args], stdin=stdin).output

    def run(self, *argv: str) -> Ran:
        """Run another command in the sandbox.

        Raises:
            DemoError: it failed.
        """
        return self._run(argv)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """Return an object of the namespace."""
        return json.loads(self.kubectl("get", kind, name, "-o", "json"))

    def start(self, argv: Sequence[str], *, stderr: Path) -> subprocess.Popen[bytes]:
        """Start a companion of the demo that Ctrl-C does not reach: the demo ends it."""
        with stderr.open("wb") as out:
            return subprocess.Popen(  # noqa: S603 - the sandbox's own modules
                self.sandbox.command(argv),
                env=self.sandbox.environ(),
                cwd=WORK_TREE,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=out,
                start_new_session=True,
            )

    def _run(self, argv: Sequence[str], *, stdin: str | None = None, check: bool = True) -> Ran:
        begun = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - commands of the demo, no user input
            self.sandbox.command(argv),
            env=self.sandbox.environ(),
            cwd=WORK_TREE,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # a Ctrl-C must reach it once, by us: engines take a second one for 'at once'
        )
        output = ""
        try:
            output, _ = process.communicate(stdin, timeout=self.limit_seconds)
        except subprocess.TimeoutExpired:
            output = _end(process) + f"[not over within {self.limit_seconds:g} s, so it was interrupted]\n"
        except BaseException:
            output = _end(process)
            raise
        finally:
            ran = Ran(status=process.returncode, output=output, seconds=time.monotonic() - begun)
            with self.log.open("a", encoding="utf-8") as log:
                log.write(f"$ {shlex.join(argv)}\n{output}[exit status {ran.status} after {ran.seconds:.1f} s]\n\n")
        if check and ran.status:
            tail = "\n".join(f"    {line}" for line in output.rstrip().splitlines()[-_TAIL_LINES:])
            raise DemoError(
                f"`{shlex.join(argv)}` ended with exit status {ran.status}, so the demo cannot go on:\n{tail}\n"
                f"All that was printed is in {self.log}. "
                f"Next: make sandbox-down NAME={self.sandbox.name}, then the same command again"
            )
        return ran


def _end(process: subprocess.Popen[str]) -> str:
    """Interrupt a command and return all that it printed."""
    process.send_signal(signal.SIGINT)
    try:
        output, _ = process.communicate(timeout=_INTERRUPT_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # too slow, or asked for again
        process.kill()
        output, _ = process.communicate()
    return output
