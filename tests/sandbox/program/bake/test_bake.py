"""A flip that is watched, and undone by itself, under load."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.sandbox.program.bake.busy import limited
from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack, checkout

pytestmark = pytest.mark.timeout(300)

BUSY_SECONDS = 26
"""20 of a way back, which begins after some 4 s of the bake."""
MODES = ("new_connections", "kept_alive")


@pytest.fixture(autouse=True)
def _rest(stack: Stack) -> Iterator[None]:
    """Blue live and green well, before each test and whatever became of the last one."""
    stack.configure("services.backend.probePath", "/pricing")
    stack.configure("bake.seconds", "3")
    yield
    stack.rest()


def broken(load: Load) -> int:
    """Requests that got no answer at all, whatever the answers said."""
    return sum(record.outcome.lost and record.outcome.value != "server_error" for record in load.records)


@pytest.mark.parametrize("mode", MODES)
def test_a_release_that_fails_under_live_traffic_is_undone(stack: Stack, tmp_path: Path, mode: str) -> None:
    """It passes every gate, fails its bake, and traffic is back on blue with nobody doing anything."""
    stack.configure("green.backend.env.FAULT_ERROR_PERCENT", "60")
    stack.up()
    with Load(stack, mode, tmp_path) as load:
        done = stack.flip("green", check=False)
        assert done.returncode != 0, done.stdout
        assert "Traffic was put back onto blue, which was proven to carry it" in done.stdout
        assert "/pricing answered 500" in done.stdout
        assert stack.live() == "blue"
    assert broken(load) == 0
    assert stack.history()[-1]["stage"] == "REVERTED"
    assert stack.confirmed() == "blue"


def test_what_pods_read_stays_where_a_failed_update_is_taken_back(stack: Stack) -> None:
    """The update that fails has made another ConfigMap, and not come to delete the first one, which is needed again."""
    stack.configure("green.backend.env.FAULT_ERROR_PERCENT", "60")
    assert stack.flip("green", check=False).returncode != 0
    stack.pulumi("config", "rm", "--path", "teal:green.backend.env")
    stack.flip("blue")
    pod = json.loads(stack.kubectl("get", "deployment", "backend-green", "-o", "json"))["spec"]["template"]["spec"]
    (source,) = pod["containers"][0]["envFrom"]
    assert stack.kubectl("get", "configmap", source["configMapRef"]["name"], "-o", "name")


def test_a_release_that_hangs_is_undone(stack: Stack, tmp_path: Path) -> None:
    """Its pods are ready, and no request is answered: all that is lost is what it held."""
    stack.configure("green.backend.env.FAULT_LATENCY_MS", "30000")
    stack.configure("bake.seconds", "20")
    stack.up()
    with Load(stack, "new_connections", tmp_path) as load:
        done = stack.flip("green", check=False)
        load.await_colour("blue")
    assert done.returncode != 0, done.stdout
    assert "/pricing did not answer within 5 s" in done.stdout
    assert "Traffic was put back onto blue, which was proven to carry it" in done.stdout
    assert (stack.live(), stack.history()[-1]["stage"]) == ("blue", "REVERTED")
    assert {each.outcome.value for each in load.lost} == {"timeout"}


def test_traffic_stays_where_the_old_colour_cannot_take_it_back(stack: Stack, tmp_path: Path) -> None:
    """Said loudly; as soon as blue is well again, the next update puts traffic back."""
    stack.configure("green.backend.env.FAULT_ERROR_PERCENT", "60")
    stack.configure("bake.seconds", "20")
    stack.up()
    before = stack.history()[-1]["number"]
    stack.configure("activeColour", "green")
    up = stack.start_up(tmp_path / "up.log")
    stack.await_stage("BAKING", after=before)
    stack.kubectl("scale", "deployment/backend-blue", "--replicas=0")
    assert up.wait(120) != 0
    said = (tmp_path / "up.log").read_text()
    assert "TRAFFIC STAYS ON GREEN, WHICH FAILS" in said
    assert "blue has 0 ready endpoints" in said
    assert stack.live() == "green"
    carried = stack.history()[-1]["carried"]["backend"]
    stack.kubectl("scale", "deployment/backend-blue", f"--replicas={carried}")
    stack.kubectl("rollout", "status", "deployment/backend-blue", "--timeout=60s")
    done = stack.up(check=False)
    assert done.returncode != 0
    assert "Traffic was put back onto blue" in done.stdout, done.stdout
    assert stack.live() == "blue"


def test_a_way_back_outlasts_an_api_server_that_is_busy(stack: Stack, tmp_path: Path) -> None:
    """It answers 429 to the update's account for 20 s and more of the way back; only green's own answers are lost."""
    stack.configure("green.backend.env.FAULT_ERROR_PERCENT", "60")
    stack.configure("bake.seconds", "60")
    stack.up()
    before = stack.history()[-1]["number"]
    with limited(stack, tmp_path) as (runner, limit), Load(stack, "new_connections", tmp_path) as load:
        stack.configure("activeColour", "green")
        up = runner.start_up(tmp_path / "up.log")
        stack.await_stage("BAKING", after=before)
        with limit():
            time.sleep(BUSY_SECONDS)  # what is asked for is time
        assert up.wait(120) != 0
        load.await_colour("blue")
    assert "Traffic was put back onto blue, which was proven to carry it" in (tmp_path / "up.log").read_text()
    assert (stack.live(), stack.history()[-1]["stage"]) == ("blue", "REVERTED")
    assert broken(load) == 0


def test_kept_alive_connections_follow_the_flip(stack: Stack, tmp_path: Path) -> None:
    """The old colour ends them with their next answer, stays ready and loses none; on the way back it keeps them."""
    with Load(stack, "kept_alive", tmp_path) as load:
        stack.flip("green")
        stack.flip("blue")
    load.assert_nothing_lost()
    # Whoever keeps a connection meets the colours one after the other, with both only for as long as it takes.
    last_blue = max(r.scheduled_ns for r in load.records if r.colour == "blue")
    last_green = max(r.scheduled_ns for r in load.records if r.colour == "green")
    assert last_green < last_blue


def test_who_flipped_what_and_why_is_kept(stack: Stack) -> None:
    """By the API server's word for who, with the evidence of every gate, and the bake's."""
    stack.flip("green")
    flip = stack.history()[-1]
    assert (flip["origin"], flip["to"], flip["stage"]) == ("blue", "green", "CONFIRMED")
    assert flip["by"] == stack.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
    passed = {each["gate"] for each in flip["verdicts"] if each["outcome"] == "PASSED"}
    assert passed == {"capacity", "version", "smoke.readiness", "bake", "bake-pods", "bake-route"}


@pytest.mark.alone
def test_the_bake_begins_right_after_the_write(stack: Stack) -> None:
    """Live traffic is on a release that nobody watches for a second at most, of a busy machine's."""
    unwatched = list[float]()
    for colour in ("green", "blue", "green"):
        stack.flip(colour)
        flip = stack.history()[-1]
        allowed, began = (datetime.fromisoformat(flip[key]) for key in ("allowedAt", "bakeBeganAt"))
        unwatched.append((began - allowed).total_seconds())
    assert max(unwatched) <= 1, unwatched


