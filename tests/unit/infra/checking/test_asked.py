"""`teal check` asks more than the cluster's objects: load, documents, Prometheus, the policy pack, Pulumi."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from teal_infra.manager import engine
from teal_infra.manager.engine import Finding

from teal.adapters import pulumi_project
from teal.adapters.pulumi_project import Project
from teal.checking import load
from teal.checking.load import Loaded
from teal.cli.say import Exit
from teal.model.errors import EngineError
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.checking.colours import CALM, DOOR, NAMESPACE, checked
from tests.unit.infra.manager.projects import teal


@pytest.mark.usefixtures("file")
def test_a_load_test_is_told_with_its_numbers(api_server: FakeApiServer, capsys: pytest.CaptureFixture[str]) -> None:
    """In words and as JSON; too many failures are one."""
    load = "--load", "1s", "--rate", "5"
    assert teal("check", "green", *CALM, *load, "--json") == Exit.OK
    found = json.loads(capsys.readouterr().out)["load"]["backend"]
    assert found["requests"] == found["succeeded"] > 0
    assert found["p99Seconds"] >= found["p50Seconds"] > 0
    api_server.answers[f"{DOOR}/deployment/metadata"] = (500, b"")
    failed = checked(capsys, "green", *CALM, *load, status=Exit.UNWELL)["load"]
    assert "0 of" in failed["seen"]
    assert "it answered 500" in failed["seen"]


@pytest.mark.usefixtures("file")
def test_a_load_test_takes_no_time_from_what_comes_after(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the pods use is asked for after any load test, however long."""

    async def an_hour(*_: object, **__: object) -> Loaded:
        loop = asyncio.get_running_loop()
        before = loop.time
        monkeypatch.setattr(loop, "time", lambda: before() + 3600)
        return Loaded(requests=10, succeeded=10, per_second=10.0, p50_seconds=0.1, p95_seconds=0.1, p99_seconds=0.1)

    monkeypatch.setattr(load, "run", an_hour)
    found = checked(capsys, "green", *CALM, "--load", "1h", status=Exit.OK)
    assert found["usage"]["outcome"] == "PASSED"


@pytest.mark.usefixtures("file")
def test_what_a_contract_offers_is_asked(
    api_server: FakeApiServer, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its document says what there is; one that is none is no pass."""
    file.write_text(file.read_text().replace("contract: true}", "contract: true, gates: {contract: {}}}"))
    document: Any = {"openapi": "3.1.0", "paths": {"/pricing": {"get": {}}, "/gone": {"get": {}}}}
    for colour in ("blue", "green"):
        path = f"/api/v1/{NAMESPACE}/services/backend-{colour}:http/proxy"
        api_server.answers |= {f"{path}/openapi.json": (200, document), f"{path}/pricing": (200, {})}
        api_server.answers[f"{path}/gone"] = (404, b"not found")
    found = checked(capsys, "green", *CALM, "--skip", "gates", status=Exit.UNWELL)
    assert found["paths"]["seen"] == "GET /gone answered 404"
    api_server.answers[f"{DOOR}/openapi.json"] = (200, b"no JSON")
    found = checked(capsys, "green", *CALM, "--skip", "gates", status=Exit.UNKNOWN)
    assert found["paths"]["outcome"] == "INCONCLUSIVE"


@pytest.mark.usefixtures("file")
def test_what_each_document_offers_is_asked(
    api_server: FakeApiServer, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the name of the document."""
    several = "contract: true, gates: {contract: {paths: {v1: /v1.json, v2: /v2.json}}}}"
    file.write_text(file.read_text().replace("contract: true}", several))
    document: Any = {"openapi": "3.1.0", "paths": {"/pricing": {"get": {}}}}
    api_server.answers |= {f"{DOOR}/v1.json": (410, b""), f"{DOOR}/v2.json": (200, document)}
    api_server.answers[f"{DOOR}/pricing"] = (200, {})
    found = checked(capsys, "green", *CALM, "--skip", "gates", status=Exit.UNKNOWN)
    assert found["paths.v1"]["seen"] == "/v1.json of green answered 410"
    assert found["paths.v2"]["outcome"] == "PASSED"


@pytest.mark.parametrize("skipped", [(), ("--skip", "gates")])
def test_who_is_scraped_is_asked_once(file: Path, capsys: pytest.CaptureFixture[str], skipped: Sequence[str]) -> None:
    """By the metrics gate, or, where the gates are left out, without it."""
    metrics = (
        "contract: true, gates: {metrics: {traffic: {enabled: false}}}}\n  teal:prometheus: {url: 'http://127.0.0.1:9'}"
    )
    file.write_text(file.read_text().replace("contract: true}", metrics))
    teal("check", "green", "--skip", "security", "--skip", "reach", *skipped, "--json")
    names = [each["gate"] for each in json.loads(capsys.readouterr().out)["verdicts"]]
    assert names.count("metrics.availability") == 1
    assert ("capacity" in names) is not bool(skipped)


def finding(*, mandatory: bool) -> Finding:
    """As the engine tells it."""
    return Finding(policy="pods-are-confined", mandatory=mandatory, message="host network")


def fails() -> Sequence[Finding]:
    """As a preview that no policy refused."""
    raise EngineError("the program failed")


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("judged", "name", "outcome", "status"),
    [
        (list, "security", "PASSED", Exit.OK),
        (lambda: [finding(mandatory=True)], "security.pods-are-confined", "FAILED", Exit.UNWELL),
        (lambda: [finding(mandatory=False)], "security.pods-are-confined", "INCONCLUSIVE", Exit.UNKNOWN),
        (fails, "security", "ERROR", Exit.UNKNOWN),
    ],
)
def test_the_policy_pack_is_asked(  # noqa: PLR0913 - a table's columns
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    judged: Callable[[], Sequence[Finding]],
    name: str,
    outcome: str,
    status: Exit,
) -> None:
    """About what an update would make; that it could not be asked is no pass."""
    Path("policies").mkdir()
    Path("policies/PulumiPolicy.yaml").touch()

    class Stub:
        def __init__(self, project: Project, _: object) -> None:
            assert project == pulumi_project.require()

        def judge(self, pack: Path) -> Sequence[Finding]:
            assert pack == Path("policies").absolute()
            return judged()

    monkeypatch.setattr(engine, "Engine", Stub)
    found = checked(capsys, "green", "--skip", "scraping", "--skip", "reach", status=status)
    assert found[name]["outcome"] == outcome


def test_secrets_are_read_by_pulumi(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token of Prometheus, say; none of them is shown."""
    prometheus = "  teal:prometheus: {url: 'http://127.0.0.1:9', token: {secure: 'v1:x'}}\n"
    file.write_text(file.read_text() + prometheus)
    known: dict[str, Any] = {"url": "http://127.0.0.1:9", "token": "s3cret"}

    class Stub:
        def __init__(self, *_: object) -> None:
            pass

        def config(self) -> Mapping[str, str]:
            raw = {
                "activeColour": "blue",
                "namespace": "teal",
                "services": {"backend": {"contract": True}},
                "blue": {"version": "1.0.0", "backend": {"image": "a:1"}},
                "green": {"version": "1.1.0", "backend": {"image": "a:1"}},
                "prometheus": known,
            }
            return {key: each if isinstance(each, str) else json.dumps(each) for key, each in raw.items()}

    monkeypatch.setattr(engine, "Engine", Stub)
    found = checked(capsys, "green", "--skip", "security", "--skip", "reach", "--skip", "gates", status=Exit.UNKNOWN)
    assert found["metrics.availability"]["outcome"] == "ERROR"
    assert "s3cret" not in json.dumps(found)
