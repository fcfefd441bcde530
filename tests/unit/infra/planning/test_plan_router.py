"""Another `teal:router` would take the front door away from under its clients: refused where there are any."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any

import pytest
from teal_infra.planning import live, plan
from teal_infra.planning.move import move_of
from teal_infra.settings.load import load

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip.mover import Mover
from teal.history.model import Flip, History, Stage
from teal.history.store import Records
from teal.model.routes import RouterKind
from teal.plans.model import Plan, Word
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.declaring import config
from tests.unit.infra.running import run
from tests.unit.teal.balancing import Balancing, balancing
from tests.unit.teal.routers.test_gateway import route

__all__ = ["balancing"]
RECORD = "/api/v1/namespaces/teal/configmaps/teal-confirmed"
HISTORY = "/api/v1/namespaces/teal/configmaps/teal-history"


def flip(router: str, stage: Stage = Stage.CONFIRMED, number: int = 1) -> Flip:
    """A flip of nothing to blue through a router."""
    declared = load(config(router=router), stack="dev")
    move = move_of(declared, live.Live())
    return Flip(
        number=number,
        origin=None,
        to=move.to,
        version=move.version,
        release=move.release,
        by="somebody@example",
        begun="2026-01-01T00:00:00+00:00",
        stage=stage,
        plan=move.bake,
    )


def remembered(server: FakeApiServer, *flips: Flip) -> None:
    """Let these be in the history."""
    data = {"flips.json": History(flips=flips).model_dump_json(by_alias=True)}
    server.answers[HISTORY] = (200, {"metadata": {"name": "teal-history", "resourceVersion": "1"}, "data": data})


def recorded(server: FakeApiServer) -> None:
    """Let blue be recorded as confirmed, as an update does at its end."""
    data = {"colour": "blue", "version": "1.0.0", "since": "2026-01-01T00:00:00+00:00"}
    server.answers[RECORD] = (200, {"metadata": {"name": "teal-confirmed", "resourceVersion": "1"}, "data": data})


def a_rule(server: FakeApiServer, balancing: Balancing) -> None:
    """Let a load balancer send the backend's traffic to blue."""
    balancing.service("backend", 100, 0)
    balancing.bind(server)


DOORS: Mapping[str, Callable[[FakeApiServer, Balancing], None]] = {
    "service": lambda server, _: server.service("backend", "blue"),
    "gateway": lambda server, _: route(server, {"blue": 100, "green": 0}, "blue"),
    "alb": a_rule,
}
"""What leads to blue, by its router."""


async def planned(server: FakeApiServer, router: str, **more: Any) -> Plan:  # noqa: ANN401 - any JSON
    """The plan of an update that declares a router."""
    settings = load(config(router=router, **more), stack="dev")
    access = ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)
    return plan.make(settings, await asyncio.to_thread(live.read, access, settings))


@pytest.mark.parametrize(("old", "new"), [*permutations(RouterKind, 2)])
async def test_another_router_is_refused_where_traffic_is_live(
    api_server: FakeApiServer, balancing: Balancing, old: RouterKind, new: RouterKind
) -> None:
    """Whichever two they are; the reason names both, what clients would see and the way; the plan where traffic is."""
    DOORS[old](api_server, balancing)
    remembered(api_server, flip(old))
    recorded(api_server)
    found = await planned(api_server, new)
    assert found.word is Word.UNSAFE
    (reason,) = found.reasons
    assert f"teal:router is {new}, and live traffic of backend goes through router {old}" in reason
    assert "clients would find it gone until their DNS names that" in reason
    assert f"Next: pulumi config set teal:router {old}; to change over, make a second stack" in reason
    assert found.traffic.startswith("stays on blue")
    assert (await planned(api_server, old)).word is not Word.UNSAFE


@pytest.mark.parametrize("new", ["gateway", "alb"])
async def test_a_lost_history_lets_no_other_router_through(
    api_server: FakeApiServer, balancing: Balancing, new: str
) -> None:
    """The record of the confirmed colour is there still, and so is the Service that leads to it."""
    DOORS["service"](api_server, balancing)
    recorded(api_server)
    assert (await planned(api_server, new)).word is Word.UNSAFE
    assert (await planned(api_server, "service")).word is not Word.UNSAFE


