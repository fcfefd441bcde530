"""The hooks themselves, called as an engine calls them, against a cluster on loopback."""

import logging

import pulumi
import pytest
from pulumi.runtime import mocks

from infra.guard import Guard
from teal.bake import BakePlan, ServiceBake
from teal.colours import Colour
from teal.declared import Move
from teal.errors import ForeignChangeError, RefusedError
from teal.gates.plan import GatePlan
from teal.kube import ClusterAccess
from tests.unit.conftest import FakeApiServer


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


def move(to: str, confirmed: Colour | None = Colour.BLUE) -> Move:
    """What an update to a colour declares; its bake asks once."""
    return Move(
        to=Colour(to),
        versions={Colour.BLUE: "1.0.0", Colour.GREEN: "1.1.0"},
        release="digest",
        confirmed=confirmed,
        flip_set={"backend": GatePlan(version="1.1.0", version_path="/deployment/metadata")},
        bake=BakePlan(
            services={"backend": ServiceBake(path="/pricing")}, seconds=0, error_percent=5, samples=0, window=10
        ),
    )


async def prove(server: FakeApiServer, old: str | None, new: str, *, dry_run: bool = False) -> None:
    """Run the traffic hook of an update to `new`."""
    mocks.set_mocks(NoResources(), project="teal", stack="dev", preview=dry_run, logger=logging.getLogger("engine"))
    access = ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)
    guard = Guard(access, move(new))
    hook = guard.traffic_hooks().before_update
    assert hook
    result = hook[0](  # pyright: ignore[reportUnknownVariableType, reportCallIssue]  # hook or callable, by the SDK's type
        pulumi.ResourceHookArgs(
            urn="urn",
            id="",
            name="backend-active",
            type="t",
            new_inputs=inputs(new),
            old_inputs=inputs(old) if old else None,
        )
    )
    assert result is not None
    await result


async def test_a_proven_flip_passes(api_server: FakeApiServer) -> None:
    """The hook returns, so the engine writes."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0"])
    api_server.pods("backend", "green", ["1.1.0"])
    await prove(api_server, "blue", "green")


async def test_an_unproven_flip_is_refused_with_its_evidence(api_server: FakeApiServer) -> None:
    """The hook raises, so the engine writes nothing."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0", "1.0.0"])
    api_server.pods("backend", "green", ["1.1.0"])
    with pytest.raises(RefusedError, match="green has 1 ready endpoint; needed: 2"):
        await prove(api_server, "blue", "green")


async def test_creating_over_live_traffic_is_a_flip_too(api_server: FakeApiServer) -> None:
    """A lost state does not lose the proof: without old inputs the live Service still decides."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0"])
    with pytest.raises(RefusedError, match="flip from blue to green refused"):
        await prove(api_server, None, "green")


async def test_a_change_that_moves_no_traffic_needs_no_proof(api_server: FakeApiServer) -> None:
    """A Service whose ports change may change while its pods are down."""
    api_server.service("backend", "green")
    await prove(api_server, "green", "green")


async def test_traffic_moved_by_somebody_else_is_refused(api_server: FakeApiServer) -> None:
    """Live is neither what the last update left nor the destination."""
    api_server.service("backend", "blue", writer="kubectl-edit")
    with pytest.raises(ForeignChangeError, match="'kubectl-edit'"):
        await prove(api_server, "green", "green")


async def test_a_preview_says_what_the_gates_would_and_refuses_nothing(
    api_server: FakeApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    """In a dry run the slot may still be to come."""
    api_server.service("backend", "blue")
    with caplog.at_level(logging.INFO, "engine"):
        await prove(api_server, "blue", "green", dry_run=True)
    assert "as of now: capacity of backend FAILED" in caplog.text
    assert "as of now: 2 of 2 gates would refuse" in caplog.text
