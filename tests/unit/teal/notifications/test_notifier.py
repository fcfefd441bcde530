"""Each stage is told once and in order, by whoever owns the flip, and no flip waits for it or fails by it."""

import asyncio
from collections.abc import Mapping

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.history.model import Flip, History, Stage
from teal.history.store import Records
from teal.model.workers import Overlap, Worker
from teal.notifications import notifier as module
from teal.notifications import told as told_module
from teal.notifications.audience import Audience, Receiver
from teal.notifications.notifier import Notifier
from teal.spec.bake import ServiceBake
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.notifications.conftest import Post
from tests.unit.teal.notifications.flips import flip

TOLD = "/api/v1/namespaces/teal/configmaps/teal-told"
BAKED = "2026-01-01T00:00:09.000+00:00"
CHAT = Receiver(url="slack://a/b/c", stages=tuple(Stage))
PAGER = Receiver(url="pagerduty://a@b", stages=(Stage.STUCK,))
AUDIENCE = Audience(stack="production", receivers={"chat": CHAT, "pager": PAGER})


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch, api_server: FakeApiServer) -> None:
    monkeypatch.setattr(module, "OVER_SECONDS", 30)
    monkeypatch.setattr(module, "LEFT_SECONDS", 0.1)
    monkeypatch.setattr(told_module, "_PAUSE_SECONDS", 0.01)
    noted(api_server)


def notifier(server: FakeApiServer, post: Post, said: list[str], audience: Audience = AUDIENCE) -> Notifier:
    """One process's."""
    access = ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)
    return Notifier(audience, access, said.append, post.tell)


def noted(server: FakeApiServer, **data: str) -> None:
    """Let so much be noted."""
    metadata = {"name": "teal-told", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    server.answers[TOLD] = (200, {"metadata": metadata, "data": data})


def history(*flips: Flip) -> History:
    """Of these."""
    return History(flips=flips)


def marks(server: FakeApiServer) -> Mapping[str, str]:
    """What is noted."""
    return server.answers[TOLD][1].get("data", {})


async def all_told(told: Notifier) -> None:
    """Wait until it has nothing to tell any more, although its flip is under way."""
    task = told._task  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]  # nothing but a process's end waits for it
    assert task is not None
    await task


STORY = (
    flip(Stage.PROVEN),
    flip(Stage.BAKING, bake_began_at=BAKED),
    flip(Stage.BAKING, bake_began_at=BAKED, heartbeat=9),
    flip(Stage.REVERTING, bake_began_at=BAKED),
    flip(Stage.REVERTED, bake_began_at=BAKED),
)
TELLING = ["PROVEN", "BAKING", "REVERTING", "REVERTED"]


async def test_each_stage_is_told_once_and_in_order(api_server: FakeApiServer, post: Post) -> None:
    """However often it is recorded; each receiver hears what it asked for, and it is noted."""
    said: list[str] = []
    told = notifier(api_server, post, said)
    for each in STORY:
        told.recorded(each, history(each))
    await told.over()
    assert post.messages == [(stage, ("chat",)) for stage in TELLING]
    assert marks(api_server).keys() == {f"7.{stage}" for stage in TELLING}
    assert said == []


@pytest.mark.parametrize("died_after", range(1, len(STORY)))
async def test_whoever_goes_on_tells_what_is_missing(api_server: FakeApiServer, post: Post, died_after: int) -> None:
    """The update died after any of its records: of what it told nobody hears again."""
    update = notifier(api_server, post, [])
    for each in STORY[:died_after]:
        update.recorded(each, history(each))
    await all_told(update)
    watch = notifier(api_server, post, [])
    for each in STORY[died_after - 1 :]:
        watch.recorded(each, history(each))
    await watch.over()
    assert post.stages == TELLING


async def test_stages_that_their_owner_died_over_are_told_by_the_next(api_server: FakeApiServer, post: Post) -> None:
    """It recorded two, and told of none."""
    watch = notifier(api_server, post, [])
    watch.recorded(STORY[1], history(STORY[1]))
    watch.recorded(STORY[4], history(STORY[4]))
    await watch.over()
    assert post.stages == TELLING


