"""A schedule goes from one colour to the other: what is due is run once, by one of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.model.colours import Colour
from teal.model.errors import UnreachableError
from teal.model.routes import RouterKind
from teal.model.workers import Worker
from teal.routers import Router, connect
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.working import BATCH, CORE, cron_job, suspended, told

JOBS = "/apis/batch/v1/namespaces/teal/jobs"
NOON = "2026-01-01T12:00:00Z"


@pytest.fixture(autouse=True)
def _pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "SETTLE_SECONDS", 0.0)


@pytest.fixture
async def cluster(api_server: FakeApiServer) -> AsyncIterator[Cluster]:
    """Ask the API server of the tests."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        yield found


def router(cluster: Cluster) -> Router:
    """Of a stack with a cron job."""
    return connect(RouterKind.SERVICE, cluster, workers={"mailer": Worker(cron=True)})


def jobs(server: FakeApiServer, *created: str) -> None:
    """Let the colour that is left have made Jobs."""
    server.answers[JOBS] = (200, {"items": [{"metadata": {"creationTimestamp": each}} for each in created]})


async def test_a_way_back_hands_the_schedule_over_and_then_moves_the_record(
    api_server: FakeApiServer, cluster: Cluster
) -> None:
    """One is suspended, the other one is told how far that has got, and then it runs; at no time do both."""
    cron_job(api_server, "green")
    its = router(cluster)
    live = (await its.live_services(["mailer"]))["mailer"]
    assert (live.worker, live.cron) == (True, True)
    await its.move("mailer", live, Colour.BLUE)
    writes = [each.split("/")[-2:] for each in api_server.heard if each.startswith("PATCH")]
    assert writes == [
        ["mailer-blue", "status"],  # a dry run: whoever may not do that learns it first
        ["cronjobs", "mailer-green"],
        ["mailer-blue", "status"],
        ["cronjobs", "mailer-blue"],
        ["configmaps", "mailer-live"],
    ]
    assert suspended(api_server) == {"blue": False, "green": True}
    assert told(api_server, "blue") == NOON
    assert (await its.live_services(["mailer"]))["mailer"].colour is Colour.BLUE


@pytest.mark.parametrize(
    ("created", "last"),
    [(["2026-01-01T12:00:01Z"], "2026-01-01T12:00:01Z"), (["2026-01-01T11:00:00Z"], NOON), ([], NOON)],
)
async def test_a_start_that_crossed_the_suspension_is_known_by_its_job(
    api_server: FakeApiServer, cluster: Cluster, created: list[str], last: str
) -> None:
    """The controller does not get to say it: the CronJob was written since it was read."""
    cron_job(api_server, "blue")
    jobs(api_server, *created)
    await schedule.hand_over(cluster, "mailer", Colour.GREEN)
    assert told(api_server, "green") == last
    assert suspended(api_server) == {"blue": True, "green": True}


async def test_nothing_of_before_is_made_up_for_where_nothing_was_ever_started(
    api_server: FakeApiServer, cluster: Cluster
) -> None:
    """A CronJob that was made last week would start at once what was due since."""
    cron_job(api_server, "blue")
    for colour in ("blue", "green"):
        api_server.answers[f"{BATCH}/mailer-{colour}"][1]["status"] = {}
    begun = datetime.now(UTC).replace(microsecond=0)
    await schedule.hand_over(cluster, "mailer", Colour.GREEN)
    assert datetime.fromisoformat(told(api_server, "green") or "") >= begun


async def test_what_runs_already_is_told_nothing_and_left_as_it_is(api_server: FakeApiServer, cluster: Cluster) -> None:
    """As in an update that changes it in place: only a second one beside it would be suspended."""
    cron_job(api_server, "green")
    await schedule.hand_over(cluster, "mailer", Colour.GREEN)
    await schedule.resume(cluster, "mailer", Colour.GREEN)
    assert api_server.written == []
    api_server.answers[f"{BATCH}/mailer-blue"][1]["spec"]["suspend"] = False
    await schedule.hand_over(cluster, "mailer", Colour.GREEN)
    assert suspended(api_server) == {"blue": True, "green": False}
    assert told(api_server, "green") is None


async def test_a_colour_that_is_not_there_yet_is_waited_for_with_the_other_one_suspended(
    api_server: FakeApiServer, cluster: Cluster
) -> None:
    """The engine makes it next, and it starts nothing that was due before it was made."""
    cron_job(api_server, "blue")
    del api_server.answers[f"{BATCH}/mailer-green"]
    await schedule.hand_over(cluster, "mailer", Colour.GREEN)
    assert api_server.answers[f"{BATCH}/mailer-blue"][1]["spec"]["suspend"] is True
    assert [*await schedule.slots(cluster, ["mailer"])] == [("mailer", Colour.BLUE)]


async def test_an_account_that_may_not_hand_over_suspends_nothing(api_server: FakeApiServer, cluster: Cluster) -> None:
    """The schedule goes on in the colour that it is in, and the message says which right is missing."""
    cron_job(api_server, "blue")
    api_server.fault = lambda method, path: 403 if (method, path.endswith("/status")) == ("PATCH", True) else None
    with pytest.raises(UnreachableError, match=r"answered 403.*can-i patch cronjobs\.batch --subresource=status"):
        await schedule.hand_over(cluster, "mailer", Colour.GREEN)
    assert suspended(api_server) == {"blue": False, "green": True}
    assert api_server.answers[f"{CORE}/configmaps/mailer-live"][1]["data"] == {"colour": "blue"}
