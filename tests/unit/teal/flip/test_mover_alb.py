"""A move by the weights of a listener rule, from its proof to its end: against moto, and a cluster on loopback."""

import json
from collections.abc import Collection, Mapping
from itertools import count

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import revert
from teal.flip.mover import Mover
from teal.flip.owner import Owner
from teal.history.model import Flip, History
from teal.history.store import Records
from teal.model.colours import Colour
from teal.model.errors import RefusedError, UnreachableError
from teal.model.live import LiveService
from teal.model.routes import RouterKind
from teal.routers import connect
from teal.routers.alb import WRITER, AlbRouter
from teal.spec.bake import BakePlan, ServiceBake
from teal.spec.gates import GatePlan
from teal.spec.move import Move
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.balancing import BINDINGS, Balancing, balancing

__all__ = ["balancing"]
BLUE, GREEN = Colour.BLUE, Colour.GREEN
RECORD = "/api/v1/namespaces/teal/configmaps/teal-history"
DOORS = {colour: f"/api/v1/namespaces/teal/services/backend-{colour}:http/proxy/pricing" for colour in Colour}
PLAN = GatePlan(version="1.1.0", version_path="/deployment/metadata", router=frozenset({"targets", "alarms"}))


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revert, "CAPACITY_SECONDS", 0.1)


def move(share: int = 0) -> Move:
    """From blue to green; its bake asks once, through the cluster."""
    return Move(
        to=BLUE if share else GREEN,
        versions={BLUE: "1.0.0", GREEN: "1.1.0"},
        release="digest",
        confirmed=BLUE,
        flip_set={"backend": PLAN},
        canary={"backend": PLAN},
        share=share,
        bake=BakePlan(
            services={"backend": ServiceBake(path="/pricing")},
            router=RouterKind.ALB,
            reachable=False,
            seconds=0,
            error_percent=5,
            samples=0,
            window=10,
        ),
    )


def world(server: FakeApiServer, balancing: Balancing, *, blue: int = 100, green: int = 0) -> None:
    """Both colours run, each with two pods that are healthy targets and quiet; traffic is shared out so."""
    balancing.service("backend", blue, green)
    balancing.targets("backend", blue=["healthy"] * 2, green=["healthy"] * 2)
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        server.pods("backend", colour, [version] * 2)
        balancing.alarm("backend", colour, "OK")
        server.answers[DOORS[Colour(colour)]] = (200, {})
    balancing.bind(server)


async def begin(server: FakeApiServer) -> None:
    """The traffic hook of an update."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        await Mover(found, move(), name="update-1", say=print).begin()


async def finish(server: FakeApiServer) -> None:
    """The hook of the confirmed record."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        await Mover(found, move(), name="update-1", say=print).finish(BLUE)


def last(server: FakeApiServer) -> Flip:
    """The flip that was begun last, as it is recorded."""
    _, found = server.answers[RECORD]
    flip = History.model_validate_json(found["data"]["flips.json"]).last
    assert flip is not None
    return flip


async def test_a_proven_flip_is_confirmed_with_the_load_balancers_own_evidence(
    api_server: FakeApiServer, balancing: Balancing
) -> None:
    """Healthy targets and quiet alarms beside the cluster's gates; the record has all that a way back needs."""
    world(api_server, balancing)
    await begin(api_server)
    assert {each.gate for each in last(api_server).verdicts} == {"capacity", "version", "targets", "alarms"}
    assert last(api_server).plan.routes["backend"].rule == balancing.rules["backend"]
    balancing.weigh("backend", 0, 100)  # the engine's write
    await finish(api_server)
    assert last(api_server).stage == "CONFIRMED"


