"""A flip with a worker, hook by hook, as an engine goes through it: against a cluster on loopback."""

import logging
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime import mocks
from teal_infra.hooks.guard import Guard

from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.flip import revert
from teal.history.model import Flip, History
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.model.workers import Overlap, Worker
from teal.spec.bake import BakePlan, ServiceBake
from teal.spec.gates import GatePlan
from teal.spec.move import Move
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.hooks.engine import NoResources
from tests.unit.teal.working import BATCH, CORE, cron_job, scaled, suspended, told, worker

HISTORY = f"{CORE}/configmaps/teal-history"


def move(overlap: Overlap = Overlap.FLIP, *, alone: bool = False) -> Move:
    """To green, of a backend and a mailer, or of the mailer alone; its bake asks once."""
    mailer = Worker(overlap=overlap, pods=2, grace_seconds=1)
    gates = {
        "backend": GatePlan(version="1.1.0", version_path="/deployment/metadata"),
        "mailer": GatePlan(version="1.1.0", version_path=None, image="mailer:1.1.0", worker=mailer),
    }
    services = {"backend": ServiceBake(path="/pricing"), "mailer": ServiceBake(worker=mailer)}
    kept = ["mailer"] if alone else [*services]
    return Move(
        to=Colour.GREEN,
        versions={Colour.BLUE: "1.0.0", Colour.GREEN: "1.1.0"},
        release="digest",
        confirmed=Colour.BLUE,
        flip_set={name: gates[name] for name in kept},
        bake=BakePlan(
            services={name: services[name] for name in kept}, seconds=0, error_percent=5, samples=0, window=10
        ),
    )


def inputs(service: str, colour: str) -> Mapping[str, Any]:
    """What a flip writes for a service, as a hook is handed it."""
    if service == "mailer":
        labels = {"app.kubernetes.io/name": "mailer", "app.kubernetes.io/component": "worker"}
        return {"metadata": {"name": "mailer-live", "labels": labels}, "data": {"colour": colour}}
    return {"metadata": {"name": service}, "spec": {"selector": {"teal/colour": colour}}}


class Engine:
    """Calls the hooks of one update, and writes as an engine does where they let it."""

    def __init__(self, server: FakeApiServer, declared: Move, *, preview: bool = False) -> None:
        """Begin an update."""
        mocks.set_mocks(NoResources(), project="teal", stack="dev", preview=preview, logger=logging.getLogger("engine"))
        self._server = server
        self._guard = Guard(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig), declared)

    async def write(self, service: str) -> None:
        """What makes green live for a service: its proof, and the write."""
        await self._call(self._guard.traffic_hooks().before_update, new=inputs(service, "green"))
        if service == "mailer" and suspended(self._server):
            self._server.answers[f"{CORE}/configmaps/mailer-live"][1]["data"]["colour"] = "green"
        elif service == "mailer":
            worker(self._server, "green", {"blue": 2, "green": 0})
        else:
            self._server.service(service, "green")

    async def start(self, *, blue: int = 2, ready: bool = True) -> None:
        """The mailer's pods in green, and so many of blue beside them."""
        await self.begin()
        worker(self._server, "green", {"blue": blue, "green": 2}, ready=ready)

    async def begin(self) -> None:
        """The same before the engine writes."""
        labels = {"app.kubernetes.io/name": "mailer", "teal/colour": "green"}
        await self._call(self._guard.starting.hooks().before_create, new={})  # the component around them
        await self._call(self._guard.starting.hooks().before_update, new={"metadata": {"labels": labels}})

    async def fail(self) -> None:
        """The mailer's pods did not come to anything."""
        hooks = self._guard.starting.hooks().on_error
        assert hooks
        said = hooks[0](pulumi.ErrorHookArgs("urn", "", "mailer-green", "t", errors=["2 pods crash"]))
        assert await cast("Awaitable[bool]", said) is False

    async def confirm(self) -> None:
        """The bake."""
        await self._call(self._guard.confirm_hooks().before_update, new={}, old={"data": {"colour": "blue"}})

    async def _call(self, hooks: Any, *, new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> None:  # noqa: ANN401 - hooks or callables, by the SDK's type
        before = old or (inputs("mailer" if "data" in new else "backend", "blue") if "metadata" in new else None)
        args = pulumi.ResourceHookArgs(urn="urn", id="", name="it", type="t", new_inputs=new, old_inputs=before)
        await hooks[0](args)

    def over(self) -> None:
        """The update ends."""
        self._guard.starting.over()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revert, "PAUSE_SECONDS", 0.01)


