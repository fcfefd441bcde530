"""`pulumi refresh`: makes the state say what is really there. Nothing outside the state is changed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.engine import urns
from sandbox.engine.errors import EngineError
from sandbox.engine.model import Op, Step
from sandbox.engine.operations import live_of

if TYPE_CHECKING:
    from sandbox.engine.deployment import Deployment
    from sandbox.engine.report import Reporter
    from sandbox.engine.state import ResourceState


async def refresh_all(deployment: Deployment, reporter: Reporter) -> None:
    """Read every resource of the state and record what is different."""
    await asyncio.gather(
        *(
            _refresh(deployment, reporter, state)
            for state in deployment.journal.base.resources
            if deployment.targets.include(state)
            and not (deployment.targets and state.type == urns.STACK_TYPE)
            and not urns.is_default_provider(state.urn)
            and not state.delete
            and not state.pending_replacement
        )
    )


async def _refresh(deployment: Deployment, reporter: Reporter, state: ResourceState) -> None:
    step = Step(Op.REFRESH, state, state)
    try:
        # Nobody but the engine knows of a provider: it is as it was recorded, and counted, as Pulumi does.
        provider = None if urns.is_provider(state.type) else await deployment.resolver.provider_of(state)
        known = live_of(state)
        live = await provider.read(state.urn, known) if provider else known  # components are as they are
    except EngineError as error:
        deployment.errors.append(str(error))
        reporter.failed(step, str(error), 0)
        return
    changes = deployment.executor.changes
    if live is None:
        step = Step(Op.DELETE, state)
        deployment.journal.drop_base(state)
    elif (live.inputs, live.outputs) == (state.inputs, state.outputs):
        step = Step(Op.SAME, state, state)
    else:
        new = replace(state, id=live.id, inputs=live.inputs, outputs=live.outputs, init_errors=[])
        # As Pulumi counts: what was asked for differs. What the cloud says of itself (a status) is recorded, no more.
        step = Step(Op.SAME if live.inputs == state.inputs else Op.UPDATE, state, new)
        deployment.journal.replace_base(state, new)
    changes[step.op] = changes.get(step.op, 0) + 1
    reporter.finished(step, 0)
    if not deployment.context.dry_run and step.new is not state:
        deployment.journal.write()
