"""People and machines are told of each stage of a flip, once and in order, whoever brings it to its end."""

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.program.stacks import WORK_TREE, Stack

pytestmark = pytest.mark.timeout(600)

PORT = 39180
TOKEN = "aTokenThatNobodyIsToSee"  # noqa: S105 - of a receiver that takes any
CHAT = f"json://127.0.0.1:{PORT}/chat/{TOKEN}"
PAGER = f"json://127.0.0.1:{PORT}/pager/{TOKEN}"
EVENTS = f"http://127.0.0.1:{PORT}/events/{TOKEN}"
WATCH = {
    "image": "localhost/teal/watch:1",
    "imagePullPolicy": "Never",
    "schedule": "@yearly",  # it runs when a test has it run, on this side of the network: its pods have their own
    "egress": {"api-server": {"cidrs": ["192.0.2.10/32"], "ports": [6443]}},
}
ALL = ["PROVEN", "BAKING", "REVERTING", "CONFIRMED", "REVERTED", "REFUSED"]
NOTIFY = {
    "receivers": {"chat": {"url": CHAT, "stages": ALL}, "pager": {"url": PAGER, "stages": ["REVERTED", "STUCK"]}},
    "link": "https://ci.example/flips/{number}",
}

Posted = Callable[[], Sequence[Mapping[str, Any]]]


@pytest.fixture(scope="module", autouse=True)
def posted(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Posted]:
    """What receivers on loopback have got, in the order in which it came."""
    file = tmp_path_factory.mktemp("receivers") / "posted.jsonl"
    file.touch()
    command = [str(WORK_TREE / ".venv/bin/python"), "-m", "tests.sandbox.program.day2.listening", str(PORT), str(file)]
    receiver = subprocess.Popen(stack.sandbox.command(command), env=stack.environ(), cwd=WORK_TREE)
    stack.configure("watch", json.dumps(WATCH))
    stack.write("notify", NOTIFY)
    stack.pulumi("config", "set", "--secret", "--path", "teal:notify.cloudEvents.url", EVENTS)
    stack.configure("bake.seconds", "8")
    stack.up()
    yield lambda: [json.loads(line) for line in file.read_text().splitlines()]
    receiver.terminate()
    receiver.wait(30)


@pytest.fixture(autouse=True)
def _rest(stack: Stack, posted: Posted) -> Iterator[None]:
    """Blue live and green well, after each test, and nobody is told of anything that a test before has done."""
    yield
    stack.rest()
    assert all(each["body"] for each in posted())


def told(posted: Posted, number: int, path: str = "/events/") -> Sequence[str]:
    """The stages of a flip that a receiver was told of, in the order in which it was."""
    found = [each["body"] for each in posted() if each["path"].startswith(path)]
    if path == "/events/":
        return [each["data"]["stage"] for each in found if each["data"]["number"] == number]
    return [each["title"] for each in found if f" {number} to " in each["title"]]  # a flip's, or a rollback's


def await_noted(stack: Stack, mark: str) -> None:
    """Wait until it is noted that a stage was told."""
    give_up = time.monotonic() + 60
    while mark not in json.loads(stack.kubectl("get", "configmap", "teal-told", "-o", "json")).get("data", {}):
        assert time.monotonic() < give_up, f"{mark} was not noted"
        time.sleep(0.2)


def test_a_flip_is_told_stage_by_stage(stack: Stack, posted: Posted) -> None:
    """The chat in plain words with a link, the machine as CloudEvents, the pager of nothing; nothing shows a token."""
    done = stack.flip("green")
    number = stack.history()[-1]["number"]
    assert told(posted, number) == ["PROVEN", "BAKING", "CONFIRMED"]
    assert told(posted, number, "/chat/") == [
        f"{stack.name}: flip {number} to green 1.1.0 {became}"
        for became in ("is proven: traffic moves next", "has the traffic, and is watched", "is confirmed")
    ]
    assert told(posted, number, "/pager/") == []
    last = posted()[-1] if posted()[-1]["path"].startswith("/events/") else posted()[-2]
    assert last["type"].startswith("application/cloudevents+json")
    assert (last["body"]["specversion"], last["body"]["type"]) == ("1.0", "teal.flip.confirmed")
    (text,) = [each["body"]["message"] for each in posted() if "is confirmed" in each["body"].get("title", "")]
    assert "from blue 1.0.0 to green 1.1.0" in text
    assert "of the front door's answers failed" in text
    assert f"https://ci.example/flips/{number}" in text
    assert TOKEN not in done.stdout
    assert "could not be told" not in done.stdout


def test_urls_are_in_no_clear_text(stack: Stack) -> None:
    """The state has them encrypted; in the cluster, one Secret has them, which its environment alone names."""
    assert TOKEN not in stack.pulumi("stack", "export").stdout
    assert TOKEN not in stack.kubectl("get", "configmap,cronjob,deployment", "-o", "json")
    assert TOKEN not in stack.pulumi("preview", "--diff", "--non-interactive").stdout


def test_a_way_back_is_told_while_and_after_it_comes_about(stack: Stack, posted: Posted) -> None:
    """The pager hears of the second alone."""
    stack.configure("green.backend.env.FAULT_ERROR_PERCENT", "60")
    stack.configure("services.backend.probePath", "/pricing")
    stack.up()
    stack.flip("green", check=False)
    number = stack.history()[-1]["number"]
    assert told(posted, number) == ["PROVEN", "BAKING", "REVERTING", "REVERTED"]
    assert told(posted, number, "/pager/") == [
        f"{stack.name}: flip {number} to green 1.1.0 was undone: traffic is back on blue 1.0.0"
    ]


def test_a_refusal_is_told_by_an_update_that_fails(stack: Stack, posted: Posted) -> None:
    """It ends as soon as it is refused, and people are told before."""
    stack.configure("approval.maxAgeSeconds", "600")
    stack.configure("green.backend.env.LOG_LEVEL", "info")  # a release that was never confirmed
    stack.up()
    done = stack.flip("green", check=False)
    number = stack.history()[-1]["number"]
    stack.pulumi("config", "rm", "teal:approval")
    assert "approval" in done.stdout
    assert told(posted, number) == ["REFUSED"]
    assert stack.history()[-1]["stage"] == "REFUSED"


def test_the_watch_tells_what_a_killed_update_has_not(
    stack: Stack, posted: Posted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what its Secret has: of the stages before nobody hears again."""
    before = stack.history()[-1]["number"]
    stack.configure("activeColour", "green")
    up = stack.start_up(tmp_path / "up.log")
    number = stack.await_stage("BAKING", after=before)["number"]
    await_noted(stack, f"{number}.BAKING")
    stack.kill(up)
    stack.cancel()
    assert told(posted, number) == ["PROVEN", "BAKING"]
    secret = json.loads(stack.kubectl("get", "secret", "teal-watch-notify", "-o", "json"))
    monkeypatch.setenv("TEAL_NOTIFY", base64.b64decode(secret["data"]["audience"]).decode())
    assert "CONFIRMED" in stack.teal("watch")
    assert told(posted, number) == ["PROVEN", "BAKING", "CONFIRMED"]
    assert len(told(posted, number, "/chat/")) == 3
    assert "nothing to do" in stack.teal("watch")
    assert len(told(posted, number)) == 3
    stack.up()
    assert len(told(posted, number)) == 3