@pytest.fixture
def served(api_server: FakeApiServer) -> FakeApiServer:
    """Blue is live, with two pods of the mailer; green of the backend is there, and that of the mailer is not."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0"])
    api_server.pods("backend", "green", ["1.1.0"])
    api_server.answers[f"{CORE}/services/backend:http/proxy/pricing"] = (200, {})
    worker(api_server, "blue", {"blue": 2, "green": 0})
    return api_server


def last(server: FakeApiServer) -> Flip:
    """The flip that was recorded last."""
    _, found = server.answers[HISTORY]
    return History.model_validate_json(found["data"]["flips.json"]).flips[-1]


def colour(server: FakeApiServer) -> str:
    """Which colour of the mailer may run."""
    return server.answers[f"{CORE}/configmaps/mailer-live"][1]["data"]["colour"]


@pytest.mark.parametrize("alone", [False, True])
async def test_a_worker_is_proven_once_it_runs_and_confirmed_after_its_bake(
    served: FakeApiServer, *, alone: bool
) -> None:
    """Before the record is written, nothing is asked of its pods; before traffic follows, all is."""
    engine = Engine(served, move(alone=alone))
    await engine.write("mailer")
    assert not [each for each in last(served).verdicts if each.service == "mailer"]
    assert last(served).carried["mailer"] == 2
    await engine.start()
    if not alone:
        await engine.write("backend")
    await engine.confirm()
    flip = last(served)
    assert flip.stage == "CONFIRMED", flip.reason
    assert {each.gate for each in flip.verdicts if each.service == "mailer"} == {
        *("capacity", "version", "bake-pods", "bake-route")
    }
    assert scaled(served) == [], "what the flip leaves is the engine's to stop, once it is confirmed"


async def test_a_worker_that_is_not_what_was_declared_keeps_all_traffic_where_it_is(served: FakeApiServer) -> None:
    """Its start is undone: it is stopped, and the record names blue again."""
    engine = Engine(served, move())
    await engine.write("mailer")
    await engine.start()
    for each in served.answers[f"{CORE}/pods"][1]["items"]:
        each["spec"]["containers"][0]["image"] = "mailer:other"
    with pytest.raises(
        RefusedError, match=r"version of mailer FAILED.* Traffic is on blue; the pods of mailer in green"
    ):
        await engine.write("backend")
    engine.over()
    assert (last(served).stage, colour(served)) == ("REVERTED", "blue")
    assert scaled(served) == [("mailer-green", 0)]


async def test_a_worker_that_does_not_start_is_undone_at_once(served: FakeApiServer) -> None:
    """By the hook that the engine calls with its error; the way back names it."""
    engine = Engine(served, move())
    await engine.write("mailer")
    await engine.start(ready=False)
    with pytest.raises(RefusedError, match="mailer-green did not start: 2 pods crash"):
        await engine.fail()
    engine.over()
    assert (last(served).stage, colour(served)) == ("REVERTED", "blue")
    assert scaled(served) == [("mailer-green", 0)]


async def test_a_failing_change_in_place_is_no_flip_to_undo(served: FakeApiServer) -> None:
    """Kubernetes keeps the old pods; nothing is stopped."""
    worker(served, "green", {"green": 2, "blue": 0})
    engine = Engine(served, move())
    await engine.fail()
    assert scaled(served) == []


async def test_where_colours_must_not_overlap_the_old_one_stops_first_and_starts_again(served: FakeApiServer) -> None:
    """`overlap: forbidden`, and a new colour that crashes."""
    worker(served, "blue", {"blue": 2, "green": 0})
    engine = Engine(served, move(Overlap.FORBIDDEN))
    await engine.write("mailer")
    served.answers[f"{CORE}/pods"] = (200, {"items": []})  # they end at once
    await engine.start(blue=0)
    assert scaled(served) == [("mailer-blue", 0)]
    served.answers[f"{CORE}/pods"] = (200, {"items": []})
    with pytest.raises(RefusedError, match="did not start"):
        await engine.fail()
    engine.over()
    assert scaled(served) == [("mailer-blue", 0), ("mailer-green", 0), ("mailer-blue", 2)]
    assert colour(served) == "blue"


async def test_nothing_starts_that_is_not_live(served: FakeApiServer) -> None:
    """An update of a part, or a record that somebody put back."""
    engine = Engine(served, move())
    with pytest.raises(RefusedError, match="mailer-green was not started: by its record mailer is live on blue"):
        await engine.start()


async def test_a_worker_that_is_not_there_in_its_bake_is_undone_with_all_traffic(served: FakeApiServer) -> None:
    """It was ready for long enough to be proven; what has followed it goes back as well."""
    engine = Engine(served, move())
    await engine.write("mailer")
    await engine.start()
    await engine.write("backend")
    worker(served, "green", {"blue": 2, "green": 2}, ready=False)
    with pytest.raises(RefusedError, match=r"bake-pods of mailer FAILED.* Traffic is on blue; the pods of mailer"):
        await engine.confirm()
    assert (last(served).stage, colour(served)) == ("REVERTED", "blue")
    assert served.answers[f"{CORE}/services/backend"][1]["spec"]["selector"]["teal/colour"] == "blue"
    assert scaled(served) == [("mailer-green", 0)]


async def test_a_preview_asks_nothing_of_pods_that_are_still_to_come(
    served: FakeApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It would say that a gate refuses what no flip has asked for yet."""
    with caplog.at_level(logging.INFO, logger="engine"):
        await Engine(served, move(), preview=True).write("backend")
    said = [each.getMessage() for each in caplog.records if each.name == "engine"]
    assert any("capacity of backend PASSED" in each for each in said)
    assert not [each for each in said if "mailer" in each]


