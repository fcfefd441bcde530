"""The record of flips is not believed where it would send requests: paths and doors are the stack's to say."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from teal.adapters.kubernetes import connections
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.cli.app import app
from teal.flip import tenure
from teal.history.model import Stage
from teal.history.store import Records
from teal.model.addresses import keeps_a_secret
from teal.spec.bake import DECLARED, BakePlan
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import RECORD, begin, cluster, finish, move, recorded
from tests.unit.teal.serving import Asked, Said, serving

FORGED = "/api/v1/namespaces/teal/services/backend:http/proxy/forged"
Watch = Callable[[], int]


async def forge(server: FakeApiServer, **plan: object) -> None:
    """A flip whose update died during its bake, and in whose record somebody wrote another plan."""
    cluster(server, "blue")
    await begin(server, move())
    server.service("backend", "green")
    server.answers[FORGED] = (200, {})
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        flip = recorded(server).at(Stage.BAKING).owned_by("")
        services = {"backend": {"path": "/forged", "closePath": "/forged-close", "host": "evil.example"}}
        forged = BakePlan.model_validate({**flip.plan.model_dump(by_alias=True), "services": services, **plan})
        await records.save(await records.load(), flip.model_copy(update={"plan": forged}))


@pytest.fixture
def watch(api_server: FakeApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """`teal watch`; its exit status."""
    (tmp_path / "kubeconfig").write_text(api_server.kubeconfig)
    monkeypatch.setattr(tenure, "LEASE_SECONDS", 1)
    for name in (DECLARED, "PROMETHEUS_URL", "PROMETHEUS_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run() -> int:
        with pytest.raises(SystemExit) as ended:
            app(["watch", "--namespace", "teal", "--kubeconfig", str(tmp_path / "kubeconfig")])
        return int(str(ended.value.code))

    return run


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths by which pods were told to end their connections."""
    paths: list[str] = []

    async def close(
        _http: object, _namespace: str, _endpoints: object, path: str, _seconds: int, **_: object
    ) -> list[str]:
        paths.append(path)
        return []

    monkeypatch.setattr(connections, "close", close)
    return paths


async def test_the_watch_asks_what_the_stack_declares(
    api_server: FakeApiServer, watch: Watch, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handed over by the CronJob that the stack wrote; neither path of the record is asked, nor kept."""
    await forge(api_server)
    monkeypatch.setenv(DECLARED, move(close="/close").bake.model_dump_json(by_alias=True))
    api_server.asked.clear()
    assert await asyncio.to_thread(watch) == 0
    assert FORGED not in api_server.asked
    assert {*told} == {"/close"}
    flip = recorded(api_server)
    assert (flip.stage, flip.plan.services["backend"].path) == (Stage.CONFIRMED, "/pricing")


async def test_an_update_asks_what_it_declares(api_server: FakeApiServer, told: list[str]) -> None:
    """The same of `pulumi up` that finds a flip open, whose plan somebody wrote."""
    await forge(api_server)
    api_server.asked.clear()
    await finish(api_server, move(close="/close"))
    assert FORGED not in api_server.asked
    assert {*told} == {"/close"}


async def test_by_hand_no_pod_is_told_anything(api_server: FakeApiServer, watch: Watch, told: list[str]) -> None:
    """Nobody hands over what the stack declares: the front door is asked, through the API server, and no more."""
    await forge(api_server)
    assert await asyncio.to_thread(watch) == 0
    assert told == []


async def test_the_token_goes_nowhere_but_to_the_configured_prometheus(
    api_server: FakeApiServer, watch: Watch, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address of the record is not asked at all, with a token or without; and nothing unasked is a pass."""
    heard: list[Asked] = []

    async def prometheus(asked: Asked) -> Said:
        heard.append(asked)
        return Said(body=json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}}).encode())

    monkeypatch.setenv("PROMETHEUS_TOKEN", "SECRET")
    async with serving(prometheus) as evil:
        await forge(api_server, prometheus=evil, samples=1)
        assert await asyncio.to_thread(watch) == 3
        assert heard == []
    assert recorded(api_server).stage is Stage.UNPROVEN
    assert "PROMETHEUS_URL does not say where" in " ".join(capsys.readouterr().out.split())
    async with serving(prometheus) as ours:
        monkeypatch.setenv("PROMETHEUS_URL", ours)
        assert await asyncio.to_thread(watch) == 3
        assert {each.headers.get("authorization") for each in heard} == {"Bearer SECRET"}


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://prometheus.example", True),
        ("http://127.0.0.1:9090", True),
        ("http://localhost:9090", True),
        ("http://[::1]:9090", True),
        ("http://prometheus.monitoring:9090", False),
        ("http://127.0.0.1.example", False),
        ("http://192.0.2.10:9090", False),
    ],
)
def test_a_token_goes_over_tls_or_stays_on_this_machine(url: str, *, safe: bool) -> None:
    """Whatever an address looks like."""
    assert keeps_a_secret(url) is safe


def test_what_is_handed_over_and_is_no_plan_is_refused(
    api_server: FakeApiServer, watch: Watch, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than to go by the record."""
    monkeypatch.setenv(DECLARED, '{"services": 1}')
    assert watch() == 1
    assert f"{DECLARED} cannot be read" in " ".join(capsys.readouterr().err.split())
    assert RECORD not in api_server.asked
