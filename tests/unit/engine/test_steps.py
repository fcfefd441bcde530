"""What is done, and in which order, when a program's wishes meet the state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.engine.errors import EngineError
from sandbox.engine.model import Alias, Goal, Result
from sandbox.engine.state import secret
from sandbox.engine.values import UNKNOWN, is_secret
from tests.unit.engine.world import STACK, Program, World, urn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Body = Callable[[Program], Awaitable[None]]


async def chain(program: Program) -> None:
    """Three things, each needing the one before."""
    made = await program.made("a", {"x": 1})
    made = await program.made("b", {"from": made}, dependencies=[urn("a")], property_dependencies={"from": [urn("a")]})
    await program.thing("c", {"from": made}, dependencies=[urn("b")], property_dependencies={"from": [urn("b")]})


async def nothing(program: Program) -> None:
    """A program that declares nothing any more."""


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

    def program(key: int) -> Body:
        async def body(program: Program) -> None:
            made = (await program.thing("a", {"key": key, "early": True})).state.id
            needs = {"dependencies": [urn("a")]}
            await program.thing("b", {"key": made}, property_dependencies={"key": [urn("a")]}, **needs)
            await program.thing("c", {"from": made}, property_dependencies={"from": [urn("a")]}, **needs)

        return body

    await world.up(program(1))
    await world.up(program(2))
    assert world.cloud.log == ["delete b", "delete a", "create a", "create b", "update c"]
    assert world.snapshot().resources[-1].pending_replacement is False


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


async def test_unknown_input_is_refused_in_an_update() -> None:
    """Outside a preview no resource is made from a value that is not known."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("a", {"x": UNKNOWN})

    deployment = await world.up(program)
    assert "unknown" in deployment.errors[0]
    assert world.cloud.log == []


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


async def test_same_name_twice_is_refused() -> None:
    """Two resources of one type and name cannot be told apart, so the second is refused."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("a")
        with pytest.raises(EngineError, match="Duplicate resource URN"):
            await program.thing("a")

    await world.up(program)


async def test_component_passes_on_protection() -> None:
    """Children of a protected component are protected."""
    world = World()

    async def program(program: Program) -> None:
        await program.thing("a", parent=await program.component("g", protect=True))

    await world.up(program)
    assert world.snapshot().resources[-1].protect


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
