"""Child processes whose life ends with the engine's, and whose output is read line by line.

A child gets a session of its own, so that Ctrl-C in a terminal reaches the engine alone, which then decides. The
kernel kills it when the engine dies, however that dies (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sandbox.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LEASH: Final = str(Path(__file__).with_name("leash.py"))
_LINE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of the longest line read from a child; asyncio's own limit (64 KiB) ends the reader on a longer one."""


@dataclass
class Child:
    """A running child process."""

    process: asyncio.subprocess.Process
    argv: Sequence[str]

    async def first_line(self) -> str:
        """The first line of its output: where a plugin says its port.

        Raises:
            EngineError: it ended without saying anything.
        """
        stdout = self.process.stdout
        line = (await stdout.readline()).decode().strip() if stdout else ""
        if not line:
            stderr = (await self.process.stderr.read()).decode() if self.process.stderr else ""
            raise EngineError(
                f"`{' '.join(self.argv)}` ended with status {await self.process.wait()} before it said its port:\n"
                f"{stderr.strip()}"
            )
        return line

    async def stop(self, grace: float) -> int:
        """End it: SIGTERM, and SIGKILL after `grace` seconds. Gives its exit status."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), grace)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self.process.kill()
        return await self.process.wait()


async def start_child(argv: Sequence[str], *, env: Mapping[str, str], cwd: str | None = None) -> Child:
    """Start a program on the leash."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-S",  # the leash needs nothing but the standard library
        "-P",
        _LEASH,
        str(os.getpid()),
        *argv,
        env=dict(env),
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=_LINE_LIMIT,
    )
    return Child(process, argv)
