"""`teal check` looks at a colour from all sides, says what it saw, and ends with what that comes to."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

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
from tests.unit.infra.checked import NAMESPACE, well
from tests.unit.infra.manager.projects import GREEN, STACK, project, teal

DOOR = f"/api/v1/{NAMESPACE}/services/backend-green:http/proxy"
CALM = "--skip", "security", "--skip", "scraping", "--skip", "reach"
"""What is left out where a test is not about it: nobody answers there."""

Found = Mapping[str, Mapping[str, str]]


@pytest.fixture
def file(tmp_path: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a stack whose blue is live, and whose green is well."""
    api_server.service("backend", "blue")
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        api_server.pods("backend", colour, [version])
        well(api_server, f"backend-{colour}")
    return project(tmp_path, api_server, monkeypatch)


def checked(capsys: pytest.CaptureFixture[str], *args: str, status: Exit) -> Found:
    """What a check says, by the name of each."""
    assert teal("check", *args, "--json") == status
    return {each["gate"]: each for each in json.loads(capsys.readouterr().out)["verdicts"]}


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(("colour", "traffic"), [("green", "idle"), ("blue", "live")])
def test_a_colour_that_is_well_passes(capsys: pytest.CaptureFixture[str], colour: str, traffic: str) -> None:
    """Either of them, with a line for each check."""
    assert teal("check", colour, *CALM) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    names = {line.split()[1] for line in lines if line.startswith("PASSED")}
    assert names == {
        "capacity",
        "version",
        "smoke.readiness",
        "resources.deployment",
        "resources.service",
        "resources.autoscaler",
        "resources.budget",
        "resources.network",
        "probes.startup",
        "probes.liveness",
        "probes.readiness",
        "usage",
    }
    assert "SKIPPED      reach: --skip" in lines
    assert lines[-1].endswith(f"{traffic}: {len(names)} PASSED")


@pytest.mark.usefixtures("file")
def test_nothing_is_written(api_server: FakeApiServer) -> None:
    """Neither to the cluster nor to the stack file."""
    before = Path("stacks/Pulumi.dev.yaml").read_text()
    teal("check", "green", *CALM)
    assert api_server.written == []
    assert Path("stacks/Pulumi.dev.yaml").read_text() == before


@pytest.mark.parametrize("colour", ["blue", "green"])
def test_a_cron_job_is_left_out(
    api_server: FakeApiServer, file: Path, capsys: pytest.CaptureFixture[str], colour: str
) -> None:
    """Of the live colour as well: its pods are those of its Jobs, and no Deployment is missing."""
    cron, image = "mailer: {kind: cron, cron: {schedule: '@daily'}}", "mailer: {image: registry.example/mailer:1}"
    text = file.read_text().replace("contract: true}", f"contract: true}}\n    {cron}")
    text = text.replace('"1.0.0"\n', f'"1.0.0"\n    {image}\n').replace('"1.1.0", ', f'"1.1.0", {image}, ')
    file.write_text(text)
    labels = {"app.kubernetes.io/name": "mailer", "teal/cron": "true"}
    record = {"metadata": {"name": "mailer-live", "resourceVersion": "1", "labels": labels}, "data": {"colour": "blue"}}
    api_server.answers[f"/api/v1/{NAMESPACE}/configmaps/mailer-live"] = (200, record)
    assert teal("check", colour, *CALM) == Exit.OK
    assert "SKIPPED      mailer: a cron job, which has no pods of its own" in capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("gone", "name"),
    [
        (f"/apis/policy/v1/{NAMESPACE}/poddisruptionbudgets/backend-green", "resources.budget"),
        (f"{DOOR}/health/live", "probes.liveness"),
    ],
)
def test_what_is_missing_fails(
    api_server: FakeApiServer, capsys: pytest.CaptureFixture[str], gone: str, name: str
) -> None:
    """And the rest passes all the same."""
    api_server.answers[gone] = (404, b"not found")
    found = checked(capsys, "green", *CALM, status=Exit.UNWELL)
    assert found[name]["outcome"] == "FAILED"
    assert found["capacity"]["outcome"] == "PASSED"


