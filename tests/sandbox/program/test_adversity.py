"""The cluster itself misbehaves while a flip is under way: no request is lost, and what is declared comes about."""

import json
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster import commands
from tests.sandbox.program.stacks import Load, Stack

pytestmark = pytest.mark.timeout(600)

BAKE_SECONDS = 8
KILL_SECONDS = 4
PODS = 3
"""The production guide's fewest."""
GATES = {
    "bake.seconds": str(BAKE_SECONDS),
    "prometheus.url": "http://127.0.0.1:9090",
    "services.backend.gates.metrics.windowSeconds": "30",
    "services.backend.gates.metrics.waitSeconds": "15",
    "services.backend.gates.metrics.traffic.paths[0]": "/pricing",
}


@pytest.fixture(scope="module", autouse=True)
def _gates(stack: Stack) -> None:
    """Gates that take some seconds, and a bake that does."""
    for key, value in GATES.items():
        stack.configure(key, value)
    stack.up()


@contextmanager
def stages(stack: Stack, out: Path) -> Generator[Callable[[], str]]:
    """The stage of the last flip, as the API server tells a watch of it: within milliseconds, not a kubectl's start."""
    with out.open("wb") as file:
        watch = stack.watch("configmap/teal-history", file)
        try:
            yield lambda: _last_stage(out.read_text())
        finally:
            watch.terminate()
            watch.wait(10)


def _last_stage(seen: str) -> str:
    """Of the last whole object of a stream of them."""
    decoder, at, stage = json.JSONDecoder(), 0, ""
    while (start := seen.find("{", at)) >= 0:
        try:
            found, at = decoder.raw_decode(seen, start)
        except json.JSONDecodeError:
            break
        flips = json.loads(found["data"]["flips.json"])["flips"]
        stage = flips[-1]["stage"]
    return stage


def other(stack: Stack) -> str:
    """The colour that is not live."""
    return "green" if stack.live() == "blue" else "blue"


@pytest.mark.parametrize("moment", ["gates", "write", "bake"])
def test_an_api_server_that_restarts_costs_nothing(stack: Stack, tmp_path: Path, moment: str) -> None:
    """While the gates look, between the proof and what follows the write, and during the bake."""
    target = other(stack)
    # A release that was never confirmed, so that all gates are asked.
    stack.configure(f"{target}.backend.env.LOG_LEVEL", {"gates": "info", "write": "error", "bake": "debug"}[moment])
    stack.up()
    stack.configure("activeColour", target)
    log = tmp_path / "up.log"
    with Load(stack, "new_connections", tmp_path) as load, stages(stack, tmp_path / "stages") as stage:
        await_(lambda: stage() != "", log)  # the watch has begun
        before = stage()
        flip = stack.start_up(log)
        if moment == "gates":
            stack.await_line(log, f"proving {target}")
            assert stage() == before
        else:
            await_(lambda: stage() == {"write": "PROVEN", "bake": "BAKING"}[moment], log)
        commands.control(stack.sandbox, "restart", "kube-apiserver")
        flip.wait(180)
        stack.up()
        assert stack.live() == stack.confirmed() == target, log.read_text()
    assert load.lost == []
    assert load.colours[-1] == target


def test_pods_that_die_every_few_seconds_cost_nothing(stack: Stack, tmp_path: Path) -> None:
    """Of both colours, throughout flips there and back; a colour's next one when all of its three are well again."""
    # In one call: either of them alone would be refused, more at least than at most.
    both = (f"--plaintext=teal:services.backend.autoscaling.{bound}={PODS}" for bound in ("minReplicas", "maxReplicas"))
    stack.pulumi("config", "set-all", "--path", *both)
    stack.up()
    over, killed = threading.Event(), list[str]()

    def kill() -> None:
        while not over.wait(KILL_SECONDS):
            for colour in ("blue", "green"):
                ready = [pod for pod in stack.pods(colour) if _is_ready(pod)]
                if len(ready) == PODS:
                    killed.append(ready[0]["metadata"]["name"])
                    stack.kubectl("delete", "pod", killed[-1], "--wait=false")

    with Load(stack, "new_connections", tmp_path) as load, Load(stack, "kept_alive", tmp_path) as kept:
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            for _ in range(3):
                target = other(stack)
                for _ in range(5):  # a pod that is missing at the moment of the proof is a reason to refuse
                    if stack.flip(target, check=False).returncode == 0:
                        break
                assert stack.live() == stack.confirmed() == target
        finally:
            over.set()
            killer.join(60)
    assert len({name.split("-")[1] for name in killed}) == 2
    assert len(killed) >= 8, "too few to say anything"
    assert (load.lost, kept.lost) == ([], [])


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def await_(true: Callable[[], bool], log: Path, *, seconds: float = 120) -> None:
    """Wait for what a watch shows, looking all the time: it may be over in a tenth of a second."""
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, log.read_text() if log.exists() else "nothing was seen"
        time.sleep(0.005)
