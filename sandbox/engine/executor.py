"""Carries out steps: hooks, the provider's operation, and the state written before and after.

What a failure leaves behind is decided here: a failing before hook or a provider that refuses leaves the old state; a
resource that exists but did not become ready is recorded with its init errors; a failing after hook is reported, and
the new state stays.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from sandbox.engine.errors import EngineError
from sandbox.engine.journal import touch
from sandbox.engine.model import InitFailedError, Op, OperationFailedError
from sandbox.engine.operations import Wish, live_of
from sandbox.engine.values import Properties, carry_secrets, is_secret, secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.engine.hooks import Hooks
    from sandbox.engine.journal import Journal
    from sandbox.engine.model import Step
    from sandbox.engine.operations import Operations
    from sandbox.engine.report import Reporter
    from sandbox.engine.state import OperationKind, ResourceState


class CancelledRunError(EngineError):
    """The user ended the run; the operation was not begun."""


class Executor:
    """Runs steps, at most `parallel` at a time."""

    def __init__(  # noqa: PLR0913 - what an operation touches
        self,
        *,
        journal: Journal,
        hooks: Hooks,
        reporter: Reporter,
        provider_of: Callable[[ResourceState], Awaitable[Operations | None]],
        dry_run: bool,
        parallel: int,
    ) -> None:
        """Write to this journal, call these hooks, tell this reporter."""
        self._journal = journal
        self._hooks = hooks
        self._reporter = reporter
        self._provider_of = provider_of
        self._dry_run = dry_run
        self._slots = asyncio.Semaphore(parallel)
        self.stopping = False
        self.condemned: set[str] = set()
        """URNs that are being deleted in this run; what is `deleted_with` one of them needs no call of its own."""
        self.changes: dict[str, int] = {}
        self.after_hook_failed = False

    async def run(self, step: Step) -> None:
        """Carry out one step.

        Raises:
            OperationFailedError: it failed; the state says what is there now.
            CancelledRunError: it was not begun.
        """
        async with self._slots:
            if self.stopping:
                raise CancelledRunError(f"{step.op} of {step.urn} was not begun: the run was cancelled")
            started = time.monotonic()
            if not step.internal:
                self._reporter.started(step)
            try:
                await self._apply(step)
            except EngineError as error:
                message = f"Preview failed: {error}" if self._dry_run else str(error)
                self._reporter.failed(step, message, time.monotonic() - started)
                raise
            if step.internal:
                return
            if step.logical:
                self.changes[step.op] = self.changes.get(step.op, 0) + 1
            self._reporter.finished(step, time.monotonic() - started)

    async def _apply(self, step: Step) -> None:
        if step.op in (Op.CREATE, Op.CREATE_REPLACEMENT):
            await self._create(step)
        elif step.op is Op.UPDATE:
            await self._update(step)
        elif step.op in (Op.DELETE, Op.DELETE_REPLACED):
            await self._delete(step)
        elif step.op is Op.DISCARD:  # it was only read, and stays as it is
            self._journal.drop(step.subject)
            self._write()
        elif step.op is Op.SAME:
            self._same(step)

    def _same(self, step: Step) -> None:
        if step.left_out:
            return
        old, new = _both(step)
        new.id, new.outputs = old.id, old.outputs
        self._journal.keep(new, old)
        self._journal.settle(new.urn)
        if old != new:
            self._write()

    async def _create(self, step: Step) -> None:
        new, old = _new(step), step.old
        await self._hooks.run("before_create", None, new)
        if new.custom:
            provider = await self._provider(new)
            self._begin("creating", new)
            try:
                live = await provider.create(new.urn, self._wish(new, "create"))
            except InitFailedError as failed:
                new.id, new.outputs, new.init_errors = failed.id, _secrets(new, failed.outputs), failed.reasons
                self._created(new, old)
                raise
            except EngineError:
                self._journal.end(new)
                self._write()
                raise
            new.id, new.outputs = live.id, _secrets(new, live.outputs)
        self._created(new, old)
        if new.custom:
            await self.after("after_create", None, new)

    def _created(self, new: ResourceState, old: ResourceState | None) -> None:
        touch(new, created=True)
        if old is not None and not old.pending_replacement:
            old.delete = True  # the replacement stands; the replaced one goes when all that depends on it has moved
        self._journal.end(new)
        self._journal.settle(new.urn)
        self._journal.keep(new, old if old is not None and old.pending_replacement else None)
        self._write()

    async def _update(self, step: Step) -> None:
        old, new = _both(step)
        new.id = old.id
        await self._hooks.run("before_update", old, new)
        if new.custom:
            provider = await self._provider(new)
            self._begin("updating", new)
            try:
                outputs = await provider.update(new.urn, live_of(old), self._wish(new, "update"))
            except InitFailedError as failed:
                # As Pulumi keeps it: what is there now, with the inputs that last worked, so that it differs again.
                new.outputs = _secrets(new, failed.outputs)
                new.inputs, new.init_errors = old.inputs, failed.reasons
                self._updated(new, old)
                raise
            except EngineError:
                self._journal.end(new)
                self._write()
                raise
            new.outputs = _secrets(new, outputs)
        else:
            new.outputs = old.outputs
        self._updated(new, old)
        if new.custom:
            await self.after("after_update", old, new)

    def _updated(self, new: ResourceState, old: ResourceState) -> None:
        touch(new, created=False)
        self._journal.end(new)
        self._journal.settle(new.urn)
        self._journal.keep(new, old)
        self._write()

    async def _delete(self, step: Step) -> None:
        old = step.old
        if old is None:
            raise AssertionError("a deletion has an old state")
        await self._hooks.run("before_delete", old, None)
        if step.op is Op.DELETE and old.protect:
            raise OperationFailedError(
                f"resource {old.urn!r} cannot be deleted\nbecause it is protected. To unprotect the resource, remove "
                "the `protect` flag from the resource in your Pulumi program and run `pulumi up`"
            )
        spared = old.retain_on_delete or old.pending_replacement or old.deleted_with in self.condemned
        if old.custom and not spared and not self._dry_run:
            provider = await self._provider(old)
            self._begin("deleting", old)
            try:
                await provider.delete(old.urn, live_of(old), old.custom_timeouts.get("delete", 0))
            except EngineError:
                self._journal.end(old)
                self._write()
                raise
            self._journal.end(old)
        if step.keep_old_in_state:
            old.pending_replacement = True
        else:
            self._journal.drop(old)
        self._journal.settle(old.urn)
        self._write()
        await self.after("after_delete", old, None)

    async def after(self, kind: str, old: ResourceState | None, new: ResourceState | None) -> None:
        """Run after hooks: their failure is reported and fails the run, and undoes nothing."""
        try:
            await self._hooks.run(kind, old, new)
        except OperationFailedError as error:
            subject = new or old
            self._reporter.diagnostic("error", str(error), subject.urn if subject else "")
            self.after_hook_failed = True

    async def _provider(self, state: ResourceState) -> Operations:
        provider = await self._provider_of(state)
        if provider is None:
            raise AssertionError("a custom resource has a provider")
        return provider

    def _wish(self, new: ResourceState, operation: str) -> Wish:
        return Wish(new.inputs, new.ignore_changes, new.custom_timeouts.get(operation, 0), self._dry_run)

    def _begin(self, kind: OperationKind, state: ResourceState) -> None:
        if not self._dry_run:
            self._journal.begin(kind, state)

    def _write(self) -> None:
        if not self._dry_run:
            self._journal.write()


def _new(step: Step) -> ResourceState:
    if step.new is None:
        raise AssertionError(f"{step.op} has a new state")
    return step.new


def _both(step: Step) -> tuple[ResourceState, ResourceState]:
    if step.old is None:
        raise AssertionError(f"{step.op} has an old state")
    return step.old, _new(step)


def _secrets(state: ResourceState, outputs: Properties) -> Properties:
    """Outputs with everything marked that the inputs mark, or that the program says is secret.

    A provider that drops the markings must not leak what it was given.
    """
    outputs = carry_secrets(outputs, state.inputs)
    for key in state.additional_secret_outputs:
        if key in outputs and not is_secret(outputs[key]):
            outputs[key] = secret(outputs[key])
    return outputs
