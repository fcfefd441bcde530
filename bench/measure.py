"""Runs one command and says what it took: wall time, CPU time and memory of it and all that it started."""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.cluster.errors import SandboxError

_TAIL_LINES = 12
_INTERRUPT_SECONDS = 30
"""For a command that was interrupted to end cleanly; Pulumi's own engine takes 5."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """What a command took."""

    wall_seconds: float
    cpu_seconds: float
    """User and system, of the command and every process that it started and waited for."""
    peak_mib: float
    """Resident memory of the largest one of these processes."""


def run(
    argv: Sequence[str],
    *,
    log: Path,
    environ: Mapping[str, str],
    cwd: Path,
    each_line: Callable[[str, float], None] | None = None,
) -> Took:
    """Run a command to its end; what it prints is added to `log`.

    Args:
        argv: the command.
        log: gets both of its output streams.
        environ: its whole environment.
        cwd: where it runs.
        each_line: told of every line on standard output, and of the seconds since the start.

    Raises:
        SandboxError: its exit status was not 0.
    """
    with log.open("a", encoding="utf-8") as out:
        out.write(f"$ {shlex.join(argv)}\n")
        out.flush()
        begun = time.monotonic()
        with subprocess.Popen(  # noqa: S603 - the project's own commands
            argv,
            env=dict(environ),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if each_line else out,
            stderr=out,
            text=True,
            start_new_session=True,  # a Ctrl-C reaches it once, by us: engines take a second one for 'at once'
        ) as process:
            try:
                for line in process.stdout or ():
                    if each_line:
                        each_line(line, time.monotonic() - begun)
                    out.write(line)
                _, status, usage = os.wait4(process.pid, 0)
            except BaseException:
                _end(process)
                raise
            process.returncode = os.waitstatus_to_exitcode(status)
        took = Took(
            wall_seconds=time.monotonic() - begun,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss / 1024,
        )
        out.write(f"[exit status {process.returncode} after {took.wall_seconds:.1f} s]\n\n")
    if process.returncode:
        tail = "\n".join(f"    {line}" for line in log.read_text().rstrip().splitlines()[-_TAIL_LINES:])
        raise SandboxError(
            f"`{shlex.join(argv)}` ended with exit status {process.returncode}, so nothing can be said of its speed:\n"
            f"{tail}\nAll that was printed is in {log}."
        )
    return took


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_INTERRUPT_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # too slow, or asked for again
        process.kill()
        process.wait()
