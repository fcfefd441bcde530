"""`--target`: a run touches what it names, and says what else it would have to touch."""

from __future__ import annotations

import pytest

from sandbox.engine.targets import Targets
from tests.unit.engine.world import Body, Program, World, urn


def things(**values: int) -> Body:
    """`a`, `b` that needs it, and `c`, as far as they are given, each with its value."""

    async def body(program: Program) -> None:
        for name, value in values.items():
            needs = [urn("a")] if name == "b" and "a" in values else []
            await program.thing(name, {"x": value}, dependencies=needs)

    return body


async def test_only_what_is_named_is_touched() -> None:
    """Of three changes, one deletion and one creation, only the change that is named is made."""
    world = World()
    await world.up(things(a=1, b=1, old=1))
    deployment = await world.up(things(a=2, b=2, c=1), targets=Targets([urn("a")]))
    assert (deployment.errors, world.cloud.log) == ([], ["update a"])
    assert world.names() == ["a", "b", "old"]


async def test_dependents_on_request() -> None:
    """With `--target-dependents` what depends on the named follows."""
    world = World()
    await world.up(things(a=1, b=1, c=1))
    await world.up(things(a=2, b=2, c=2), targets=Targets([urn("a")], dependents=True))
    assert world.cloud.log == ["update a", "update b"]


async def test_patterns() -> None:
    """`*` stands for a name, `**` for any part of a URN."""
    world = World()
    await world.up(things(a=1, c=1), targets=Targets(["**Thing::*"]))
    assert world.cloud.log == ["create a", "create c"]
    await world.up(things(a=2, c=2), targets=Targets(["urn:*::Thing::a"]))
    assert world.cloud.log == []


async def test_needs_what_is_not_made() -> None:
    """A named resource that needs a new one that is not named is refused, and both are told."""
    world = World()
    deployment = await world.up(things(a=1, b=1), targets=Targets([urn("b")]))
    assert deployment.errors == [
        f"Resource '{urn('b')}' depends on '{urn('a')}' which was was not specified in --target list."
    ]
    assert world.cloud.log == []


@pytest.mark.parametrize("dependents", [False, True])
async def test_deletions(*, dependents: bool) -> None:
    """A named resource that is no longer declared goes, but only together with what depends on it."""
    world = World()
    await world.up(things(a=1, b=1, c=1))
    deployment = await world.up(None, targets=Targets([urn("a")], dependents=dependents))
    assert world.cloud.log == (["delete b", "delete a"] if dependents else [])
    assert [f"'{urn('b')}' will be destroyed" in error for error in deployment.errors] == [True] * (not dependents)


async def test_what_stays_keeps_what_it_needs() -> None:
    """What is not named and depends on things no longer declared, in turn, is kept together with them."""
    world = World()

    async def chain(program: Program) -> None:
        await program.thing("base")
        await program.thing("a", dependencies=[urn("base")])
        await program.thing("b", {"x": 1}, dependencies=[urn("a")])
        await program.thing("c", {"x": 1})

    async def its_end(program: Program) -> None:
        await program.thing("b", {"x": 2})
        await program.thing("c", {"x": 2})

    await world.up(chain)
    await world.up(its_end, targets=Targets([urn("c")]))
    assert world.cloud.log == ["update c"]
    assert world.names() == ["base", "a", "b", "c"]


async def test_replacing_spares_dependents_that_are_not_named() -> None:
    """Deleting a named resource first, which would take a dependent along that is not named, is refused."""
    world = World()

    def program(key: int) -> Body:
        async def body(program: Program) -> None:
            made = (await program.thing("a", {"key": key, "early": True})).state.id
            await program.thing("b", {"key": made}, dependencies=[urn("a")], property_dependencies={"key": [urn("a")]})

        return body

    await world.up(program(1))
    deployment = await world.up(program(2), targets=Targets([urn("a")]))
    assert "will be destroyed but was not specified" in deployment.errors[0]
    assert world.cloud.log == []


async def test_unknown_target_is_told() -> None:
    """A URN that neither the program nor the state knows is an error, not silence."""
    world = World()
    deployment = await world.up(things(a=1), targets=Targets([urn("nobody")]))
    assert deployment.errors == [
        f"Target '{urn('nobody')}' could not be found in the stack. Did you forget to escape $ in your shell?"
    ]


async def test_a_pattern_may_find_nothing() -> None:
    """A name that nobody knows is a mistake; a pattern is none."""
    world = World()
    await world.up(things(a=1))
    assert (await world.up(things(a=2), targets=Targets(["**::nobody*"]))).errors == []
    assert "could not be found" in (await world.up(things(a=2), targets=Targets([urn("nobody")]))).errors[0]
    assert world.cloud.log == []


async def test_what_a_replacement_left_behind_waits_for_its_turn() -> None:
    """A run that is about something else neither deletes nor counts it."""
    world = World()

    def program(key: int, value: int) -> Body:
        async def body(program: Program) -> None:
            await program.thing("a", {"key": key, "stay": "finalizer"})
            await program.thing("b", {"x": value})

        return body

    await world.up(program(1, 1))
    await world.up(program(2, 1))
    assert world.names().count("a") == 2
    deployment = await world.up(program(2, 2), targets=Targets([urn("b")]))
    assert (deployment.errors, world.cloud.log, world.names().count("a")) == ([], ["update b"], 2)
    assert deployment.executor.changes == {"same": 2, "update": 1}