@pytest.mark.parametrize("preview", [True, False])
async def test_nothing_of_it_is_applied(
    api_server: FakeApiServer, caplog: pytest.LogCaptureFixture, *, preview: bool
) -> None:
    """The program ends with 1; an update registers nothing, a preview shows the word and its plan alone."""
    caplog.set_level(logging.INFO)
    api_server.service("backend", "blue")
    remembered(api_server, flip("service"))
    recorder, status = await run(config(router="gateway"), api_server, preview=preview)
    assert (recorder.names, status) == ([("teal:index:Plan", "plan")] * preview, 1)
    assert ("plan: UNSAFE" in caplog.text) is preview
    assert "goes through router service" in caplog.text


@pytest.mark.parametrize(
    "more",
    [
        {"repair": "blue"},
        {"skipGates": {"smoke": "we know", "metrics": "we know"}},
        {"activeColour": "green"},
    ],
)
async def test_no_setting_lets_it_through(api_server: FakeApiServer, more: Any) -> None:  # noqa: ANN401 - any JSON
    """Neither what overwrites a foreign change, nor what switches gates off, nor a flip in the same update."""
    api_server.service("backend", "blue")
    remembered(api_server, flip("service"))
    assert (await planned(api_server, "gateway", **more)).word is Word.UNSAFE


async def test_that_it_was_confirmed_is_known_without_the_flip(api_server: FakeApiServer) -> None:
    """So many flips were refused since that the history has forgotten it: the record has not."""
    api_server.service("backend", "blue")
    remembered(api_server, flip("service", Stage.REFUSED))
    recorded(api_server)
    assert (await planned(api_server, "gateway")).word is Word.UNSAFE


async def test_and_without_the_record(api_server: FakeApiServer) -> None:
    """The watch confirmed the first flip of an update that died, and no update has come since."""
    api_server.service("backend", "blue")
    remembered(api_server, flip("service"))
    assert (await planned(api_server, "gateway")).word is Word.UNSAFE


async def test_a_flip_that_was_begun_through_the_old_router_is_ended_there(api_server: FakeApiServer) -> None:
    """A later flip is open, through whichever router: the traffic that was confirmed is where it was."""
    api_server.service("backend", "blue")
    remembered(api_server, flip("service"), flip("gateway", Stage.PROVEN, 2))
    assert (await planned(api_server, "gateway")).word is Word.UNSAFE


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.open])
async def test_a_first_release_that_was_never_confirmed_may_have_another(
    api_server: FakeApiServer, stage: Stage
) -> None:
    """Nobody was told of its front door: it goes, and the plan says so."""
    api_server.service("backend", "blue")
    remembered(api_server, flip("service", stage))
    found = await planned(api_server, "gateway")
    assert found.word is Word.RELEASE
    reason, *_ = found.reasons
    assert f"flip 1 through router service was never confirmed ({stage}), and the front door" in reason
    assert "goes for that of gateway: blue 1.0.0 gets the traffic" in reason


async def test_its_flip_goes_on_through_the_new_one(api_server: FakeApiServer) -> None:
    """Or the watch, and `teal status`, would look for its traffic where it no longer is."""
    begun = flip("service", Stage.BAKING)
    remembered(api_server, begun)
    api_server.pods("backend", "blue", [begun.version])
    move = move_of(load(config(router="gateway"), stack="dev"), live.Live())
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster:
        await Mover(cluster, move, name="update", say=lambda _: None).begin()
        found = (await Records(cluster.http, "teal").load()).history.open
    assert found is not None
    assert (found.number, found.stage, found.plan.router) == (begun.number, Stage.PROVEN, RouterKind.GATEWAY)


@pytest.mark.parametrize("stage", [Stage.REFUSED, Stage.ABANDONED])
async def test_a_first_release_that_made_no_door_may_have_another(api_server: FakeApiServer, stage: Stage) -> None:
    """Nothing is live yet, whatever was tried."""
    remembered(api_server, flip("service", stage))
    found = await planned(api_server, "gateway")
    assert found.word is Word.RELEASE
    assert found.reasons[0] == "nothing is live yet: blue 1.0.0 gets the traffic"


async def test_what_is_gone_hinders_nobody(api_server: FakeApiServer) -> None:
    """A stack that was destroyed, its history left behind in a namespace of somebody else's, begins anew."""
    remembered(api_server, flip("service"))
    assert (await planned(api_server, "gateway")).word is Word.RELEASE


async def test_nobody_asks_for_a_router_that_the_stack_never_had(api_server: FakeApiServer) -> None:
    """It would take rights that the stack's credentials need not have."""
    api_server.service("backend", "blue")
    remembered(api_server, flip("service"))
    recorded(api_server)
    await planned(api_server, "service")
    assert not [path for path in api_server.asked if "gateway.networking" in path or "elbv2" in path]
