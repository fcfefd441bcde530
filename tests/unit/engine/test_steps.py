"""What is done, and in which order, when a program's wishes meet the state."""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox.engine.state import secret
from sandbox.engine.values import UNKNOWN, is_secret
from tests.unit.engine.programs import chain, nothing, replaced
from tests.unit.engine.world import Body, Program, World, urn


async def test_creates_what_is_not_there() -> None:
    """A first update creates everything, dependencies first."""
    world = World()
    await world.up(chain)
    assert world.cloud.log == ["create a", "create b", "create c"]
    assert world.names() == ["a", "b", "c"]


async def test_changes_nothing_twice() -> None:
    """A second update of the same program touches nothing and counts everything as unchanged."""
    world = World()
    await world.up(chain)
    deployment = await world.up(chain)
    assert world.cloud.log == []
    assert deployment.executor.changes == {"same": 4}
    assert world.writes == 1


async def test_updates_only_what_changed() -> None:
    """A changed input updates that resource alone."""
    world = World()
    await world.up(chain)

    async def changed(program: Program) -> None:
        await program.thing("a", {"x": 2})
        await program.thing("b", {"from": "by a"}, dependencies=[urn("a")])
        await program.thing("c", {"from": "by b"}, dependencies=[urn("b")])

    await world.up(changed)
    assert world.cloud.log == ["update a"]


async def test_deletes_dependents_first() -> None:
    """What is no longer declared is deleted, dependents before what they depend on."""
    world = World()
    await world.up(chain)
    await world.up(nothing)
    assert world.cloud.log == ["delete c", "delete b", "delete a"]
    assert world.cloud.objects == {}


async def test_destroy_leaves_nothing() -> None:
    """Destroying deletes everything in dependency order and empties the state."""
    world = World()
    await world.up(chain)
    await world.up(None)
    assert world.cloud.log == ["delete c", "delete b", "delete a"]
    assert world.snapshot().resources == []


async def test_replaces_create_first() -> None:
    """A replacement is created, dependents move, and only then the old one is deleted."""
    world = World()

    def program(key: int) -> Body:
        async def body(program: Program) -> None:
            made = (await program.thing("a", {"key": key})).state.id
            await program.thing("b", {"from": made}, dependencies=[urn("a")])

        return body

    await world.up(program(1))
    await world.up(program(2))
    assert world.cloud.log == ["create a", "update b", "delete a"]
    assert sorted(world.cloud.objects) == ["a-2", "b-0"]


async def test_replaces_delete_first_with_dependents() -> None:
    """Delete-before-replace takes down first those dependents that would be replaced as well, then makes them anew."""
    world = World()
    await world.up(replaced(1, early=True))
    await world.up(replaced(2, early=True))
    assert world.cloud.log == ["delete b", "delete a", "create a", "create b", "update c"]
    assert world.snapshot().resources[-1].pending_replacement is False


async def test_runs_in_parallel_where_the_graph_allows() -> None:
    """Two deletions that do not depend on each other are under way at the same time."""
    world = World()

    async def two(program: Program) -> None:
        await program.thing("a")
        await program.thing("b")

    await world.up(two)
    both = asyncio.Barrier(2)

    async def gate(operation: str, _name: str) -> None:
        if operation == "delete":
            await asyncio.wait_for(both.wait(), 5)

    world.cloud.gate = gate
    await world.up(nothing)
    assert sorted(world.cloud.log) == ["delete a", "delete b"]


async def test_respects_the_limit_of_operations() -> None:
    """With `--parallel 1` no two operations are under way at the same time."""
    world = World()
    under_way: list[str] = []

    async def gate(_operation: str, name: str) -> None:
        under_way.append(name)
        assert len(under_way) == 1
        await asyncio.sleep(0)
        under_way.remove(name)

    async def many(program: Program) -> None:
        await asyncio.gather(*(program.thing(name) for name in "abcd"))

    world.cloud.gate = gate
    await world.up(many, parallel=1)
    assert len(world.cloud.log) == 4


async def test_preview_touches_nothing_and_knows_what_it_does_not_know() -> None:
    """A preview changes neither cloud nor state; values that only an operation gives are unknown."""
    world = World()
    seen: list[object] = []

    async def program(program: Program) -> None:
        seen.append(await program.made("a", {"x": 1}))
        await program.thing("b", {"from": UNKNOWN}, dependencies=[urn("a")])

    deployment = await world.up(program, dry_run=True)
    assert seen == [UNKNOWN]
    assert deployment.executor.changes == {"create": 3}
    assert world.cloud.log == []
    assert world.state == "{}"


async def test_secrets_are_marked_though_the_provider_forgets() -> None:
    """A secret input comes back secret, so do outputs named as such, and neither is in the state in clear."""
    world = World()

    async def program(program: Program) -> None:
        outcome = await program.thing(
            "a", {"deep": {"pw": secret("hunter2")}, "token": "t0ken"}, additional_secret_outputs=["token"]
        )
        deep: Any = outcome.state.outputs["deep"]
        assert is_secret(deep["pw"])
        assert is_secret(outcome.state.outputs["token"])

    deployment = await world.up(program)
    assert not deployment.failed
    assert "hunter2" not in world.state
    assert world.cloud.objects["a-0"]["deep"] == {"pw": "hunter2"}


async def test_default_provider_takes_the_stacks_config() -> None:
    """The default provider is a resource of its own, configured by `PACKAGE:KEY` of the stack."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("a", version="1.2.3")

    await world.up(program, config={"fake:region": "north", "demo:x": "y"})
    provider = world.snapshot().resources[1]
    assert provider.urn.endswith("pulumi:providers:fake::default_1_2_3")
    assert provider.inputs == {"region": "north", "version": "1.2.3"}


async def test_replaced_provider_replaces_its_resources() -> None:
    """If a provider's new configuration cannot manage the old resources, they are replaced with it."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("a", {"key": 1})

    await world.up(program, config={"fake:region": "north"})
    deployment = await world.up(program, config={"fake:region": "south"})
    assert deployment.executor.changes == {"same": 1, "replace": 1}