@pytest.mark.parametrize(
    ("scaling", "pods", "outcome", "status"),
    [
        ("", 1, "INCONCLUSIVE", Exit.UNKNOWN),
        ("", 0, "FAILED", Exit.UNWELL),
        (", autoscaling: {enabled: false}", 1, "FAILED", Exit.UNWELL),
    ],
)
def test_an_idle_colour_that_a_flip_scales_up_first_has_not_too_few_pods(  # noqa: PLR0913 - fixtures and cases
    api_server: FakeApiServer,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    scaling: str,
    pods: int,
    outcome: str,
    status: Exit,
) -> None:
    """Where all that it is asked for are ready; where they are not, or nobody scales it, they are too few."""
    file.write_text(file.read_text().replace("contract: true}", f"contract: true{scaling}}}"))
    api_server.pods("backend", "blue", ["1.0.0"] * 2)
    api_server.pods("backend", "green", ["1.1.0"] * pods)
    capacity = checked(capsys, "green", *CALM, status=status)["capacity"]
    assert capacity["outcome"] == outcome
    assert ("a flip scales it up first" in capacity["seen"]) is (outcome == "INCONCLUSIVE")


@pytest.mark.usefixtures("file")
def test_what_could_not_be_told_passes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """There is no Prometheus, no image for a pod, and no policy pack: nothing failed, and it ends with a status."""
    found = checked(capsys, "green", status=Exit.UNKNOWN)
    unknown = {name: each["outcome"] for name, each in found.items() if each["outcome"] != "PASSED"}
    assert unknown == dict.fromkeys(["security", "metrics.availability", "reach.service"], "INCONCLUSIVE")


@pytest.mark.usefixtures("file")
def test_an_api_that_may_not_be_asked_is_no_pass(api_server: FakeApiServer, capsys: pytest.CaptureFixture[str]) -> None:
    """The right to see the pods' use is another one than that to see the pods."""
    api_server.fault = lambda _, path: 403 if path.startswith("/apis/metrics.k8s.io") else None
    found = checked(capsys, "green", *CALM, status=Exit.UNKNOWN)
    assert found["usage"]["outcome"] == "ERROR"
    assert "answered 403" in found["usage"]["seen"]


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


@pytest.mark.usefixtures("file")
def test_ci_systems_get_junit(tmp_path: Path) -> None:
    """In a file; one that cannot be written is told."""
    junit = tmp_path / "check.xml"
    assert teal("check", "green", *CALM, "--quiet", "--junit", str(junit)) == Exit.OK
    (suite,) = ET.parse(junit).getroot()  # noqa: S314 - our own
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("0", "3")
    assert teal("check", "green", *CALM, "--junit", str(tmp_path)) == Exit.FAILED


@pytest.mark.parametrize(
    ("text", "colour", "said"),
    [
        (STACK, "green", "green has no release in"),
        (STACK + GREEN.replace('.0"}}', '.0"}, state: stopped}'), "green", "Next: teal start green"),
    ],
)
def test_a_colour_that_does_not_run_cannot_be_checked(
    file: Path, capsys: pytest.CaptureFixture[str], text: str, colour: str, said: str
) -> None:
    """With the command that mends it."""
    file.write_text(text)
    assert teal("check", colour) == Exit.USAGE
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize("args", [("--load", "2h"), ("--load", "soon"), ("--success", "0"), ("--skip", "all")])
def test_what_makes_no_sense_is_refused(args: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Before anybody is asked."""
    assert teal("check", "green", *args) != Exit.OK
    assert "Nothing was done. Next: teal check --help" in " ".join(capsys.readouterr().err.split())


@pytest.mark.usefixtures("file")
def test_a_cluster_that_is_gone_ends_it(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known then."""
    monkeypatch.setattr("teal.adapters.kubernetes.cluster.RETRY_SECONDS", 0.1)
    api_server.stop()
    assert teal("check", "green", *CALM) == Exit.UNREACHABLE


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
