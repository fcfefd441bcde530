"""From a goal to steps: what has to be done so that a resource becomes what the program wants.

The rules are those of Pulumi's step generator (pkg/resource/deploy/step_generator.go): check, then same, update,
replace (create before delete unless told otherwise) or create. Nothing is carried out here.
"""

from __future__ import annotations

import copy
from dataclasses import replace as replaced
from typing import TYPE_CHECKING

from sandbox.engine import urns
from sandbox.engine.model import Difference, Goal, Op, OperationFailedError, Step
from sandbox.engine.operations import Wish, live_of
from sandbox.engine.state import ResourceState, depends_on
from sandbox.engine.values import (
    UNKNOWN,
    Properties,
    contains_unknown,
    differing_keys,
    parse_path,
    path_contains,
    reset_path,
    same,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sandbox.engine.identity import Identities
    from sandbox.engine.interrupted import Interrupted
    from sandbox.engine.operations import Check, Operations
    from sandbox.engine.targets import Targets

    Analyze = Callable[[ResourceState, Goal, Sequence[str]], Awaitable[bool]]
    ProviderOf = Callable[[ResourceState], Awaitable[Operations | None]]


class Planner:
    """Turns goals into steps, remembering what it has seen in this run."""

    def __init__(  # noqa: PLR0913 - what planning looks at
        self,
        *,
        identities: Identities,
        olds: list[ResourceState],
        provider_of: ProviderOf,
        analyze: Analyze,
        dry_run: bool,
        interrupted: Interrupted,
        targets: Targets,
    ) -> None:
        """Plan against the old states."""
        self._targets = targets
        self._identities = identities
        self._olds = olds
        self._provider_of = provider_of
        self._analyze = analyze
        self._dry_run = dry_run
        self._interrupted = interrupted

    async def plan(self, urn: str, goal: Goal) -> list[Step]:
        """The steps for one registration, to be carried out in this order.

        Raises:
            OperationFailedError: the goal is invalid, protected from what it asks for, or refused by a policy.
        """
        old = self._identities.old_of(urn, goal)
        new = _new_state(urn, goal, old)
        if not self._targets.include(new):
            return self._left(new, old)
        if problem := self._targets.unmade(new):
            raise OperationFailedError(problem)
        provider = await self._provider_of(new) if goal.custom else None
        await self._check(goal, provider, new, self._carries_on(old) or self._interrupted.begun.get(urn))
        allowed = await self._analyze(new, goal, [old.urn] if old is not None and old.urn != urn else [])
        if not (allowed or self._dry_run):  # a preview goes on, and tells all there is to tell
            raise OperationFailedError("")
        if old is None:
            return [Step(Op.CREATE, None, new, goal)]
        if old.external:  # somebody else's so far: it is let go of once ours stands
            return [Step(Op.CREATE_REPLACEMENT, old, new, goal), Step(Op.REPLACE, old, new, goal)]
        return await self._compare(goal, provider, old, new)

    def _left(self, new: ResourceState, old: ResourceState | None) -> list[Step]:
        """What is not meant stays, and before it what it needs and the program no longer declares."""
        if old is None:
            self._targets.skipped.add(new.urn)
            return [Step(Op.SAME, None, new)]
        needed, steps = depends_on(old), [Step(Op.SAME, old, replaced(old, urn=new.urn, parent=new.parent))]
        for state in reversed(self._olds):
            if state.urn in needed and not state.delete and not self._identities.is_declared(state.urn):
                needed |= depends_on(state)
                steps.insert(0, Step(Op.SAME, state, replaced(state)))
        return steps

    async def _compare(
        self, goal: Goal, provider: Operations | None, old: ResourceState, new: ResourceState
    ) -> list[Step]:
        difference = await self._difference(goal, provider, old, new)
        if difference.replace_keys or old.pending_replacement:
            return await self._replace(goal, provider, old, new, difference)
        note = self._unsettled(old)
        if difference.changed or note:
            return [Step(Op.UPDATE, old, new, goal, difference, note)]
        return [Step(Op.SAME, old, new, goal)]

    def _carries_on(self, old: ResourceState | None) -> ResourceState | None:
        """The old resource, if what was chosen for it (a generated name) is kept to."""
        return None if old is None or old.external or old.pending_replacement else old

    def _unsettled(self, old: ResourceState) -> str:
        """Why a resource is updated although nothing about it changed; empty if there is no reason to."""
        if old.init_errors:
            return "it was not ready last time"
        return "its last operation was interrupted" if old.urn in self._interrupted.repeat else ""

    async def _check(
        self, goal: Goal, provider: Operations | None, new: ResourceState, old: ResourceState | None
    ) -> None:
        inputs = goal.inputs
        if old is not None:
            for path in goal.ignore_changes:
                inputs = reset_path(inputs, old.inputs, parse_path(path))
        if not isinstance(inputs, dict):
            raise TypeError("inputs are a property bag")
        if not self._dry_run and contains_unknown(inputs):
            raise OperationFailedError("an input is unknown because what it comes from did not succeed")
        if provider is None:
            new.inputs = inputs
            return
        checked = await provider.check(new.urn, old.inputs if old else None, inputs)
        _raise_failures(new, checked)
        new.inputs = checked.inputs

    async def _difference(
        self, goal: Goal, provider: Operations | None, old: ResourceState, new: ResourceState
    ) -> Difference:
        if bool(old.provider) != bool(new.provider) or await self._provider_replaced(old, new):
            return Difference(changed=True, replace_keys=("provider",))
        if provider is None:
            keys = tuple(differing_keys(old.inputs, new.inputs))
            return Difference(changed=bool(keys), changed_keys=keys)
        found = await provider.diff(new.urn, live_of(old), Wish(new.inputs, goal.ignore_changes))
        return _with_replace_on_changes(found, goal.replace_on_changes)

    async def _provider_replaced(self, old: ResourceState, new: ResourceState) -> bool:
        if old.provider == new.provider or not new.provider:
            return False
        old_urn, new_urn = urns.split_reference(old.provider)[0], urns.split_reference(new.provider)[0]
        if self._identities.was(new_urn, old_urn):
            return False
        before = next((state for state in self._olds if state.urn == old_urn), None)
        after = self._identities.current(new_urn)
        if before is None or after is None:
            return False
        operations = await self._provider_of(after)
        if operations is None:
            return False
        difference = await operations.diff(new_urn, live_of(before), Wish(after.inputs))
        return bool(difference.replace_keys)

    async def _replace(
        self, goal: Goal, provider: Operations | None, old: ResourceState, new: ResourceState, difference: Difference
    ) -> list[Step]:
        if old.protect and new.protect:
            raise OperationFailedError(
                f"unable to replace resource {new.urn!r}\nas it is currently marked for protection. To unprotect the "
                "resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`"
            )
        if provider is not None:  # defaults taken over from the old resource (a generated name, say) do not carry over
            checked = await provider.check(new.urn, None, goal.inputs)
            _raise_failures(new, checked)
            new.inputs = checked.inputs
        create = Step(Op.CREATE_REPLACEMENT, old, new, goal, difference)
        logical = Step(Op.REPLACE, old, new, goal, difference)
        before = difference.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        if not before:
            return [create, logical]
        steps = [
            Step(Op.DELETE_REPLACED, dependent, keep_old_in_state=True)
            for dependent in reversed(await self._dependent_replacements(old))
        ]
        for step in steps:
            if step.old and step.old.protect:
                raise OperationFailedError(
                    f"unable to replace resource {step.urn!r} as part of replacing {new.urn!r} as it is currently "
                    "marked for protection. To unprotect the resource, remove the `protect` flag from the resource in "
                    "your Pulumi program and run `pulumi up`"
                )
        if not old.pending_replacement:
            steps.append(Step(Op.DELETE_REPLACED, old, difference=difference, keep_old_in_state=True))
        return [*steps, logical, create]

    async def _dependent_replacements(self, root: ResourceState) -> list[ResourceState]:
        """What has to go before `root` can: whatever a change of `root`'s properties would replace, in state order."""
        doomed = {root.urn}
        found: list[ResourceState] = []
        for state in self._olds:
            if not state.custom or state.external or state.delete or state.pending_replacement:
                continue
            if urns.split_reference(state.provider)[0] in doomed or (state.deleted_with in doomed):
                doomed.add(state.urn)
                found.append(state)
                continue
            inputs: Properties = {
                key: UNKNOWN if doomed.intersection(state.property_dependencies.get(key, ())) else value
                for key, value in state.inputs.items()
            }
            if same(inputs, state.inputs):
                continue
            provider = await self._provider_of(state)
            if provider is None:
                continue
            difference = await provider.diff(state.urn, live_of(state), Wish(inputs))
            if difference.replace_keys:
                doomed.add(state.urn)
                found.append(state)
        return found


def _new_state(urn: str, goal: Goal, old: ResourceState | None) -> ResourceState:
    return ResourceState(
        urn=urn,
        type=goal.type,
        custom=goal.custom,
        parent=goal.parent,
        provider=goal.provider,
        inputs=goal.inputs,
        dependencies=goal.dependencies,
        property_dependencies=goal.property_dependencies,
        deleted_with=goal.deleted_with,
        protect=bool(goal.protect),
        retain_on_delete=bool(goal.retain_on_delete),
        additional_secret_outputs=goal.additional_secret_outputs,
        custom_timeouts=goal.custom_timeouts,
        ignore_changes=goal.ignore_changes,
        replace_on_changes=goal.replace_on_changes,
        resource_hooks=goal.hooks,
        created=old.created if old else "",
        modified=old.modified if old else "",
        extra=copy.copy(old.extra) if old else {},
    )


def _raise_failures(new: ResourceState, checked: Check) -> None:
    if checked.failures:
        raise OperationFailedError(
            "\n".join(
                f"{new.type} resource {urns.name_of(new.urn)!r}: property {name} has a problem: {reason}"
                if name
                else f"{new.type} resource {urns.name_of(new.urn)!r} has a problem: {reason}"
                for name, reason in checked.failures
            )
        )


def _with_replace_on_changes(difference: Difference, paths: list[str]) -> Difference:
    if not difference.changed or not paths:
        return difference
    wanted = [parse_path(path) for path in paths]
    hit = [
        key
        for key in {*difference.changed_keys, *difference.detailed}
        if any(path_contains(path, parse_path(key)) for path in wanted)
    ]
    return replaced(difference, replace_keys=tuple(sorted({*difference.replace_keys, *hit})))
