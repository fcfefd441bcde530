"""What is only read is somebody else's."""

from __future__ import annotations

from sandbox.engine.model import Goal
from tests.unit.engine.programs import nothing
from tests.unit.engine.world import Program, World


async def test_read_resources_are_nobodys_to_delete() -> None:
    """A resource that is only read is recorded as external, refreshed by each update, and never deleted."""
    world = World()
    world.cloud.objects["theirs"] = {"made": "by somebody else"}

    async def reading(program: Program) -> None:
        state = await program.deployment.read(Goal(type="fake:index:Thing", name="t"), "theirs")
        assert state.outputs == {"made": "by somebody else"}

    await world.up(reading)
    assert world.snapshot().resources[-1].external
    await world.up(nothing)
    assert (world.cloud.log, world.names(), list(world.cloud.objects)) == ([], [], ["theirs"])


async def test_what_was_read_is_let_go_of_before_its_provider() -> None:
    """With the last resource of a package, one that was only read, its provider goes too, in an order that holds."""
    world = World()
    world.cloud.objects["theirs"] = {}

    async def reading(program: Program) -> None:
        await program.deployment.read(Goal(type="fake:index:Thing", name="t"), "theirs")

    await world.up(reading)
    deployment = await world.up(nothing)  # each state that is written is verified
    assert (deployment.errors, deployment.executor.changes["discard"], world.names()) == ([], 1, [])
    assert "theirs" in world.cloud.objects


async def test_taking_over_what_was_read() -> None:
    """A resource that was only read and is now declared is created as ours; what was read is let go of, not deleted."""
    world = World()
    world.cloud.objects["theirs"] = {}

    async def reading(program: Program) -> None:
        await program.deployment.read(Goal(type="fake:index:Thing", name="t"), "theirs")

    async def owning(program: Program) -> None:
        await program.thing("t")

    await world.up(reading)
    await world.up(owning)
    assert (world.cloud.log, world.names(), sorted(world.cloud.objects)) == (["create t"], ["t"], ["t-0", "theirs"])
    await world.up(reading)
    assert world.cloud.log == ["delete t"]
