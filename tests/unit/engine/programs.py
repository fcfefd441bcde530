"""Programs that several tests run."""

from __future__ import annotations

from tests.unit.engine.world import Body, Program, urn


async def chain(program: Program) -> None:
    """Three things, each needing the one before."""
    made = await program.made("a", {"x": 1})
    made = await program.made("b", {"from": made}, dependencies=[urn("a")], property_dependencies={"from": [urn("a")]})
    await program.thing("c", {"from": made}, dependencies=[urn("b")], property_dependencies={"from": [urn("b")]})


async def nothing(program: Program) -> None:
    """A program that declares nothing any more."""


def replaced(key: int, *, early: bool) -> Body:
    """A thing whose key decides its identity, one that is replaced with it, and one that follows."""

    async def body(program: Program) -> None:
        id_ = (await program.thing("a", {"key": key, "early": early})).state.id
        needs = {"dependencies": [urn("a")]}
        await program.thing("b", {"key": id_}, property_dependencies={"key": [urn("a")]}, **needs)
        await program.thing("c", {"from": id_}, property_dependencies={"from": [urn("a")]}, **needs)

    return body
