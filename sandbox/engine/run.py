"""One run from its beginning to its end: `preview`, `update`, `destroy` or `refresh` of a stack.

Starts the services and the program, lets the deployment do its work, reacts to signals, and sums up. Where the state
comes from and goes to, and how a run is shown, is the caller's.
"""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2_grpc

from sandbox.engine import urns
from sandbox.engine.analyzers import Analyzers
from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import EngineError
from sandbox.engine.hooks import Hooks
from sandbox.engine.interrupted import settle_interrupted
from sandbox.engine.journal import Journal
from sandbox.engine.model import Context
from sandbox.engine.monitor import Engine, Monitor
from sandbox.engine.program import InlineProgram, start_program
from sandbox.engine.protocol import CHANNEL_OPTIONS
from sandbox.engine.refresh import refresh_all
from sandbox.engine.registry import Registry
from sandbox.engine.report import RunKind, Summary
from sandbox.engine.targets import Targets

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from sandbox.engine.checkpoint import Snapshot
    from sandbox.engine.project import Project
    from sandbox.engine.report import Reporter

_GRACE: Final = 3.0
"""Seconds the program gets to end by itself after the run is over or cancelled."""


@dataclass(frozen=True)
class Request:
    """What to run. `config` is what the program gets; `save` is not called in a dry run."""

    kind: RunKind
    project: Project
    stack: str
    config: dict[str, str]
    secret_keys: list[str]
    snapshot: Snapshot
    save: Callable[[Snapshot], None]
    environ: Mapping[str, str]
    dry_run: bool
    parallel: int = 16
    policy_packs: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """Folders of policy packs, and the config file of each if it has one."""
    continue_on_error: bool = False
    silent_hooks: bool = False
    client: str = ""
    """Where the program runs already (the Automation API's inline programs); else the project's own is started."""
    targets: Targets = field(default_factory=Targets)


@dataclass
class _Session:
    deployment: Deployment
    monitor: Monitor
    engine: Engine
    analyzers: Analyzers
    registry: Registry
    address: str
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)


async def run(request: Request, reporter: Reporter) -> Summary:
    """Carry out the request; all that goes wrong with resources is in the summary and has been reported."""
    started = time.monotonic()
    async with _session(request, reporter) as session:
        summary = Summary(request.kind, request.dry_run)
        try:
            await _work(request, session, reporter)
        finally:
            deployment = session.deployment
            summary.old_outputs, summary.outputs = deployment.settle_stack_outputs()
            if not request.dry_run:
                deployment.journal.write()
        if deployment.left_alone:
            names = ", ".join(sorted({urns.name_of(urn) for urn in deployment.left_alone}))
            reporter.diagnostic("warning", f"left alone, since it depends on what did not succeed: {names}")
        summary.changes = dict(deployment.executor.changes)
        summary.errored = len(deployment.errors)
        summary.cancelled = session.cancelled.is_set()
        summary.policy_packs = session.analyzers.versions
        summary.succeeded = not (
            deployment.failed or session.engine.errors or session.analyzers.violated or summary.cancelled
        )
        if request.kind == "destroy":
            summary.outputs = {}
        summary.seconds = time.monotonic() - started
    reporter.summary(summary)
    return summary


@asynccontextmanager
async def _session(request: Request, reporter: Reporter) -> AsyncGenerator[_Session]:
    journal = Journal(request.snapshot, request.save)
    registry = Registry(str(request.project.root), request.environ)
    hooks = Hooks(reporter, dry_run=request.dry_run, silent=request.silent_hooks)
    analyzers = Analyzers(reporter)
    engine = Engine(reporter)
    server = grpc.aio.server(options=CHANNEL_OPTIONS)
    port = server.add_insecure_port("127.0.0.1:0")
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    registry.engine_address = address = f"127.0.0.1:{port}"
    interrupted = await settle_interrupted(journal, registry, reporter)
    context = Context(
        request.stack,
        request.project.name,
        request.dry_run,
        request.parallel,
        request.config,
        request.secret_keys,
        request.continue_on_error,
    )
    deployment = Deployment(
        context,
        journal=journal,
        registry=registry,
        hooks=hooks,
        analyzers=analyzers,
        reporter=reporter,
        interrupted=interrupted,
        targets=request.targets,
    )
    monitor = Monitor(deployment)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    await server.start()
    session = _Session(deployment, monitor, engine, analyzers, registry, address)
    try:
        yield session
    finally:
        await hooks.close()
        await analyzers.close()
        await registry.close()
        await server.stop(grace=None)


async def _work(request: Request, session: _Session, reporter: Reporter) -> None:
    packages = {urns.package_of(state.type) for state in request.snapshot.resources if urns.is_provider(state.type)}
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, session.registry.preload, packages)
    work = asyncio.create_task(_kinds(request, session, reporter))
    stopper = asyncio.create_task(_stop_when_cancelled(session, reporter))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _cancel, session, work)
    try:
        await work
    except asyncio.CancelledError:
        if not session.cancelled.is_set():
            raise
    finally:
        stopper.cancel()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _cancel(session: _Session, work: asyncio.Task[None]) -> None:
    if session.cancelled.is_set():
        work.cancel()  # the second signal: what is under way stays recorded as pending
    session.deployment.executor.stopping = True
    session.cancelled.set()


async def _stop_when_cancelled(session: _Session, reporter: Reporter) -> None:
    await session.cancelled.wait()
    reporter.diagnostic("warning", "cancelled: no new operation is begun, those under way are asked to end")
    await session.registry.cancel()


async def _kinds(request: Request, session: _Session, reporter: Reporter) -> None:
    deployment = session.deployment
    if request.kind == "refresh":
        await refresh_all(deployment, reporter)
    elif request.kind == "destroy":
        await deployment.destroy()
    else:
        await _run_program(request, session, reporter)


async def _run_program(request: Request, session: _Session, reporter: Reporter) -> None:
    deployment = session.deployment
    session.analyzers.start(request.policy_packs, deployment.context, session.address)
    if request.client:
        program = InlineProgram(request.client, request.project, deployment.context, session.address)
    else:
        program = await start_program(
            request.project,
            deployment.context,
            address=session.address,
            reporter=reporter,
        )
    cancelled = asyncio.create_task(session.cancelled.wait())
    ended = asyncio.create_task(program.wait())
    try:
        try:
            await session.analyzers.ready()
        except EngineError as error:
            deployment.errors.append(str(error))
            reporter.diagnostic("error", str(error))
            return
        await asyncio.wait((ended, cancelled), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            await program.stop(_GRACE)  # its hooks end with it
        problem = await ended
        await deployment.idle()  # operations under way are waited for
        if problem is not None and not session.cancelled.is_set():
            deployment.errors.append(problem)
            if problem and not deployment.failed:
                reporter.diagnostic("error", problem)
        elif not session.monitor.declared_all.is_set() and not deployment.failed and not session.cancelled.is_set():
            raise EngineError("the program ended before it had declared everything; nothing was deleted")
        if not deployment.failed:
            await session.analyzers.analyze_stack(deployment.declared)
    finally:
        cancelled.cancel()
        await program.stop(0)
