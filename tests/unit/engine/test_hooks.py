"""Resource hooks: what a failing one prevents, what it cannot, and when they run at all."""

# ruff: noqa: D102, D107 - a fake: the protocol names its methods

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from sandbox.engine.hooks import Hooks
from sandbox.engine.values import from_struct
from tests.unit.engine.world import Program, Recorder, World, urn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Host(callback_pb2_grpc.CallbacksServicer):
    """A program's side of hooks: remembers its calls, and fails where it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, resource_pb2.ResourceHookRequest]] = []
        self.refusals: dict[str, str] = {}
        self.target = ""

    async def Invoke(self, request: Any, context: Any) -> callback_pb2.CallbackInvokeResponse:  # noqa: ANN401, ARG002, N802 - the protocol's
        self.calls.append((request.token, resource_pb2.ResourceHookRequest.FromString(request.request)))
        response = resource_pb2.ResourceHookResponse(error=self.refusals.get(request.token, ""))
        return callback_pb2.CallbackInvokeResponse(response=response.SerializeToString())

    def hooks(self, recorder: Recorder, *, dry_run: bool = False, **options: dict[str, Any]) -> Hooks:
        """Hooks of these names, registered as a program does it."""
        hooks = Hooks(recorder, dry_run=dry_run)
        for name, given in options.items():
            callback = callback_pb2.Callback(target=self.target, token=name)
            hooks.register(resource_pb2.RegisterResourceHookRequest(name=name, callback=callback, **given))
        return hooks


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """A program that serves hooks on loopback."""
    host, server = Host(), grpc.aio.server()
    callback_pb2_grpc.add_CallbacksServicer_to_server(host, server)
    host.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield host
    await server.stop(None)


def guarded(value: int, **hooks: list[str]) -> Any:  # noqa: ANN401 - a program
    """A guarded thing, one that needs it and one that does not."""

    async def body(program: Program) -> None:
        await program.thing("a", {"x": value}, hooks=hooks)
        await program.thing("b", {"x": value}, dependencies=[urn("a")])
        await program.thing("c", {"x": value})

    return body


async def run(world: World, host: Host, body: Any, *, dry_run: bool = False, **options: Any) -> Any:  # noqa: ANN401 - as above
    """Run a program whose hooks are these."""
    hooks = host.hooks(world.recorder, dry_run=dry_run, **options)
    deployment = await world.up(body, dry_run=dry_run, hooks=hooks)
    await hooks.close()
    return deployment


async def test_failing_before_hook_prevents_the_operation(host: Host) -> None:
    """The operation does not happen, the old state stays, dependents are left alone, the independent is finished."""
    world = World()
    await run(world, host, guarded(1))
    host.refusals["gate"] = "2 of 3 endpoints ready"
    deployment = await run(world, host, guarded(2, BeforeUpdate=["gate"]), gate={})
    assert deployment.errors == ['before hook "gate" failed: 2 of 3 endpoints ready']
    assert world.cloud.log == ["update c"]
    states = {state.urn: state.inputs for state in world.snapshot().resources}
    assert (states[urn("a")], states[urn("b")], states[urn("c")]) == ({"x": 1}, {"x": 1}, {"x": 2})


async def test_next_update_asks_again(host: Host) -> None:
    """What a hook refused is still to be done: the next update runs the hook again and goes on from there."""
    world = World()
    await run(world, host, guarded(1))
    host.refusals["gate"] = "no"
    await run(world, host, guarded(2, BeforeUpdate=["gate"]), gate={})
    host.refusals.clear()
    await run(world, host, guarded(2, BeforeUpdate=["gate"]), gate={})
    assert [token for token, _ in host.calls] == ["gate", "gate"]
    assert world.cloud.log == ["update a", "update b"]


async def test_failing_after_hook_fails_the_update_and_keeps_the_state(host: Host) -> None:
    """After the operation nothing can be undone: the new state stays, the update fails, the hook is not run again."""
    world = World()
    host.refusals["told"] = "nobody listens"
    deployment = await run(world, host, guarded(1, AfterCreate=["told"]), told={})
    assert deployment.failed
    assert any("nobody listens" in line for line in world.recorder.said)
    assert world.names() == ["a", "b", "c"]
    again = await run(world, host, guarded(1, AfterCreate=["told"]), told={})
    assert not again.failed
    assert len(host.calls) == 1


async def test_hooks_run_only_for_what_changes(host: Host) -> None:
    """An unchanged resource's hooks do not run."""
    world = World()
    await run(world, host, guarded(1, BeforeUpdate=["gate"]), gate={})
    await run(world, host, guarded(1, BeforeUpdate=["gate"]), gate={})
    assert host.calls == []


