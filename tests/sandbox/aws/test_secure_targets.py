"""Pods that speak TLS behind the sandbox's load balancer: it speaks HTTPS to them, and checks their health by it.

Their certificate is nobody's: a load balancer of AWS takes any. The stack is a module's own, beside that of the folder.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.cluster.environment import Sandbox
from tests.sandbox.aws.account import Account
from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import WORK_TREE, Stack
from tests.unit.certified import self_signed

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(400)]

SPEAKING = WORK_TREE / "tests/sandbox/program/traffic/speaking.py"
PORT = 7000
RATE = 40
"""Requests a second and load: each new one of them is a handshake with a pod in Python."""


@pytest.fixture(scope="module")
def secure(
    account: Account, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, node_port: int
) -> Iterator[Stack]:
    """Blue live and green warm, of a service that speaks HTTPS alone."""
    made = Stack.create(sandbox, "test-alb-tls", tmp_path_factory.mktemp("alb-tls"), node_port)
    file: dict[str, Any] = yaml.safe_load(made.config.read_text())
    config = file["config"]
    config |= {"teal:router": "alb", "teal:settleSeconds": 3, "teal:bake": {"seconds": 3, "windowSeconds": 10}}
    config["teal:alb"] = account.balancer()
    probe = {"path": "/version", "scheme": "HTTPS", "initialDelaySeconds": 0, "periodSeconds": 1}
    config["teal:services"]["backend"] = {
        **{key: config["teal:services"]["backend"][key] for key in ("network", "resources", "progressDeadlineSeconds")},
        "port": PORT,
        "command": ["python3", "-c"],
        "args": [SPEAKING.read_text(), "shop", str(PORT)],
        "versionPath": "/version",
        "autoscaling": {"enabled": False},
        "replicas": 2,
        "shutdown": {"waitSeconds": 1, "drainSeconds": 1, "gracePeriodSeconds": 10, "closeConnectionsPath": "/close"},
        "probes": {"startup": {**probe, "failureThreshold": 60}, "liveness": probe, "readiness": probe},
    }
    certificate = "".join(each.decode() for each in self_signed())
    for colour in ("blue", "green"):
        config[f"teal:{colour}"]["backend"]["env"] = {"CERTIFICATE": certificate}
    made.config.write_text(yaml.safe_dump(file))
    account.order()
    made.up()
    yield made
    account.order()
    made.pulumi("destroy", "--yes", "--skip-preview", "--non-interactive", check=False)


def test_a_flip_and_its_rollback_lose_no_request(secure: Stack, account: Account, tmp_path: Path) -> None:
    """On new connections and on kept ones; the health that the flip goes by is what HTTPS requests found."""
    groups = [each for each in account.elb("describe_target_groups", "TargetGroups") if each["Port"] == PORT]
    assert [(each["Protocol"], each["HealthCheckProtocol"]) for each in groups] == [("HTTPS", "HTTPS")] * 2
    with (
        Load(secure, "new_connections", tmp_path, rate=RATE, path="/") as load,
        Load(secure, "kept_alive", tmp_path, rate=RATE, path="/") as kept,
    ):
        for colour in ("green", "blue"):
            secure.flip(colour)
            load.await_colour(colour)
            kept.await_colour(colour)
            flip = secure.history()[-1]
            assert (flip["to"], flip["stage"]) == (colour, "CONFIRMED")
            seen = {each["gate"]: each["seen"] for each in flip["verdicts"]}
            assert "healthy" in seen["targets"], seen
    for each in (load, kept):
        each.assert_nothing_lost()
        assert each.colours == ["blue", "green", "blue"]
