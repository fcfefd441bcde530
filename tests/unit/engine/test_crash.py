"""A process that dies at any moment loses nothing: the next update goes on and ends where it should.

Each test runs an update once, keeps every moment at which dying would leave something different behind (after each
write of the state, after each change of the cloud), and then goes on from every one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.engine.model import Alias, OperationFailedError
from sandbox.engine.state import PendingOperation, secret
from tests.unit.engine.programs import nothing, replaced
from tests.unit.engine.world import Body, Moment, Program, World, urn

if TYPE_CHECKING:
    from sandbox.engine.operations import Check, Live
    from sandbox.engine.values import Properties


def things(**inputs: int) -> Body:
    """Two independent things and one that needs the first."""

    async def body(program: Program) -> None:
        first = await program.thing("a", {**inputs, "pw": secret("hunter2")})
        await program.thing("b", {"x": 1})
        made = first.state.outputs["made"]
        await program.thing("c", {"from": made, **inputs}, dependencies=[urn("a")])

    return body


def named(name: str, value: int, **options: list[Alias]) -> Body:
    """A thing under this name, and one that needs it."""

    async def body(program: Program) -> None:
        made = (await program.thing(name, {"x": value}, **options)).state.outputs["x"]
        await program.thing("b", {"from": made}, dependencies=[urn(name)])

    return body


SCENARIOS: dict[str, tuple[Body | None, Body | None]] = {
    "rename and update": (named("a", 1), named("a2", 2, aliases=[Alias(name="a")])),
    "create": (None, things(v=1)),
    "update": (things(v=1), things(v=2)),
    "delete": (things(v=1), nothing),
    "replace, create first": (replaced(1, early=False), replaced(2, early=False)),
    "replace, delete first": (replaced(1, early=True), replaced(2, early=True)),
}


def pending(moment: Moment) -> list[PendingOperation]:
    """What a state says was begun."""
    return World(moment).snapshot().pending_operations


async def moments(before: Body | None, after: Body | None) -> tuple[list[Moment], World]:
    """Every moment of the second update, and the world after it."""
    world = World()
    if before is not None:
        await world.up(before)
    deployment = await world.up(after)
    assert not deployment.failed
    return world.moments, world


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_next_update_goes_on(scenario: str) -> None:
    """From wherever it died, the next update ends with the same cloud and a state that says so."""
    before, after = SCENARIOS[scenario]
    left, finished = await moments(before, after)
    assert len(left) > 4
    for moment in left:
        world = World(moment)
        deployment = await world.up(after)
        assert deployment.errors == []
        assert world.cloud.objects == finished.cloud.objects
        snapshot = world.snapshot()
        assert snapshot.pending_operations == []
        assert sorted(state.urn for state in snapshot.resources) == sorted(
            state.urn for state in finished.snapshot().resources
        )
        assert not any(state.delete or state.pending_replacement for state in snapshot.resources)
        again = await world.up(after)
        assert world.cloud.log == []
        assert again.executor.changes.keys() <= {"same"}


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_destroy_finds_everything(scenario: str) -> None:
    """From wherever it died, destroying leaves no object behind: what was being created is found as well."""
    before, after = SCENARIOS[scenario]
    left, _ = await moments(before, after)
    for moment in left:
        world = World(moment)
        deployment = await world.up(None)
        assert deployment.errors == []
        assert world.cloud.objects == {}
        assert world.snapshot().resources == []


# Not "create first": a provider whose objects have given names never asks for it, and this cloud's have.
@pytest.mark.parametrize("scenario", ["update", "replace, delete first"])
async def test_going_back_goes_back(scenario: str) -> None:
    """If the config is taken back after the process died, the next update takes back what it had begun."""
    before, after = SCENARIOS[scenario]
    left, _ = await moments(before, after)
    origin = World()
    assert before is not None
    await origin.up(before)
    for moment in left:
        world = World(moment)
        deployment = await world.up(before)
        assert deployment.errors == []
        assert world.cloud.objects == origin.cloud.objects


async def test_dying_while_recovering() -> None:
    """A process that dies again while it goes on loses nothing either."""
    before, after = SCENARIOS["update"]
    left, finished = await moments(before, after)
    for moment in left:
        recovering = World(moment)
        await recovering.up(after)
        for second in recovering.moments:
            world = World(second)
            assert not (await world.up(after)).failed
            assert world.cloud.objects == finished.cloud.objects


async def test_begun_operations_are_in_the_state() -> None:
    """While an operation is under way, the state on disk names it."""
    world = World()
    seen: list[list[PendingOperation]] = []

    async def gate(_operation: str, _name: str) -> None:
        seen.append(world.snapshot().pending_operations)

    world.cloud.gate = gate
    await world.up(things(v=1))
    await world.up(things(v=2))
    kinds = [(pending[0].kind, pending[0].resource.urn) for pending in seen]
    assert kinds[0] == ("creating", urn("a"))
    assert kinds[-1] == ("updating", urn("c"))


async def test_says_what_it_found() -> None:
    """The update that goes on says what became of the interrupted operation."""
    left, _ = await moments(None, things(v=1))
    created = next(moment for moment in left if "a-0" in moment.objects and '"creating"' in moment.state)
    world = World(created)
    await world.up(things(v=1))
    assert any("creation was interrupted and 'a-0' exists" in line for line in world.recorder.said)
    assert "create a" not in world.cloud.log


async def test_generated_names_are_kept_to() -> None:
    """If a provider cannot say what became of a creation, the next one is made from the same checked inputs."""
    left, _ = await moments(None, things(v=1))
    begun = next(moment for moment in left if [it.resource.urn for it in pending(moment)] == [urn("a")])
    world = World(begun)
    olds: list[object] = []
    check = world.cloud.check

    async def remembering(urn_: str, old: Properties | None, news: Properties) -> Check:
        olds.append(old)
        return await check(urn_, old, news)

    async def blind(urn_: str, old: Live) -> None:
        raise OperationFailedError(f"cannot read {urn_} {old.id}")

    world.cloud.check, world.cloud.read = remembering, blind
    deployment = await world.up(things(v=1))
    assert not deployment.failed
    assert olds[0] is not None
    assert world.snapshot().pending_operations == []
