"""One run over a stack's resources: what a program declares is made, what it no longer declares is deleted.

Failures do not spread further than they must: what depends on a failed resource is skipped, what does not is finished,
and nothing is deleted after a failure.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.engine import urns
from sandbox.engine.errors import EngineError
from sandbox.engine.executor import CancelledRunError, Executor
from sandbox.engine.identity import Identities
from sandbox.engine.model import Context, Goal, Op, OperationFailedError, Outcome, Result, Step
from sandbox.engine.operations import Live
from sandbox.engine.planner import Planner
from sandbox.engine.resolution import Resolver
from sandbox.engine.state import ResourceState, depends_on
from sandbox.engine.targets import Targets, unasked
from sandbox.engine.values import Properties, contains_unknown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from sandbox.engine.analyzers import Analyzers
    from sandbox.engine.hooks import Hooks
    from sandbox.engine.interrupted import Interrupted
    from sandbox.engine.journal import Journal
    from sandbox.engine.registry import Registry
    from sandbox.engine.report import Reporter


T = TypeVar("T")


class Deployment:
    """Plans and carries out one run."""

    def __init__(  # noqa: PLR0913 - what a run is made of
        self,
        context: Context,
        *,
        journal: Journal,
        registry: Registry,
        hooks: Hooks,
        analyzers: Analyzers,
        reporter: Reporter,
        interrupted: Interrupted,
        targets: Targets | None = None,
    ) -> None:
        """Start from the journal's base."""
        self.context = context
        self.targets = targets or Targets()
        self.journal = journal
        self.registry = registry
        self.hooks = hooks
        self._analyzers = analyzers
        self._reporter = reporter
        self._olds = journal.base.resources
        self._identities = Identities(context.stack, context.project, self._olds)
        self.resolver = Resolver(
            context, registry, identities=self._identities, olds=self._olds, register=self.register
        )
        self._planner = Planner(
            identities=self._identities,
            olds=self._olds,
            provider_of=self.resolver.provider_of,
            analyze=analyzers.analyze,
            dry_run=context.dry_run,
            interrupted=interrupted,
            targets=self.targets,
        )
        self.executor = Executor(
            journal=journal,
            hooks=hooks,
            reporter=reporter,
            provider_of=self.resolver.provider_of,
            dry_run=context.dry_run,
            parallel=context.parallel,
        )
        self._goals: dict[str, Goal] = {}
        self._steps: dict[str, Step] = {}
        self._unfinished: dict[str, Step] = {}
        self._blocked: set[str] = set()
        self._stack_outputs: Properties | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.left_alone: dict[str, str] = {}
        """What was not touched, by URN, and what it depends on that did not succeed."""
        self.errors: list[str] = []
        self.root = ""

    @property
    def failed(self) -> bool:
        """Whether anything went wrong so far."""
        return bool(self.errors) or self.executor.after_hook_failed

    @property
    def declared(self) -> list[ResourceState]:
        """What the program declared, as it stands."""
        return [step.new for step in self._steps.values() if step.new is not None and not step.left_out]

    def tracked(self, work: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Do something to its end, even if whoever asked for it is gone by then."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return asyncio.shield(task)

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- what the program asks for -------------------------------------------------------------------------------

    async def register(self, goal: Goal) -> Outcome:
        """Make a resource what the program wants it to be.

        Raises:
            EngineError: it has no name of its own, or the run was cancelled; all other failures are in the outcome.
        """
        goal.inherit(self._goals.get(goal.parent))
        if not goal.parent and goal.type != urns.STACK_TYPE and not urns.is_provider(goal.type):
            goal.parent = self.root
        urn = self._identities.register(goal)
        self._goals[urn] = goal
        if goal.type == urns.STACK_TYPE:
            self.root = urn
        state = ResourceState(urn=urn, type=goal.type)
        try:
            if goal.custom and not urns.is_provider(goal.type):
                goal.provider = await self.resolver.reference(goal, self._goals.get(goal.parent))
            if blocker := self._blocker(goal):
                self._blocked.add(urn)
                self.left_alone[urn] = blocker
                return Outcome(state, Result.SKIPPED)
            return Outcome(await self._make(urn, goal))
        except CancelledRunError:
            raise
        except EngineError as error:
            self._blocked.add(urn)
            self.errors.append(str(error))
            return Outcome(state, Result.FAILED)

    async def _make(self, urn: str, goal: Goal) -> ResourceState:
        try:
            steps = await self._planner.plan(urn, goal)
        except EngineError as error:
            if str(error):  # a policy has told by itself
                self._reporter.diagnostic("error", str(error), urn)
            raise
        self.journal.renamed = self._identities.renamed()
        new = steps[-1].new
        if new is None:
            raise AssertionError("the last step of a registration leaves a new state")
        for step in steps:
            if step.op is Op.DELETE_REPLACED:
                if step.urn != urn and not self.targets.include(step.subject):
                    raise OperationFailedError(unasked(step.urn))
                self.executor.condemned.add(step.urn)
            await self.executor.run(step)
            if step.new is not None and step.logical:
                self._steps[urn] = self._unfinished[urn] = step
        self._identities.settled(new)
        return new

    async def outputs(self, urn: str, outputs: Properties) -> None:
        """Record the outputs a component or the stack registers."""
        if urn == self.root:
            self._stack_outputs = outputs
            return
        if urn in self._blocked:
            return  # it was refused or left alone, and the program was told so
        step = self._unfinished.pop(urn, None)
        if step is None or step.new is None:
            raise OperationFailedError(f"cannot complete a resource {urn!r} whose registration isn't pending")
        outputs = self._known(outputs, step.new.outputs)
        changed = step.new.outputs != outputs
        step.new.outputs = outputs
        if step.op in (Op.CREATE, Op.UPDATE):
            await self.executor.after(f"after_{step.op}", step.old if step.op is Op.UPDATE else None, step.new)
        if changed and not self.context.dry_run:
            self.journal.write()

    async def read(self, goal: Goal, id_: str) -> ResourceState:
        """Read a resource somebody else manages (`.get`)."""
        goal.parent = goal.parent or self.root
        urn = self._identities.register(goal)
        goal.provider = await self.resolver.reference(goal, self._goals.get(goal.parent))
        old = self._identities.old_of(urn, goal)
        state = ResourceState(
            urn=urn,
            type=goal.type,
            custom=True,
            id=id_,
            parent=goal.parent,
            provider=goal.provider,
            inputs=goal.inputs,
            dependencies=goal.dependencies,
            external=True,
        )
        step = Step(Op.READ, old, state, goal)
        self._reporter.started(step)
        try:
            provider = await self.resolver.provider_of(state)
            live = await provider.read(urn, Live(id_, goal.inputs, goal.inputs)) if provider else None
            if live is None:
                raise OperationFailedError(f"resource {id_!r} of type {goal.type} does not exist, so it cannot be read")
        except EngineError as error:
            self._blocked.add(urn)
            self.errors.append(str(error))
            self._reporter.failed(step, str(error), 0)
            raise
        state.outputs = live.outputs
        self._reporter.finished(step, 0)
        self._steps[urn] = step
        self._identities.settled(state)
        if old is not None and not old.external:
            old.delete = True  # ours so far: deleted at the end, as Pulumi does
        self.journal.keep(state, old if old and old.external else None)
        return state

    def _blocker(self, goal: Goal) -> str | None:
        """What this depends on that did not succeed."""
        needed = {goal.parent, goal.deleted_with, urns.split_reference(goal.provider)[0], *goal.dependencies}
        for dependencies in goal.property_dependencies.values():
            needed.update(dependencies)
        return min(needed & self._blocked, default=None)

    # -- the end -------------------------------------------------------------------------------------------------

    async def finish(self) -> None:
        """The program declared all it has to: delete what it no longer declares, and what was replaced."""
        if self.executor.stopping or (self.failed and not self.context.continue_on_error):
            return
        over = [state for state in self._olds if state.delete or not self._identities.is_declared(state.urn)]
        await self._delete_meant(over)

    async def destroy(self) -> None:
        """Delete everything, without asking the program."""
        await self._delete_meant(self._olds)

    async def _delete_meant(self, states: list[ResourceState]) -> None:
        meant, problems = self.targets.deletions(states, self._olds, self._goals)
        self.errors += problems
        for problem in problems:
            self._reporter.diagnostic("error", problem)
        if not problems:
            for state in self.targets.remaining(states, meant):
                if not self.journal.came_to(state):
                    await self.executor.run(Step(Op.SAME, state, replace(state)))
            await self.delete(meant)

    async def delete(self, states: list[ResourceState]) -> None:
        """Delete resources, each once everything that depends on it is gone; in parallel where that allows it."""
        self.executor.condemned.update(state.urn for state in states if not state.delete)
        tasks: dict[int, asyncio.Task[bool]] = {}
        for index in reversed(range(len(states))):
            state = states[index]
            dependents = [tasks[id(later)] for later in states[index + 1 :] if state.urn in depends_on(later)]
            tasks[id(state)] = asyncio.create_task(self._delete_one(state, dependents))
        await asyncio.gather(*tasks.values())

    async def _delete_one(self, state: ResourceState, dependents: list[asyncio.Task[bool]]) -> bool:
        if not all([await task for task in dependents]) or state.urn in self._blocked:
            return False
        try:
            gone = Op.DISCARD if state.external else Op.DELETE_REPLACED if state.delete else Op.DELETE
            await self.executor.run(Step(gone, state))
        except CancelledRunError:
            return False
        except EngineError as error:
            self.errors.append(str(error))
            return False
        return True

    def settle_stack_outputs(self) -> tuple[Properties, Properties]:
        """Record the stack's outputs, if the run went well (Pulumi's own ends the program else); gives old and new."""
        step = self._steps.get(self.root)
        stacks = [state.outputs for state in self._olds if state.type == urns.STACK_TYPE]
        old: Properties = stacks[0] if stacks else {}
        if step is None or step.new is None or self._stack_outputs is None:
            return old, old
        ended = self.failed and not (self.context.continue_on_error or self.context.dry_run)
        outputs = old if ended else self._known(self._stack_outputs, old)
        step.new.outputs = {**old, **outputs} if self.failed else outputs
        return old, step.new.outputs

    def _known(self, outputs: Properties, old: Properties) -> Properties:
        """Outputs without those that a failure left unknown: of them the old ones stay."""
        if self.context.dry_run:
            return outputs
        kept = {key: old[key] if contains_unknown(value) and key in old else value for key, value in outputs.items()}
        return {key: value for key, value in kept.items() if not contains_unknown(value)}
