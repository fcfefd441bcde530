"""The program under this engine: a child process of the project's own Python, with its output passed on."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from sandbox.engine.children import Child, start_child
from sandbox.engine.errors import EngineError
from sandbox.engine.protocol import CHANNEL_OPTIONS, ask

if TYPE_CHECKING:
    from sandbox.engine.model import Context
    from sandbox.engine.project import Project
    from sandbox.engine.report import Reporter

_LAUNCHER: Final = str(Path(__file__).with_name("launcher.py"))
_TOLD: Final = 32  # the launcher's exit status when the user has been told what is wrong


class Program:
    """A running program."""

    def __init__(self, child: Child, reporter: Reporter) -> None:
        """Pass its output on, line by line, as it comes."""
        self._child = child
        self._reporter = reporter
        self._readers = [
            asyncio.create_task(self._pass_on(child.process.stdout)),
            asyncio.create_task(self._pass_on(child.process.stderr)),
        ]

    async def _pass_on(self, stream: asyncio.StreamReader | None) -> None:
        while stream is not None and (line := await stream.readline()):
            self._reporter.diagnostic("info", line.decode(errors="replace").rstrip("\n"))

    async def wait(self) -> str | None:
        """Wait for its end; None if all is well, else what to tell (empty when it has told by itself)."""
        status = await self._child.process.wait()
        await asyncio.gather(*self._readers)
        if status in (0, _TOLD):
            return None if status == 0 else ""
        return f"the program ended with exit status {status}"

    async def stop(self, grace: float) -> None:
        """End it; `grace` is in seconds."""
        await self._child.stop(grace)
        await asyncio.gather(*self._readers)


class InlineProgram:
    """A program that runs already, in the process that called: a function given to the Automation API."""

    def __init__(self, client: str, project: Project, context: Context, address: str) -> None:
        """Have it run by the language runtime at `client`."""
        request = language_pb2.RunRequest(
            project=context.project,
            stack=context.stack,
            organization="organization",
            pwd=str(project.root),
            program=str(project.main),
            args=[address],
            monitor_address=address,
            config=context.config,
            configSecretKeys=context.secret_keys,
            dryRun=context.dry_run,
            parallel=context.parallel,
        )
        self._channel = grpc.aio.insecure_channel(client, options=CHANNEL_OPTIONS)
        stub = language_pb2_grpc.LanguageRuntimeStub(self._channel)
        self._run = asyncio.create_task(ask(stub, "Run", request, language_pb2.RunResponse))

    async def wait(self) -> str | None:
        """Wait for its end; None if all is well, else what to tell (empty when it has told by itself)."""
        try:
            answer = await self._run
        except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
            return f"the program could not be run: {error}"
        return "" if answer.error or answer.bail else None

    async def stop(self, grace: float) -> None:
        """Wait for its end no longer than `grace` seconds; it learns from its next call that the run is over."""
        await asyncio.wait([self._run], timeout=grace)
        self._run.cancel()
        await self._channel.close()


async def start_program(project: Project, context: Context, *, address: str, reporter: Reporter) -> Program:
    """Start the project's program.

    Raises:
        EngineError: there is none.
    """
    main = project.main
    if not main.exists():
        raise EngineError(
            f"the program {main} named by `main` in {project.file} does not exist; nothing was done; "
            "correct `main` or create the program"
        )
    launch = {
        "monitor": address,
        "engine": address,
        "project": context.project,
        "stack": context.stack,
        "parallel": context.parallel,
        "dry_run": context.dry_run,
        "root": str(project.root),
        "program": str(main),
        "config": context.config,
        "secret_keys": context.secret_keys,
    }
    child = await start_child(
        [project_python(project), "-P", _LAUNCHER],
        env={**os.environ, "TEAL_LAUNCH": json.dumps(launch), "PYTHONUNBUFFERED": "1"},
        cwd=str(main if main.is_dir() else main.parent),
    )
    return Program(child, reporter)


def project_python(project: Project) -> str:
    """The Python of the virtual environment the project names, or as uv finds it; else the one that runs this."""
    named = project.runtime_options.get("virtualenv")
    folders = [folder / ".venv" for folder in (project.root, *project.root.parents)]
    for folder in [project.root / str(named), *folders] if named else folders:
        candidate = folder / "bin" / "python"
        if candidate.exists():
            return str(candidate)
    return sys.executable
