"""`teal check` looks at a colour from all sides, says what it saw, and ends with what that comes to."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from teal.cli.say import Exit
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.checking.colours import CALM, DOOR, NAMESPACE, checked
from tests.unit.infra.manager.projects import GREEN, STACK, teal


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