async def test_an_update_shows_that_it_lives_while_pods_start(served: FakeApiServer) -> None:
    """They may take minutes: whoever waits would take its flip for one whose update died."""
    engine = Engine(served, move())
    await engine.write("mailer")
    await engine.start()
    leases = [each for each in served.heard if "leases" in each]
    engine.over()
    assert len([each for each in leases if each.startswith(("PUT", "POST"))]) > 1


async def test_a_schedule_is_handed_over_before_the_engine_lets_it_run(
    served: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old colour is suspended first; where the flip is undone, its schedule runs again, and only that."""
    monkeypatch.setattr(schedule, "SETTLE_SECONDS", 0.0)
    cron_job(served, "blue")
    its = Worker(cron=True)
    declared = move()
    gates = {**declared.flip_set, "mailer": GatePlan(version="1.1.0", version_path=None, worker=its)}
    services = {**declared.bake.services, "mailer": ServiceBake(worker=its)}
    bake = declared.bake.model_copy(update={"services": services})
    engine = Engine(served, replace(declared, flip_set=gates, bake=bake))
    await engine.write("mailer")
    assert suspended(served) == {"blue": False, "green": True}, "the record alone stops nobody"
    await engine.begin()
    assert suspended(served) == {"blue": True, "green": True}
    assert told(served, "green") == "2026-01-01T12:00:00Z"
    served.answers[f"{BATCH}/mailer-green"][1]["spec"]["suspend"] = False
    await engine.write("backend")
    served.answers[f"{CORE}/services/backend:http/proxy/pricing"] = (500, {})
    with pytest.raises(RefusedError, match=r"the schedule of mailer runs in blue, and is suspended in green"):
        await engine.confirm()
    assert (last(served).stage, colour(served)) == ("REVERTED", "blue")
    assert suspended(served) == {"blue": False, "green": True}
    assert not [each for each in last(served).verdicts if each.service == "mailer" and each.gate != "bake-route"]


async def test_a_stack_of_cron_jobs_alone_is_flipped(served: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be measured of it; its record and its schedules say where it is."""
    monkeypatch.setattr(schedule, "SETTLE_SECONDS", 0.0)
    cron_job(served, "blue")
    its = Worker(cron=True)
    declared = move(alone=True)
    gates = {"mailer": GatePlan(version="1.1.0", version_path=None, worker=its)}
    bake = declared.bake.model_copy(update={"services": {"mailer": ServiceBake(worker=its)}})
    engine = Engine(served, replace(declared, flip_set=gates, bake=bake))
    await engine.write("mailer")
    await engine.begin()
    served.answers[f"{BATCH}/mailer-green"][1]["spec"]["suspend"] = False
    await engine.confirm()
    assert (last(served).stage, colour(served)) == ("CONFIRMED", "green")
    assert suspended(served) == {"blue": True, "green": False}