async def test_an_end_that_nobody_told_is_caught_up_with(api_server: FakeApiServer, post: Post) -> None:
    """The watch finds no flip open, and one that ended untold; flips from before anybody was told stay so."""
    noted(api_server, **dict.fromkeys(("7.PROVEN", "7.BAKING"), flip().begun))
    old = flip(Stage.CONFIRMED, 6, begun="2025-01-01T00:00:00+00:00", bake_began_at=BAKED)
    kept = history(old, flip(Stage.CONFIRMED, bake_began_at=BAKED)).stored()
    record = {"metadata": {"name": "teal-history", "resourceVersion": "1"}, "data": {"flips.json": kept}}
    api_server.answers["/api/v1/namespaces/teal/configmaps/teal-history"] = (200, record)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster:
        records = Records(cluster.http, "teal")
        await notifier(api_server, post, []).catch_up(records)
        assert post.stages == ["CONFIRMED"]
        await notifier(api_server, post, []).catch_up(records)
        assert post.stages == ["CONFIRMED"]


async def test_a_flip_that_another_one_ended_is_told(api_server: FakeApiServer, post: Post) -> None:
    """Before that other one; one that is open is its owner's to tell of."""
    said: list[str] = []
    first, second = notifier(api_server, post, said), notifier(api_server, post, said)
    first.recorded(flip(), history(flip()))
    await all_told(first)
    gone = flip(Stage.ABANDONED)
    second.recorded(flip(Stage.PROVEN, 8), history(flip(Stage.BAKING, 6), gone, flip(Stage.PROVEN, 8)))
    second.recorded(flip(Stage.CONFIRMED, 8), history(gone, flip(Stage.CONFIRMED, 8)))
    await second.over()
    assert post.stages == ["PROVEN", "ABANDONED", "PROVEN", "CONFIRMED"]


async def test_who_could_not_be_told_is_one_line_and_no_secret(api_server: FakeApiServer, post: Post) -> None:
    """The next command is in it, and nothing of the URL."""
    said: list[str] = []
    post.taken = frozenset()
    told = notifier(api_server, post, said)
    told.recorded(flip(Stage.STUCK, allowed_at=""), history())
    await told.over()
    (line,) = said
    assert line.startswith("chat, pager of teal:notify could not be told that flip 7 is STUCK; the flip goes on.")
    assert "Next: " in line
    assert "slack" not in line
    assert "7.STUCK" in marks(api_server)


