"""What a resource's options make of it: protection, ignored changes, aliases, what stays or goes with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.engine.analyzers import Analyzers
from sandbox.engine.model import Alias
from tests.unit.engine.programs import nothing
from tests.unit.engine.world import Body, Program, World, urn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.engine.model import Goal
    from sandbox.engine.state import ResourceState


async def test_protected_resources_stay() -> None:
    """A protected resource is neither deleted nor replaced; the message says how to go on."""
    world = World()

    async def guarded(program: Program) -> None:
        await program.thing("a", {"key": 1}, protect=True)

    async def other(program: Program) -> None:
        await program.thing("a", {"key": 2}, protect=True)

    await world.up(guarded)
    replacing = await world.up(other)
    assert "unprotect" in replacing.errors[0]
    deleting = await world.up(nothing)
    assert "unprotect" in deleting.errors[0]
    assert world.cloud.log == []
    assert "a-1" in world.cloud.objects


async def test_component_passes_on_what_keeps_its_children() -> None:
    """Children of a protected component are protected, those of one that is left behind are left behind."""
    world = World()

    async def program(program: Program) -> None:
        group = await program.component("g", protect=True, retain_on_delete=True)
        await program.thing("a", parent=group)
        await program.thing("b", parent=group, protect=False, retain_on_delete=False)

    await world.up(program)
    a, b = world.snapshot().resources[-2:]
    assert (a.protect, a.retain_on_delete) == (True, True)
    assert (b.protect, b.retain_on_delete) == (False, False)


async def test_ignores_changes() -> None:
    """`ignoreChanges` keeps the old value, at any depth, and other changes go through."""
    world = World()

    def program(inner: int, outer: int) -> Body:
        async def body(program: Program) -> None:
            inputs = {"deep": {"list": [{"x": inner}]}, "y": outer}
            await program.thing("a", inputs, ignore_changes=["deep.list[0].x"])

        return body

    await world.up(program(1, 1))
    await world.up(program(2, 1))
    assert world.cloud.log == []
    await world.up(program(3, 2))
    assert world.cloud.objects["a-0"]["deep"] == {"list": [{"x": 1}]}
    assert world.cloud.objects["a-0"]["y"] == 2


async def test_replace_on_changes() -> None:
    """`replaceOnChanges` turns an update of the named property into a replacement."""
    world = World()

    def program(value: int) -> Body:
        async def body(program: Program) -> None:
            await program.thing("a", {"x": value}, replace_on_changes=["x"])

        return body

    await world.up(program(1))
    deployment = await world.up(program(2))
    assert deployment.executor.changes["replace"] == 1


async def test_option_overrides_the_providers_order() -> None:
    """`deleteBeforeReplace` of the program wins over what the provider asks for."""
    world = World()

    def program(key: int) -> Body:
        async def body(program: Program) -> None:
            await program.thing("a", {"key": key, "early": True}, delete_before_replace=False)

        return body

    await world.up(program(1))
    await world.up(program(2))
    assert world.cloud.log == ["create a", "delete a"]


async def test_alias_keeps_the_resource() -> None:
    """A resource declared under a new name with an alias is the same resource, and so are references to it."""
    world = World()

    async def before(program: Program) -> None:
        await program.thing("a")
        await program.thing("b", dependencies=[urn("a")])

    async def after(program: Program) -> None:
        await program.thing("new", aliases=[Alias(name="a")])
        await program.thing("b", dependencies=[urn("new")])

    await world.up(before)
    await world.up(after)
    assert world.cloud.log == []
    assert world.names() == ["new", "b"]


async def test_policies_see_what_a_resource_was_called() -> None:
    """By an alias that was used: one that is not needed any more says nothing."""
    world = World()
    seen: dict[str, list[str]] = {}

    class Judge(Analyzers):
        async def analyze(self, state: ResourceState, goal: Goal, aliases: Sequence[str]) -> bool:
            seen[goal.name] = list(aliases)
            return await super().analyze(state, goal, aliases)

    async def before(program: Program) -> None:
        await program.thing("a")

    async def after(program: Program) -> None:
        await program.thing("new", aliases=[Alias(name="a")])

    await world.up(before)
    await world.up(after, analyzers=Judge(world.recorder))
    assert seen["new"] == [urn("a")]
    await world.up(after, analyzers=Judge(world.recorder))
    assert seen["new"] == []


async def test_alias_of_a_parent_reaches_its_children() -> None:
    """Children of a renamed component are found under the component's old name."""
    world = World()

    def program(name: str, **options: Any) -> Body:  # noqa: ANN401 - whatever a goal takes
        async def body(program: Program) -> None:
            parent = await program.component(name, **options)
            await program.thing(f"{name}-child", parent=parent)

        return body

    await world.up(program("old"))
    await world.up(program("new", aliases=[Alias(name="old")]))
    assert world.cloud.log == []
    assert world.names() == ["new-child"]


async def test_retained_and_deleted_with() -> None:
    """`retainOnDelete` leaves the object; `deletedWith` needs no deletion of its own."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("keep", retain_on_delete=True)
        await program.thing("box")
        await program.thing("inside", deleted_with=urn("box"))

    await world.up(program)
    await world.up(nothing)
    assert world.cloud.log == ["delete box"]
    assert sorted(world.cloud.objects) == ["inside-0", "keep-0"]
