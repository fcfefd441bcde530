"""`teal status` and `teal health-check` show both colours, and end with what they found."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from teal.cli import status
from teal.cli.app import app
from teal.cli.say import Exit
from teal.cli.terminal import Terminal
from teal.model.verdict import Outcome, Verdict
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.serving import Asked, Said, serving
from tests.unit.teal.standing import NAMESPACE, deployment, stack
from tests.unit.teal.working import BATCH, cron_job, worker

Teal = Callable[..., int]


@pytest.fixture
def teal(api_server: FakeApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Teal:
    """Runs a command on the fake API server; its exit status."""
    (tmp_path / "kubeconfig").write_text(api_server.kubeconfig)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*args: str) -> int:
        with pytest.raises(SystemExit) as ended:
            app([*args, "--kubeconfig", str(tmp_path / "kubeconfig"), "--namespace", "teal"])
        return int(ended.value.code or 0)

    return run


def test_both_colours_are_shown(api_server: FakeApiServer, teal: Teal, capsys: pytest.CaptureFixture[str]) -> None:
    """With their pods, and where they answer."""
    stack(api_server, green=1, restarts=3)
    assert teal("status") == Exit.OK
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert shown == [
        "live traffic of backend: blue (shop.example:80)",
        "confirmed: blue",
        "colour traffic service version pods restarts door",
        "blue live backend 1.0.0 2 of 2 pods ready 0 port 30081 of each node",
        "green idle backend 1.1.0 1 of 2 pods ready 3 port 30082 of each node",
        "last: no flip is known",
    ]


def test_a_stack_that_is_not_there_is_at_rest(teal: Teal, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of it is live, and nobody waits for anything."""
    assert teal("status") == Exit.OK
    assert "live traffic: none yet" in capsys.readouterr().out
    assert teal("health-check") == Exit.UNWELL
    assert "neither colour has a release" in capsys.readouterr().out