async def test_a_post_that_hangs_holds_nobody_up(
    api_server: FakeApiServer, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`recorded` returns at once; the end waits for so long, says so, and leaves the rest to whoever comes next."""
    said: list[str] = []
    monkeypatch.setattr(module, "OVER_SECONDS", 0.3)
    post.open.clear()
    told = notifier(api_server, post, said)
    told.recorded(flip(), history())
    await told.over()  # of a flip that is under way nothing is waited for
    assert said == []
    told.recorded(STORY[4], history())
    await told.over()
    assert "tells the rest" in said[0]
    assert marks(api_server) == {}


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_people_are_told_where_it_cannot_be_noted(api_server: FakeApiServer, post: Post, status: int) -> None:
    """That they may be told again is said; what is noted later is noted then."""
    said: list[str] = []
    api_server.fault = lambda _method, path: status if path == TOLD else None
    told = notifier(api_server, post, said)
    told.recorded(STORY[0], history())
    await all_told(told)
    assert "it was not noted who was told" in said[-1]
    api_server.fault = lambda _method, _path: None
    told.recorded(STORY[4], history())
    await told.over()
    assert post.stages == TELLING
    assert marks(api_server).keys() == {f"7.{stage}" for stage in TELLING}
    assert all("may be told again" in each for each in said)


async def test_a_flip_that_fails_in_telling_is_no_failure(api_server: FakeApiServer) -> None:
    """Whatever a sender raises."""
    said: list[str] = []

    async def tell(*_: object) -> frozenset[str]:
        await asyncio.sleep(0)
        raise OSError("no process can be started")

    access = ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)
    told = Notifier(AUDIENCE, access, said.append, tell)
    told.recorded(STORY[4], history())
    await told.over()
    assert said == ["people were not told of flips any more: OSError"]


async def test_nobody_to_tell_asks_nobody(api_server: FakeApiServer, post: Post) -> None:
    """A stack without teal:notify makes no request more than before."""
    told = notifier(api_server, post, [], Audience(stack="production"))
    told.recorded(STORY[4], history())
    await told.over()
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster:
        await told.catch_up(Records(cluster.http, "teal"))
    assert (api_server.heard, post.messages) == ([], [])


async def test_marks_that_no_history_has_are_forgotten(api_server: FakeApiServer, post: Post) -> None:
    """A ConfigMap is bounded, and so is a history."""
    noted(api_server, **dict.fromkeys(("1.PROVEN", "6.PROVEN"), flip().begun))
    patches: list[object] = api_server.written
    told = notifier(api_server, post, [])
    late = flip(Stage.CONFIRMED, 22, allowed_at="")
    told.recorded(late, history(late))
    await told.over()
    assert patches[-1] == {"metadata": {}, "data": {"1.PROVEN": None, "22.CONFIRMED": late.begun}}


async def test_whoever_describes_a_service_reads_its_flips(api_server: FakeApiServer, post: Post) -> None:
    """Events of the active Service's very uid, each stage one, and none twice."""
    said: list[str] = []
    for name in ("backend", "frontend"):
        found = {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": "1"}}
        api_server.answers[f"/api/v1/namespaces/teal/services/{name}"] = (200, found)
    told = notifier(api_server, post, said, Audience(stack="production", kubernetes_events=True))
    told.recorded(STORY[4], history())
    await told.over()
    events = [each for each in api_server.written if each.get("kind") == "Event"]
    assert [each["reason"] for each in events[::2]] == ["Proven", "Baking", "Reverting", "Reverted"]
    assert [each["involvedObject"]["uid"] for each in events[:2]] == ["uid-backend", "uid-frontend"]
    assert len({each["metadata"]["name"] for each in events}) == 8
    last = events[-2]
    assert last["metadata"]["name"] == "backend.teal-2026-01-01t00-00-00-00-00-7-reverted"
    assert last["message"] == "production: flip 7 to green 1.1.0 was undone: traffic is back on blue 1.0.0"
    assert (last["type"], last["firstTimestamp"], events[0]["type"]) == ("Warning", "2026-01-01T00:00:00Z", "Normal")
    assert (said, post.messages) == ([], [])


async def test_nothing_happens_to_a_service_that_a_worker_does_not_have(api_server: FakeApiServer, post: Post) -> None:
    """Events are of Services."""
    said: list[str] = []
    told = notifier(api_server, post, said, Audience(stack="production", kubernetes_events=True))
    worker = Worker(overlap=Overlap.FLIP, pods=1, grace_seconds=1)
    plan = STORY[4].plan.model_copy(update={"services": {"mailer": ServiceBake(worker=worker)}})
    told.recorded(STORY[4].model_copy(update={"plan": plan}), history())
    await told.over()
    assert not said
    assert not [each for each in api_server.written if each.get("kind") == "Event"]


async def test_a_right_that_lacks_is_said(api_server: FakeApiServer, post: Post) -> None:
    """The flip goes on, and people are told."""
    said: list[str] = []
    kubernetes_events = AUDIENCE.model_copy(update={"kubernetes_events": True})
    told = notifier(api_server, post, said, kubernetes_events)
    told.recorded(STORY[4], history())
    await told.over()
    assert post.stages == TELLING
    assert "Kubernetes has no event of flip 7 on backend" in said[0]
    assert "answered 404" in said[0]


async def test_numbers_that_are_given_again_are_other_flips(api_server: FakeApiServer, post: Post) -> None:
    """The history was deleted: what was told of a flip of that number was another's."""
    noted(api_server, **{"7.CONFIRMED": "2025-12-31T00:00:00+00:00"})
    told = notifier(api_server, post, [])
    anew = flip(Stage.CONFIRMED, allowed_at="")
    told.recorded(anew, history(anew))
    await told.over()
    assert post.stages == ["CONFIRMED"]
    assert marks(api_server) == {"7.CONFIRMED": anew.begun}
