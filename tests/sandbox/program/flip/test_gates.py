"""Each gate refuses what it is there for, under load: nothing moves, nothing is lost, and the evidence is kept."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import WORK_TREE, Stack

pytestmark = pytest.mark.timeout(300)

PROMETHEUS = "http://127.0.0.1:9090"

GATES = {
    "bake.seconds": "5",
    "prometheus.url": PROMETHEUS,
    "services.backend.gates.contract.path": "/openapi.json",
    "services.backend.gates.metrics.windowSeconds": "30",
    "services.backend.gates.metrics.waitSeconds": "15",
    "services.backend.gates.metrics.traffic.paths[0]": "/pricing",
    "services.backend.gates.smoke.requests.models.path": "/models",
}

BROKEN: Mapping[str, tuple[Mapping[str, str], Sequence[str]]] = {
    "errors": ({"FAULT_ERROR_PERCENT": "10"}, ["metrics.errors of backend FAILED", "5 %"]),
    "slow": ({"FAULT_LATENCY_MS": "2500"}, ["metrics.p95 of backend FAILED", "2 s"]),
    "contract": (
        {"FAULT_REMOVED_PATH": "/models"},
        ["contract.changes of backend FAILED", "smoke.models of backend FAILED: GET /models answered 404"],
    ),
}
"""What is wrong with green, and what the refusal says of it."""


@pytest.fixture(scope="module", autouse=True)
def _gates(stack: Stack) -> None:
    for key, value in GATES.items():
        stack.configure(key, value)
    stack.up()


@pytest.fixture
def load(stack: Stack, tmp_path: Path) -> Iterator[Load]:
    """Live traffic throughout; none of it may be lost, whatever is refused."""
    with Load(stack, "new_connections", tmp_path, rate=50) as running:
        yield running
    running.assert_nothing_lost()


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_broken_release_is_refused(stack: Stack, load: Load, wrong: str) -> None:
    """By the gate that is there for it, with its evidence in the message and in the history."""
    assert load
    env, said = BROKEN[wrong]
    for name, value in env.items():
        stack.configure(f"green.backend.env.{name}", value)
    stack.up()
    done = stack.flip("green", check=False)
    live = stack.live()
    stack.pulumi("config", "rm", "--path", "teal:green.backend.env")
    stack.configure("activeColour", "blue")
    assert done.returncode != 0, done.stdout
    for words in said:
        assert words in done.stdout, done.stdout
    assert live == "blue"
    assert stack.history()[-1]["stage"] == "REFUSED"


def test_a_release_that_is_well_passes_all_of_them(stack: Stack, load: Load) -> None:
    """The same gates let a good one through: what they refuse is not everything."""
    assert load
    stack.flip("green")
    flip = stack.history()[-1]
    stack.flip("blue")
    passed = {each["gate"] for each in flip["verdicts"] if each["outcome"] == "PASSED"}
    metrics = {f"metrics.{name}" for name in ("availability", "requests", "errors", "p95")}
    assert passed >= {
        "capacity",
        "version",
        "smoke.readiness",
        "contract.changes",
        "contract.deprecations",
        *metrics,
        "bake",
        "bake-metrics",
    }
    assert flip["stage"] == "CONFIRMED"


def test_a_rollback_is_not_asked_for_more_than_it_needs(stack: Stack) -> None:
    """Blue was confirmed before: the history says which gates were left out, and why."""
    flip = stack.history()[-1]
    assert (flip["to"], flip["rollback"]) == ("blue", True)
    assert set(flip["skipped"]) == {"contract", "metrics"}


def test_nobody_flips_without_an_approval_where_one_is_needed(stack: Stack, load: Load) -> None:
    """Refused without it, let through with it; it is for this colour and these versions alone."""
    assert load
    stack.configure("approval.maxAgeSeconds", "600")
    stack.configure("green.version", "1.2.0")
    stack.configure("green.backend.image", "localhost/teal/pricing:1.2.0")
    stack.up()
    done = stack.flip("green", check=False)
    assert done.returncode != 0
    assert "approval" in done.stdout
    assert stack.live() == "blue"
    stack.teal("approve", "green", "1.2.0", "--yes")
    stack.up()
    assert stack.live() == "green"
    stack.flip("blue")
    stack.pulumi("config", "rm", "teal:approval")


@pytest.mark.alone
def test_a_prometheus_that_is_down_is_no_pass(stack: Stack, load: Load) -> None:
    """Could not look: refused. Skipped by name and with a reason: let through, and the history says why."""
    assert load
    stack.configure("green.version", "1.1.0")
    stack.configure("green.backend.image", "localhost/teal/pricing:1.1.0")
    stack.configure("green.backend.env.LOG_LEVEL", "info")  # a release that was never confirmed
    stack.up()
    component(stack, "stop")
    try:
        done = stack.flip("green", check=False)
        assert done.returncode != 0
        assert "metrics.errors of backend ERROR" in done.stdout, done.stdout
        assert stack.live() == "blue"
        stack.configure("skipGates.metrics", "Prometheus is being mended")
        done = stack.up(check=False)
        assert stack.live() == "green"
        assert "could not be judged" in done.stdout, "the bake asks Prometheus too, and confirms nothing without it"
        assert stack.history()[-1]["skipped"] == {"metrics": "Prometheus is being mended"}
    finally:
        component(stack, "start")
    stack.pulumi("config", "rm", "teal:skipGates")
    stack.configure("bake.samples", "0")
    stack.up()
    assert stack.confirmed() == "green"
    stack.flip("blue")


def test_prometheus_has_loaded_the_alert_rules(stack: Stack) -> None:
    """Those of the stack, from the ConfigMap that a sidecar would read, and each of them can be evaluated."""
    names = {rule["alert"] for group in yaml.safe_load(rules(stack))["groups"] for rule in group["rules"]}
    assert names
    give_up = time.monotonic() + 30
    while True:
        groups = ask(stack, f"{PROMETHEUS}/api/v1/rules?type=alert")["data"]["groups"]
        loaded = {
            rule["name"]: rule["health"]
            for group in groups
            for rule in group["rules"]
            if f'namespace="{stack.name}"' in rule["query"]
        }
        if loaded.keys() >= names and set(loaded.values()) == {"ok"}:
            break
        assert time.monotonic() < give_up, (names, loaded)
        time.sleep(1)


def rules(stack: Stack) -> str:
    """The rules file that the program made."""
    found = json.loads(stack.kubectl("get", "configmaps", "-o", "json"))["items"]
    (text,) = [text for item in found for name, text in item.get("data", {}).items() if name.endswith(".rules.yaml")]
    return text


def ask(stack: Stack, url: str) -> Mapping[str, Any]:
    """JSON from within the sandbox's network namespace."""
    code = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
    done = subprocess.run(
        stack.sandbox.command([sys.executable, "-c", code, url]), capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def component(stack: Stack, do: str) -> None:
    """Stop or start Prometheus."""
    command = [sys.executable, "-m", "sandbox", do, "prometheus", "--name", stack.sandbox.name]
    subprocess.run(command, cwd=WORK_TREE, check=True, timeout=60)
