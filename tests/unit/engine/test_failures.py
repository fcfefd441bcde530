"""What fails spares the rest, is kept as it is, and is tried again."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.errors import EngineError
from sandbox.engine.model import Result
from sandbox.engine.values import UNKNOWN
from tests.unit.engine.world import STACK, Body, Program, World, urn


async def test_not_ready_is_kept_and_tried_again() -> None:
    """A resource that exists but is not ready keeps its reasons in the state, and the next update tries again."""
    world = World()

    def program(**inputs: Any) -> Body:  # noqa: ANN401 - whatever a goal takes
        async def body(program: Program) -> None:
            await program.thing("a", inputs)

        return body

    failed = await world.up(program(unready="no pod answers"))
    assert failed.failed
    state = world.snapshot().resources[-1]
    assert (state.id, state.init_errors) == ("a-0", ["no pod answers"])
    await world.up(program(unready="no pod answers"))
    assert world.cloud.log == ["update a"]
    await world.up(program())
    assert world.snapshot().resources[-1].init_errors == []


async def test_failure_spares_the_independent() -> None:
    """What depends on a failed resource is left alone; what does not is finished; nothing is deleted."""
    world = World()

    async def before(program: Program) -> None:
        await program.thing("old")

    async def after(program: Program) -> None:
        failed = await program.thing("a", {"refuse": "quota"})
        assert failed.result is Result.FAILED
        skipped = await program.thing("b", dependencies=[urn("a")])
        assert skipped.result is Result.SKIPPED
        group = await program.component("g", dependencies=[urn("a")])
        await program.deployment.outputs(group, {"x": 1})
        await program.thing("c")

    await world.up(before)
    deployment = await world.up(after)
    assert deployment.errors == ["quota"]
    assert world.cloud.log == ["create c"]
    assert world.names() == ["c", "old"]


async def test_continue_on_error_deletes_all_the_same() -> None:
    """With `--continue-on-error` a failure does not keep deletions back."""
    world = World()

    async def before(program: Program) -> None:
        await program.thing("old")

    async def after(program: Program) -> None:
        await program.thing("a", {"refuse": "quota"})

    await world.up(before)
    await world.up(after, continue_on_error=True)
    assert world.cloud.log == ["delete old"]


async def test_failed_deletion_keeps_what_it_needs() -> None:
    """If a deletion fails, what the resource depends on is not deleted under it."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("a")
        await program.thing("b", {"stay": "finalizer"}, dependencies=[urn("a")])

    await world.up(program)
    deployment = await world.up(None)
    assert deployment.errors == ["finalizer"]
    assert world.cloud.log == []
    assert world.names() == ["a", "b"]


async def test_invalid_inputs_fail_before_anything_happens() -> None:
    """What the provider's check refuses is reported with property and reason, and not created."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("a", {"bad": "must be even"})

    deployment = await world.up(program)
    assert "property bad has a problem: must be even" in deployment.errors[0]
    assert world.cloud.log == []


async def test_unknown_input_is_refused_in_an_update() -> None:
    """Outside a preview no resource is made from a value that is not known."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("a", {"x": UNKNOWN})

    deployment = await world.up(program)
    assert "unknown" in deployment.errors[0]
    assert world.cloud.log == []


async def test_same_name_twice_is_refused() -> None:
    """Two resources of one type and name cannot be told apart, so the second is refused."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("a")
        with pytest.raises(EngineError, match="Duplicate resource URN"):
            await program.thing("a")

    await world.up(program)


async def test_kept_outputs_after_a_failure() -> None:
    """A failed update leaves the stack's outputs as they were, whatever the program says in its end."""
    world = World()

    def program(**inputs: Any) -> Body:  # noqa: ANN401 - whatever a goal takes
        async def body(program: Program) -> None:
            made = (await program.thing("a", inputs)).state.outputs.get("made", UNKNOWN)
            await program.deployment.outputs(STACK, {"made": made, "key": inputs["key"]})
            program.deployment.settle_stack_outputs()

        return body

    await world.up(program(key=1))
    await world.up(program(key=2, unready="no pod answers"))
    assert world.snapshot().resources[0].outputs == {"made": "by a", "key": 1}
    await world.up(program(key=2))
    assert world.snapshot().resources[0].outputs == {"made": "by a", "key": 2}


async def test_outputs_of_a_run_that_went_on_after_a_failure() -> None:
    """With `--continue-on-error` what the program says counts, and what it does not say stays as it was."""
    world = World()

    def program(**outputs: int) -> Body:
        async def body(program: Program) -> None:
            await program.thing("a", {"refuse": "quota"} if "kept" not in outputs else {})
            await program.deployment.outputs(STACK, {**outputs})
            program.deployment.settle_stack_outputs()

        return body

    await world.up(program(key=1, kept=1))
    await world.up(program(key=2), continue_on_error=True)
    assert world.snapshot().resources[0].outputs == {"key": 2, "kept": 1}
