"""The tests call hooks as an engine does, against a cluster on loopback."""

import logging

import pulumi
from pulumi.runtime import mocks
from teal_infra.hooks.guard import Guard

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.model.colours import Colour
from teal.spec.move import Move
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import move


class NoResources(mocks.Mocks):
    """A monitor for programs that declare nothing."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[object, object]]:
        """Nothing is expected to be declared."""
        raise AssertionError(args.name)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[object, object], list[tuple[str, str]] | None]:
        """Nothing is expected to be called."""
        raise AssertionError(args.token)


def inputs(colour: str) -> dict[str, object]:
    """The active Service's inputs as a hook sees them."""
    return {"metadata": {"name": "backend"}, "spec": {"selector": {"teal/colour": colour}}}


async def prove(  # noqa: PLR0913 - what an engine tells a hook, and what differs
    server: FakeApiServer,
    old: str | None,
    new: str,
    *,
    dry_run: bool = False,
    declared: Move | None = None,
    wanted: dict[str, object] | None = None,
    shared: bool = False,
) -> Guard:
    """Run the traffic hook of an update to `new`; the update's guard."""
    mocks.set_mocks(NoResources(), project="teal", stack="dev", preview=dry_run, logger=logging.getLogger("engine"))
    access = ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)
    guard = Guard(access, declared or move(Colour(new)), shared=shared)
    hook = guard.traffic_hooks().before_update
    assert hook
    result = hook[0](  # pyright: ignore[reportUnknownVariableType, reportCallIssue]  # hook or callable, by the SDK's type
        pulumi.ResourceHookArgs(
            urn="urn",
            id="",
            name="backend-active",
            type="t",
            new_inputs=wanted or inputs(new),
            old_inputs=inputs(old) if old else None,
        )
    )
    assert result is not None
    await result
    return guard
