"""A flip was confirmed whose update died before the old colour's worker was asked to end: the watch does so."""

from dataclasses import replace

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip.leaving import end_left
from teal.flip.owner import Owner
from teal.history.model import History, Stage
from teal.history.store import Kept, Records
from teal.model.workers import Overlap, Worker
from teal.spec.bake import BakePlan, ServiceBake
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.ending.resting import remember
from tests.unit.teal.flip.moving import move
from tests.unit.teal.flip.rollback.going_back import live_on_green
from tests.unit.teal.working import scaled, worker


async def _watched(server: FakeApiServer, its: Worker | None) -> bool:
    """One run of the watch of a stack with a worker, or without one."""
    plan: BakePlan = move().bake
    if its is not None:
        plan = plan.model_copy(update={"services": {**plan.services, "mailer": ServiceBake(worker=its)}})
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        records = Records(found.http, "teal", plan)
        owner = Owner(found, records, None, name="watch-1", say=print)
        return await end_left(found, records, owner, plan, print)


def _at(history: History, stage: Stage) -> History:
    """The same, with the last flip at another stage."""
    *before, last = history.flips
    return history.model_copy(update={"flips": (*before, last.at(stage))})


async def test_the_worker_of_the_colour_that_a_confirmed_flip_has_left_ends(
    api_server: FakeApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once: what has no pods is not asked again."""
    await live_on_green(api_server)
    worker(api_server, "green", {"blue": 2, "green": 2})
    assert await _watched(api_server, Worker())
    assert scaled(api_server) == [("mailer-blue", 0)]
    assert "pods of mailer-blue end: flip 2 is confirmed" in capsys.readouterr().out
    worker(api_server, "green", {"blue": 0, "green": 2})
    assert not await _watched(api_server, Worker())
    assert scaled(api_server) == [("mailer-blue", 0)]


@pytest.mark.parametrize("its", [None, Worker(overlap=Overlap.ALLOWED), Worker(cron=True)])
async def test_what_may_run_in_both_colours_stays(api_server: FakeApiServer, its: Worker | None) -> None:
    """And so does what this stack does not declare as a worker."""
    await live_on_green(api_server)
    worker(api_server, "green", {"blue": 2, "green": 2})
    assert not await _watched(api_server, its)
    assert scaled(api_server) == []


@pytest.mark.parametrize("stage", [Stage.BAKING, Stage.UNPROVEN, Stage.OVERTAKEN])
async def test_a_worker_stays_as_long_as_its_flip_may_be_undone(api_server: FakeApiServer, stage: Stage) -> None:
    """Or where somebody else has moved traffic."""
    await live_on_green(api_server)
    worker(api_server, "green", {"blue": 2, "green": 2})
    await remember(api_server, lambda history: _at(history, stage))
    assert not await _watched(api_server, Worker())
    assert scaled(api_server) == []


async def test_a_worker_stays_that_is_live_by_its_record(api_server: FakeApiServer) -> None:
    """Whatever the last flip says."""
    await live_on_green(api_server)
    worker(api_server, "blue", {"blue": 2, "green": 2})
    assert not await _watched(api_server, Worker())
    assert scaled(api_server) == []


async def test_a_worker_stays_where_somebody_has_begun_a_flip_meanwhile(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is read once more before each request."""
    await live_on_green(api_server)
    worker(api_server, "green", {"blue": 2, "green": 2})
    load, reads = Records.load, list[Kept]()

    async def later(records: Records) -> Kept:
        reads.append(await load(records))
        kept = reads[-1]
        return kept if len(reads) == 1 else replace(kept, history=_at(kept.history, Stage.BAKING))

    monkeypatch.setattr(Records, "load", later)
    assert not await _watched(api_server, Worker())
    assert (scaled(api_server), len(reads)) == ([], 2)