@pytest.mark.parametrize(("on_dry_run", "calls"), [(True, 1), (False, 0)])
async def test_previews_run_hooks_that_ask_for_it(host: Host, on_dry_run: bool, calls: int) -> None:  # noqa: FBT001 - a parameter of the test
    """In a preview only hooks with `on_dry_run` run."""
    world = World()
    await run(world, host, guarded(1))
    options = {"gate": {"on_dry_run": on_dry_run}}
    await run(world, host, guarded(2, BeforeUpdate=["gate"]), dry_run=True, **options)
    assert len(host.calls) == calls


async def test_failing_hook_fails_the_preview(host: Host) -> None:
    """A preview says that an update would be refused."""
    world = World()
    await run(world, host, guarded(1))
    host.refusals["gate"] = "no"
    body = guarded(2, BeforeUpdate=["gate"])
    deployment = await run(world, host, body, dry_run=True, gate={"on_dry_run": True})
    assert deployment.failed


async def test_ignored_errors_are_warnings(host: Host) -> None:
    """A hook registered with `ignore_errors` warns and lets the operation go on."""
    world = World()
    host.refusals["gate"] = "no"
    deployment = await run(world, host, guarded(1, BeforeCreate=["gate"]), gate={"ignore_errors": True})
    assert not deployment.failed
    assert any(line.startswith("warning:") for line in world.recorder.said)


async def test_hooks_see_what_pulumi_says_they_see(host: Host) -> None:
    """Before an update: old and new inputs and old outputs; after it the new outputs as well."""
    world = World()
    await run(world, host, guarded(1))
    body = guarded(2, BeforeUpdate=["before"], AfterUpdate=["after"])
    await run(world, host, body, before={}, after={})
    before, after = (request for _, request in host.calls)
    assert (from_struct(before.old_inputs), from_struct(before.new_inputs)) == ({"x": 1}, {"x": 2})
    assert from_struct(before.old_outputs)["made"] == "by a"
    assert not before.HasField("new_outputs")
    assert from_struct(after.new_outputs)["x"] == 2
    assert (before.id, before.name, before.type) == ("a-0", "a", "fake:index:Thing")


async def test_delete_hooks_guard_deletion(host: Host) -> None:
    """A failing before_delete hook keeps the resource."""
    world = World()
    hooked = {"BeforeDelete": ["gate"]}
    await run(world, host, guarded(1, **hooked), gate={})
    host.refusals["gate"] = "still in use"

    async def nothing(program: Program) -> None:
        """Declare nothing any more."""

    deployment = await run(world, host, nothing, gate={})
    assert deployment.errors == ['before hook "gate" failed: still in use']
    assert world.names() == ["a"]


async def test_missing_hook_prevents_the_deletion(host: Host) -> None:
    """A deletion whose hook nobody registered (destroying without the program) is refused, not done unguarded."""
    world = World()
    await run(world, host, guarded(1, BeforeDelete=["gate"]), gate={})
    deployment = await world.up(None)
    assert any("'gate' was not registered" in error for error in deployment.errors)
    assert "a" in world.names()