@pytest.mark.parametrize(
    ("green", "alarm", "why"),
    [
        (["healthy"], "OK", r"green has 1 healthy target; needed: 2 healthy"),
        (["healthy", "unhealthy"], "OK", r"green has 1 healthy target \(1 unhealthy\)"),
        (["healthy"] * 2, "ALARM", r"backend-green-errors-\w+ rings"),
    ],
)
async def test_what_only_the_load_balancer_knows_refuses_a_flip(
    api_server: FakeApiServer, balancing: Balancing, *, green: list[str], alarm: str, why: str
) -> None:
    """The cluster calls all of its endpoints ready; nothing is written."""
    world(api_server, balancing)
    balancing.targets("backend", green=green)
    balancing.alarm("backend", "green", alarm)
    with pytest.raises(RefusedError, match=why):
        await begin(api_server)
    assert balancing.weights("backend") == [100, 0]


async def test_a_share_that_is_left_behind_is_not_confirmed(api_server: FakeApiServer, balancing: Balancing) -> None:
    """Reading back compares the whole split."""
    world(api_server, balancing)
    await begin(api_server)
    balancing.weigh("backend", 1, 99)
    with pytest.raises(RefusedError, match="not confirmed"):
        await finish(api_server)


async def test_weights_that_somebody_writes_during_the_bake_are_left_and_not_confirmed(
    api_server: FakeApiServer, balancing: Balancing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS keeps no name of them; it was not teal, whatever the colour."""
    monkeypatch.setattr(AlbRouter, "pace", 0.05)
    world(api_server, balancing)
    await begin(api_server)
    balancing.weigh("backend", 0, 100)
    looked = AlbRouter.live_services
    looks = count()

    async def meddle(self: AlbRouter, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        if next(looks) == 1:  # the first one is before the bake
            balancing.weigh("backend", 100, 0)
        return await looked(self, names)

    monkeypatch.setattr(AlbRouter, "live_services", meddle)
    with pytest.raises(RefusedError, match=rf"OVERTAKEN.*leads to blue, written by '{WRITER}'"):
        await finish(api_server)
    assert (last(api_server).stage, balancing.weights("backend")) == ("OVERTAKEN", [100, 0])


@pytest.mark.parametrize("sign", ["door", "alarm"])
async def test_a_bake_that_fails_puts_both_weights_back(
    api_server: FakeApiServer, balancing: Balancing, sign: str
) -> None:
    """Whether its answers fail or the load balancer's own alarm rings."""
    world(api_server, balancing)
    await begin(api_server)
    balancing.weigh("backend", 0, 100)
    if sign == "door":
        api_server.answers[DOORS[GREEN]] = (500, {})
    else:
        balancing.alarm("backend", "green", "ALARM")
    with pytest.raises(RefusedError, match="Traffic was put back onto blue"):
        await finish(api_server)
    assert balancing.weights("backend") == [100, 0]


async def test_traffic_is_not_put_back_onto_targets_that_are_not_healthy(
    api_server: FakeApiServer, balancing: Balancing
) -> None:
    """Though the cluster calls their pods ready."""
    world(api_server, balancing)
    await begin(api_server)
    balancing.weigh("backend", 0, 100)
    balancing.targets("backend", blue=["unhealthy"] * 2)
    api_server.answers[DOORS[GREEN]] = (500, {})
    with pytest.raises(RefusedError, match="TRAFFIC STAYS ON GREEN"):
        await finish(api_server)
    assert balancing.weights("backend") == [0, 100]


async def test_the_record_alone_suffices_to_put_traffic_back(api_server: FakeApiServer, balancing: Balancing) -> None:
    """By whoever finds it, without the program; the bindings may even be gone."""
    world(api_server, balancing)
    await begin(api_server)
    balancing.weigh("backend", 0, 100)
    api_server.answers[DOORS[GREEN]] = (500, {})
    status, found = api_server.answers[RECORD]
    flips = json.loads(found["data"]["flips.json"])
    flips["flips"][0]["owner"] = ""  # its update is known to be dead
    api_server.answers[RECORD] = (status, {**found, "data": {"flips.json": json.dumps(flips)}})
    del api_server.answers[BINDINGS]
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster:
        ended = await Owner(cluster, Records(cluster.http, "teal"), None, name="watch-1", say=print).go_on()
    assert ended is not None
    assert ended.stage == "REVERTED"
    assert balancing.weights("backend") == [100, 0]


@pytest.mark.parametrize(("green", "passes"), [(["healthy"], True), (["initial"], False)])
async def test_a_share_is_proven_like_a_flip_of_its_size(
    api_server: FakeApiServer, balancing: Balancing, *, green: list[str], passes: bool
) -> None:
    """A tenth of what two targets carry: one healthy target of the idle colour."""
    world(api_server, balancing)
    balancing.targets("backend", green=green)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        mover = Mover(found, move(share=10), name="update-1", say=print)
        if passes:
            await mover.canary(wait=True)
        else:
            verdicts = await mover.canary(wait=False)
            assert [each.gate for each in verdicts if each.outcome != "PASSED"] == ["targets"]


@pytest.mark.parametrize("sign", ["", "door", "alarm", "stranger"])
async def test_a_share_is_watched_and_taken_away_where_it_fails(
    api_server: FakeApiServer, balancing: Balancing, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    """By what the idle colour answers, and by its alarms; weights that somebody else wrote are left to them."""
    world(api_server, balancing, blue=90, green=10)
    looked, looks = AlbRouter.live_services, count()

    async def meddle(self: AlbRouter, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        if next(looks) == 1 and sign == "stranger":
            balancing.weigh("backend", 30, 70)
        return await looked(self, names)

    monkeypatch.setattr(AlbRouter, "live_services", meddle)
    if sign == "door":
        api_server.answers[DOORS[GREEN]] = (500, {})
    elif sign == "alarm":
        balancing.alarm("backend", "green", "ALARM")
    said = {
        "door": "10 % of live traffic on green 1.1.0 did not pass its bake: bake of backend FAILED.*blue has all",
        "alarm": "bake-alarms of backend FAILED.*blue has all live traffic again",
        "stranger": "bake-route of backend FAILED.*and was left there",
    }
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        mover = Mover(found, move(share=10), name="update-1", say=print)
        if sign:
            with pytest.raises(RefusedError, match=said[sign]):
                await mover.watch_share()
        else:
            await mover.watch_share()
    assert balancing.weights("backend") == {"": [90, 10], "stranger": [30, 70]}.get(sign, [100, 0])
    assert RECORD not in api_server.answers  # it is no flip


async def test_a_share_that_cannot_be_taken_away_is_told(
    api_server: FakeApiServer, balancing: Balancing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what does it."""

    async def refuse(*_: object) -> None:
        raise UnreachableError("AWS does not answer")

    world(api_server, balancing, blue=90, green=10)
    api_server.answers[DOORS[GREEN]] = (500, {})
    monkeypatch.setattr(AlbRouter, "move", refuse)
    monkeypatch.setattr(revert, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(revert, "PAUSE_SECONDS", 0.05)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        with pytest.raises(UnreachableError, match="Next: pulumi config set teal:canaryWeight 0, then pulumi up"):
            await Mover(found, move(share=10), name="update-1", say=print).watch_share()


async def test_what_teal_put_back_is_no_foreign_change_and_another_share_is(
    api_server: FakeApiServer, balancing: Balancing
) -> None:
    """AWS keeps no writer: the record of flips says where traffic was left, and that no share was."""
    world(api_server, balancing)
    await begin(api_server)
    balancing.weigh("backend", 0, 100)
    api_server.answers[DOORS[GREEN]] = (500, {})
    with pytest.raises(RefusedError, match="put back onto blue"):
        await finish(api_server)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster:
        router = connect(RouterKind.ALB, cluster)
        assert (await router.live_services())["backend"].writer == "teal"
        balancing.weigh("backend", 90, 10)
        assert (await router.live_services())["backend"].writer == WRITER