def test_a_script_reads_it(api_server: FakeApiServer, teal: Teal, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, or by the exit status alone."""
    stack(api_server)
    assert teal("status", "--json") == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert (found["live"], found["atRest"]) == ({"backend": "blue"}, True)
    assert found["colours"]["green"]["backend"]["ready"] == 2
    assert teal("status", "--quiet") == Exit.OK
    assert capsys.readouterr().out == ""


async def test_requests_are_shown_by_colour(
    api_server: FakeApiServer, teal: Teal, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a Prometheus counts them; what it has no number for is unknown, and so is all where it does not answer."""
    stack(api_server)
    answers = True

    async def handler(asked: Asked) -> Said:
        value = "0.25" if b"status" in asked.body else "12"
        result = [{"metric": {"colour": "blue"}, "value": [0, value]}]
        body = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return Said(body=json.dumps(body).encode() if answers else b"neither")

    async with serving(handler) as url:
        assert await asyncio.to_thread(teal, "status", "--prometheus", url) == Exit.OK
        blue, green = (line for line in capsys.readouterr().out.splitlines() if line.startswith(("blue", "green")))
        assert blue.endswith("12.0 a second, 25.0% failed")
        assert green.rstrip().endswith("unknown")
        assert await asyncio.to_thread(teal, "status", "--json", "--prometheus", url) == Exit.OK
        counted = json.loads(capsys.readouterr().out)["requests"]["services"]["backend"]
        assert counted["blue"] == {"perSecond": 12, "failed": 0.25}
        answers = False
        assert await asyncio.to_thread(teal, "status", "--prometheus", url) == Exit.OK
        assert "requests: Prometheus gave no answer. Next: " in capsys.readouterr().out


def test_it_is_shown_again_and_again(
    api_server: FakeApiServer, teal: Teal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until Ctrl-C; what has changed since is on the screen."""
    stack(api_server)
    looks = 0

    def wait(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks > 1:
            raise KeyboardInterrupt
        stack(api_server, green=0)

    monkeypatch.setattr(status.time, "sleep", wait)
    assert teal("status", "--watch") == Exit.OK
    assert "0 of 2 pods ready" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "door", "ready", "expected", "said"),
    [
        ((), 200, 2, Exit.OK, "green: well"),
        ((), 500, 2, Exit.OK, "it answered 500"),  # which is not the live colour's
        (("green",), 200, 2, Exit.OK, "backend 1.1.0: / answered 200"),
        (("green",), 500, 2, Exit.UNWELL, "it answered 500"),
        (("green",), 200, 1, Exit.UNWELL, "1 of 2 pods ready"),
        (("green",), 503, 2, Exit.UNWELL, "it answered 503"),
    ],
)
def test_every_service_is_asked(  # noqa: PLR0913 - a table's columns
    api_server: FakeApiServer,
    teal: Teal,
    capsys: pytest.CaptureFixture[str],
    *,
    args: tuple[str, ...],
    door: int,
    ready: int,
    expected: Exit,
    said: str,
) -> None:
    """By its preview door; the status is that of the colour that was asked for, or else of the live one."""
    stack(api_server, green=ready)
    api_server.answers[f"{NAMESPACE}/services/backend-green:http/proxy/"] = (door, {})
    assert teal("health-check", *args) == expected
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pods", "expected", "said"),
    [(2, Exit.OK, "mailer 1.0.0: 2 of 2 pods ready"), (1, Exit.UNWELL, "mailer 1.0.0: 1 of 2 pods ready")],
)
def test_a_worker_is_well_by_its_pods(  # noqa: PLR0913, PLR0917 - a table's columns, and fixtures
    api_server: FakeApiServer, teal: Teal, capsys: pytest.CaptureFixture[str], pods: int, expected: Exit, said: str
) -> None:
    """Nobody can ask it, and its idle colour has none."""
    stack(api_server)
    worker(api_server, "blue", {})
    records = "?labelSelector=app.kubernetes.io%2Fpart-of%3Dteal%2Capp.kubernetes.io%2Fcomponent%3Dworker"
    found = api_server.answers[f"{NAMESPACE}/configmaps/mailer-live"][1]
    api_server.answers[f"{NAMESPACE}/configmaps{records}"] = (200, {"items": [found]})
    mailers = [deployment("blue", "1.0.0", pods), deployment("green", "1.1.0", 0)]
    for each in mailers:
        each["metadata"]["labels"]["app.kubernetes.io/name"] = "mailer"
    mailers[1]["spec"]["replicas"] = 0
    api_server.answers["/apis/apps/v1/namespaces/teal/deployments"][1]["items"] += mailers
    assert teal("status") == Exit.OK
    assert "live traffic of mailer: blue" in capsys.readouterr().out
    assert teal("health-check") == expected
    shown = capsys.readouterr().out
    assert said in shown
    assert "green: well" in shown


def test_a_cron_job_is_well_where_its_schedule_runs(
    api_server: FakeApiServer, teal: Teal, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no pods that are there for good; where nothing runs the live schedule, somebody has to see to it."""
    stack(api_server)
    cron_job(api_server, "blue")
    records = "?labelSelector=app.kubernetes.io%2Fpart-of%3Dteal%2Capp.kubernetes.io%2Fcomponent%3Dworker"
    found = api_server.answers[f"{NAMESPACE}/configmaps/mailer-live"][1]
    api_server.answers[f"{NAMESPACE}/configmaps{records}"] = (200, {"items": [found]})
    assert teal("status") == Exit.OK
    shown = capsys.readouterr().out
    assert "its schedule runs" in next(line for line in shown.splitlines() if "mailer" in line and "1.0.0" in line)
    assert "its schedule is suspended" in next(
        line for line in shown.splitlines() if "mailer" in line and "1.1.0" in line
    )
    assert teal("health-check") == Exit.OK
    api_server.answers[f"{BATCH}/mailer-blue"][1]["spec"]["suspend"] = True
    assert teal("health-check") == Exit.UNWELL


def test_a_colour_without_a_release_is_named(
    api_server: FakeApiServer, teal: Teal, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to ask."""
    stack(api_server)
    api_server.answers["/apis/apps/v1/namespaces/teal/deployments"][1]["items"].pop()
    assert teal("health-check", "green") == Exit.USAGE
    assert "green has no release" in capsys.readouterr().err


def test_a_shell_can_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command."""
    with pytest.raises(SystemExit):
        app(["completion", "bash"])
    script = capsys.readouterr().out
    assert "rollback" in script
    assert "complete" in script


def test_progress_is_told_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is no terminal, line by line; and nothing where it is to be quiet."""
    verdict = Verdict(gate="smoke", service="backend", outcome=Outcome.PASSED, seen="[200]", needed="200")
    for quiet in (False, True):
        terminal = Terminal(quiet=quiet, yes=True)
        terminal.line(str(verdict))
        terminal.line("bake of green: 3 of 30 s, 0 of 12 answers failed")
        terminal.end()
    assert capsys.readouterr().err.splitlines() == [
        "smoke of backend PASSED: [200]; needed: 200",
        "bake of green: 3 of 30 s, 0 of 12 answers failed",
    ]