def test_a_flip_after_a_way_back_meets_no_conflict_with_it(stack: Stack) -> None:
    """Its writer was teal, and then Pulumi wrote the same beside it, with another change: both own it."""
    stack.configure("green.backend.env.FAULT_ERROR_PERCENT", "60")
    stack.up()
    done = stack.flip("green", check=False)
    assert "Traffic was put back onto blue" in done.stdout, done.stdout
    stack.flip("blue")
    stack.configure("services.backend.frontDoor.extraPorts.metrics.port", "9100")
    stack.configure("services.backend.frontDoor.extraPorts.metrics.targetPort", "8000")
    stack.pulumi("config", "rm", "--path", "teal:green.backend.env")
    stack.up()
    stack.flip("green")
    assert stack.confirmed() == "green"
    stack.pulumi("config", "rm", "--path", "teal:services.backend.frontDoor.extraPorts")


def test_a_flip_is_finished_from_another_checkout(stack: Stack, tmp_path: Path) -> None:
    """The runner is killed during the bake; another machine's checkout finds the flip, bakes it and confirms it."""
    stack.configure("bake.seconds", "10")
    other = checkout(tmp_path)
    before = stack.history()[-1]["number"]
    stack.configure("activeColour", "green")
    up = stack.start_up(tmp_path / "up.log")
    stack.await_stage("BAKING", after=before)
    stack.kill(up)
    begun = stack.history()[-1]
    stack.cancel()
    stack.up(checkout=other)
    after = stack.history()[-1]
    assert (after["number"], after["stage"]) == (begun["number"], "CONFIRMED")
    assert after["owner"] != begun["owner"]
    assert stack.confirmed() == "green"
