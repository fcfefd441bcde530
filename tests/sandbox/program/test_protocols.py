"""Services that do not speak HTTP, in one flip set: raw TCP with probes by connecting and by a command, and gRPC.

Neither answers anything of teal's. What the kubelets say is the proof.
"""

import json
import subprocess
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.stacks import WORK_TREE, Stack

pytestmark = pytest.mark.timeout(420)

SPEAKING = Path(__file__).with_name("speaking.py").read_text()
PORT = 7000
CONNECT = f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 2)"
CALLS = """
import json, socket, sys, threading, time
colours, lost, over = [], [], threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
while not over.wait(0.02):
    try:
        with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as called:
            called.sendall(b"hello\\n")
            colour = called.makefile().readline().strip()
    except OSError as error:
        lost.append(str(error))
        continue
    if not colour:
        lost.append("nothing came")
    elif colours[-1:] != [colour]:
        colours.append(colour)
print(json.dumps({"colours": colours, "lost": lost}))
"""
"""Calls the echo on new connections until its standard input ends, and says which colours answered, in order."""


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, node_port: int) -> Iterator[Stack]:
    """Blue live, green warm: `backend` echoes over TCP, `catalogue` speaks gRPC."""
    made = Stack.create(sandbox, "test-protocols", tmp_path_factory.mktemp("protocols"), node_port)
    file: dict[str, Any] = yaml.safe_load(made.config.read_text())
    config = file["config"]
    backend = config["teal:services"]["backend"]
    common = {
        "port": PORT,
        "command": ["python3", "-c"],
        "shutdown": {"waitSeconds": 1, "drainSeconds": 1, "gracePeriodSeconds": 10},
        **{key: backend[key] for key in ("autoscaling", "network", "resources")},
        "progressDeadlineSeconds": 45,
    }
    often = {"initialDelaySeconds": 0, "periodSeconds": 1}
    config["teal:services"] = {
        "backend": {
            **common,
            "args": [SPEAKING, "echo", str(PORT)],
            "appProtocol": "tcp",
            "frontDoor": backend["frontDoor"],
            "probes": {
                "startup": {"tcp": True, "periodSeconds": 1, "failureThreshold": 60},
                "liveness": {"initialDelaySeconds": 0},
                "readiness": {"exec": ["python3", "-c", CONNECT], "initialDelaySeconds": 0, "failureThreshold": 3},
            },
        },
        "catalogue": {
            **common,
            "args": [SPEAKING, "health", str(PORT)],
            "appProtocol": "grpc",
            "ports": {"aside": PORT + 1},
            "probes": {
                "startup": {"grpc": {}, "periodSeconds": 1, "failureThreshold": 60},
                "liveness": None,
                "readiness": {"grpc": {"service": "shop.v1.Catalogue"}, "port": "http", "failureThreshold": 3, **often},
            },
        },
    }
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        release = {"image": f"localhost/teal/pricing:{version}"}
        config[f"teal:{colour}"] = {"version": version, "backend": dict(release), "catalogue": dict(release)}
    made.config.write_text(yaml.safe_dump(file))
    made.up()
    yield made
    made.kubectl("delete", "namespace", made.name, "--ignore-not-found", "--wait=false")


@contextmanager
def calls(stack: Stack, port: int) -> Generator[dict[str, Any]]:
    """Calls to a node port while a block runs; what became of them is in the mapping after it."""
    python = str(WORK_TREE / ".venv/bin/python")
    found: dict[str, Any] = {}
    with subprocess.Popen(
        stack.sandbox.command([python, "-c", CALLS, str(port)]),
        env=stack.environ(),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as calling:
        yield found
        said, _ = calling.communicate(timeout=30)
    found.update(json.loads(said))


def verdicts(stack: Stack, service: str) -> Mapping[str, str]:
    """What the last flip's gates saw of a service."""
    flip = stack.history()[-1]
    assert flip["stage"] == "CONFIRMED"
    return {each["gate"]: each["seen"] for each in flip["verdicts"] if each["service"] == service}


def test_a_flip_and_its_rollback_lose_no_call(stack: Stack, node_port: int) -> None:
    """By TCP, on new connections; each service is proven and baked by what the kubelets say of it."""
    with calls(stack, node_port) as echo:
        stack.flip("green")
        for service in ("backend", "catalogue"):
            seen = verdicts(stack, service)
            assert "2 of 2 run sha256:" in seen["version"]
            assert "0 of 2 turned unready" in seen["bake-pods"]
            assert not {"bake", "smoke.readiness"} & seen.keys()
        stack.flip("blue")
    assert echo == {"colours": ["blue", "green", "blue"], "lost": []}


def test_a_preview_says_what_is_done_without(stack: Stack) -> None:
    """Once for both services, with the price."""
    said = stack.pulumi("preview", "--non-interactive").stdout
    assert "backend, catalogue: no pod says what it is (versionPath)" in said
    assert "backend, catalogue: nobody asks its front door while a flip is watched" in said


def test_a_release_that_does_not_serve_is_not_flipped_to(stack: Stack) -> None:
    """Its health protocol says so, no pod of it becomes ready, and traffic stays."""
    stack.write("green.catalogue.env.HEALTH", "2")
    stack.up(check=False)  # the slot is awaited, in vain
    done = stack.flip("green", check=False)
    assert done.returncode != 0
    assert stack.live() == "blue"
    said = stack.kubectl("get", "events", "--field-selector", "reason=Unhealthy", "-o", "jsonpath={.items[*].message}")
    assert "NOT_SERVING" in said or "not serving" in said.lower()
