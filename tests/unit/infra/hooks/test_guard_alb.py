"""The traffic hook on a listener rule, called as an engine calls it, against moto and a cluster on loopback."""

import logging
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks
from teal_infra.hooks.guard import Guard

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.flip.mover import Move, Mover
from teal.model.colours import Colour
from teal.model.errors import ForeignChangeError, RefusedError
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.hooks.engine import NoResources
from tests.unit.teal.balancing import Balancing, balancing
from tests.unit.teal.flip.test_mover_alb import move, world

__all__ = ["balancing"]
pytestmark = pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")
BLUE = Colour.BLUE


def inputs(blue: int, green: int, active: str) -> dict[str, Any]:
    """A live rule's inputs as a hook sees them."""
    groups = [{"arn": "unknown", "weight": blue}, {"arn": "unknown", "weight": green}]
    return {
        "tags": {"teal/service": "backend", "teal/active": active},
        "actions": [{"type": "forward", "forward": {"targetGroups": groups}}],
    }


async def prove(server: FakeApiServer, declared: Move, old: dict[str, Any] | None, new: dict[str, Any]) -> None:
    """Run the traffic hook of an update."""
    mocks.set_mocks(NoResources(), project="teal", stack="dev", logger=logging.getLogger("engine"))
    guard = Guard(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig), declared)
    hook = guard.traffic_hooks().before_update
    assert hook
    result = hook[0](  # pyright: ignore[reportUnknownVariableType, reportCallIssue]  # hook or callable, by the SDK's type
        pulumi.ResourceHookArgs(urn="urn", id="", name="backend-live", type="t", new_inputs=new, old_inputs=old)
    )
    assert result is not None
    await result


async def test_a_flip_of_weights_is_proven(api_server: FakeApiServer, balancing: Balancing) -> None:
    """By what the load balancer finds, too."""
    world(api_server, balancing)
    await prove(api_server, move(), inputs(100, 0, "blue"), inputs(0, 100, "green"))
    balancing.targets("backend", green=["initial"])
    with pytest.raises(RefusedError, match=r"green has 0 healthy targets \(1 initial\)"):
        await prove(api_server, replace(move(), release="another"), inputs(100, 0, "blue"), inputs(0, 100, "green"))


@pytest.mark.parametrize(("blue", "green"), [(70, 30), (0, 100)])
async def test_weights_that_no_update_left_are_refused(
    api_server: FakeApiServer, balancing: Balancing, blue: int, green: int
) -> None:
    """Whether somebody moved a share of the traffic or all of it."""
    world(api_server, balancing, blue=blue, green=green)
    at_rest = replace(move(share=1), share=0)
    with pytest.raises(ForeignChangeError, match="Somebody else moves this traffic"):
        await prove(api_server, at_rest, inputs(100, 0, "blue"), inputs(100, 0, "blue"))


async def test_a_share_that_grows_is_proven_and_one_that_shrinks_is_not_asked(
    api_server: FakeApiServer, balancing: Balancing
) -> None:
    """What takes traffic away from the idle colour needs nothing of it."""
    world(api_server, balancing, blue=90, green=10)
    balancing.client.add_tags(ResourceArns=[balancing.rules["backend"]], Tags=[{"Key": "teal/active", "Value": "blue"}])
    balancing.targets("backend", green=[])
    before = inputs(90, 10, "blue")
    await prove(api_server, replace(move(share=5)), before, inputs(95, 5, "blue"))
    with pytest.raises(RefusedError, match="green has 0 healthy targets"):
        await prove(api_server, move(share=50), before, inputs(50, 50, "blue"))


async def test_a_share_is_proven_whatever_the_engine_knows_of_the_rule(
    api_server: FakeApiServer, balancing: Balancing
) -> None:
    """Of one that it makes anew it has no inputs from before."""
    world(api_server, balancing, blue=100, green=0)
    balancing.targets("backend", green=[])
    with pytest.raises(RefusedError, match="green has 0 healthy targets"):
        await prove(api_server, replace(move(share=50), confirmed=BLUE), None, inputs(50, 50, "blue"))


@pytest.mark.parametrize(
    ("declared", "recorded", "watched"), [(10, None, True), (10, "5", True), (10, "10", False), (5, "10", False)]
)
async def test_a_share_that_no_record_has_is_watched(  # noqa: PLR0913 - a table's columns
    api_server: FakeApiServer,
    balancing: Balancing,
    monkeypatch: pytest.MonkeyPatch,
    *,
    declared: int,
    recorded: str | None,
    watched: bool,
) -> None:
    """Before it is recorded: an update that died in between has left that to the next one."""
    seen: list[str] = []

    async def watch(_: Mover) -> None:
        seen.append("share")

    monkeypatch.setattr(Mover, "watch_share", watch)
    world(api_server, balancing, blue=100 - declared, green=declared)
    balancing.client.add_tags(ResourceArns=[balancing.rules["backend"]], Tags=[{"Key": "teal/active", "Value": "blue"}])
    mocks.set_mocks(NoResources(), project="teal", stack="dev", logger=logging.getLogger("engine"))
    guard = Guard(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig), move(share=declared))
    hook = guard.confirm_hooks().before_update
    assert hook
    data = {"colour": "blue", **({"canary": recorded} if recorded else {})}
    result = hook[0](  # pyright: ignore[reportUnknownVariableType, reportCallIssue]  # as above
        pulumi.ResourceHookArgs(urn="urn", id="", name="confirmed", type="t", new_inputs={}, old_inputs={"data": data})
    )
    assert result is not None
    await result
    assert bool(seen) is watched
