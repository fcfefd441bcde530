"""The cluster itself misbehaves while a flip is under way: no request is lost, and what is declared comes about."""

import time
from pathlib import Path

import pytest

from sandbox.cluster import commands
from tests.sandbox.program.faults.dying import flipped, pods_deleted
from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.timeout(600), pytest.mark.alone]

BAKE_SECONDS = 8
KILL_SECONDS = 4
FLIPS_OF_A_LOAD = 10
"""It lasts for five minutes."""
PODS = 3
"""The production guide's fewest."""
GATES = {
    # Controllers come back later than the API server that they lost: a third pod took longer than the usual 20 s.
    "services.backend.progressDeadlineSeconds": "120",
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
    before = max((each["number"] for each in stack.history()), default=0)
    with Load(stack, "new_connections", tmp_path) as load:
        flip = stack.start_up(log)
        if moment == "gates":
            stack.await_line(log, f"proving {target}")
        else:
            stack.await_stage({"write": "PROVEN", "bake": "BAKING"}[moment], after=before)
        commands.control(stack.sandbox, "restart", "kube-apiserver")
        flip.wait(180)
        stack.up()
        assert stack.live() == stack.confirmed() == target, log.read_text()
    load.assert_nothing_lost()
    assert load.colours[-1] == target


@pytest.mark.parametrize("flips", [3, pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
def test_pods_that_die_every_few_seconds_cost_nothing(stack: Stack, tmp_path: Path, flips: int) -> None:
    """Of both colours, throughout flips there and back; a colour's next one when all of its three are well again."""
    # In one call: either of them alone would be refused, more at least than at most.
    both = (f"--plaintext=teal:services.backend.autoscaling.{bound}={PODS}" for bound in ("minReplicas", "maxReplicas"))
    stack.pulumi("config", "set-all", "--path", *both)
    stack.up()
    killed = list[str]()
    for first in range(0, flips, FLIPS_OF_A_LOAD):
        number = min(FLIPS_OF_A_LOAD, flips - first)
        out = tmp_path / str(first)
        out.mkdir()
        with Load(stack, "new_connections", out) as load, Load(stack, "kept_alive", out) as kept:
            with pods_deleted(stack, pods=PODS, every_seconds=KILL_SECONDS / 2) as these:
                for _ in range(number):
                    target = other(stack)
                    stack.configure("activeColour", target)
                    flipped(stack, target)
                    assert stack.live() == target
            over = time.monotonic_ns()
        killed += these
        load.assert_nothing_lost()
        kept.assert_nothing_lost()
        assert min(each.records[-1].scheduled_ns for each in (load, kept)) > over - 1e9, "the load ended early"
        assert len(load.colours) > number, "live traffic did not go there and back"
    assert {name.split("-")[1] for name in killed} == {"blue", "green"}
    assert len(killed) >= 2 * flips, "too few to say anything"
