"""Services of many protocols in one flip set: raw TCP with probes by connecting and by a command, gRPC, and HTTPS.

The first two answer nothing of teal's: what the kubelets say is the proof. The third is asked over TLS by all.
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
from tests.unit.certified import self_signed

pytestmark = pytest.mark.timeout(420)

SPEAKING = Path(__file__).with_name("speaking.py").read_text()
PORT = 7000
AFFINE = {"sessionAffinity": "ClientIP", "externalTrafficPolicy": "Local", "internalTrafficPolicy": "Local"}
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
"""Calls the echo on new connections until its standard input ends, and says which pods answered, in order."""

REQUESTS = """
import http.client, json, ssl, sys, threading
anybody = ssl._create_unverified_context()
seen, lost, over = {"new": [], "kept": []}, [], threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()

def connection():
    return http.client.HTTPSConnection("127.0.0.1", int(sys.argv[1]), context=anybody, timeout=5)

kept = connection()
while not over.wait(0.02):
    for name, asked in (("new", connection()), ("kept", kept)):
        try:
            asked.request("GET", "/")
            answer = asked.getresponse()
            colour = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            lost.append(f"{name}: {error!r}")
            asked.close()
            continue
        if answer.status != 200:
            lost.append(f"{name}: {answer.status}")
        elif seen[name][-1:] != [colour]:
            seen[name].append(colour)
        if name == "new":
            asked.close()
print(json.dumps({**seen, "lost": lost}))
"""
"""Asks over TLS on new connections and on one that is kept, and says which colours answered each, in order."""


UP = """
import json, urllib.request
asked = "http://127.0.0.1:9090/api/v1/query?query=up%7Bnamespace=%22test-protocols%22%7D"
with urllib.request.urlopen(asked) as answer:
    found = json.load(answer)["data"]["result"]
print([each["value"][1] for each in found if each["metric"]["pod"].startswith("shop-")])
"""
"""Asks the sandbox's Prometheus which pods of the service that speaks TLS it could scrape."""


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, node_port: int) -> Iterator[Stack]:
    """Blue live, green warm: `backend` echoes over TCP, `catalogue` speaks gRPC, `shop` HTTPS."""
    made = Stack.create(sandbox, "test-protocols", tmp_path_factory.mktemp("protocols"), node_port)
    file: dict[str, Any] = yaml.safe_load(made.config.read_text())
    config = file["config"]
    backend = config["teal:services"]["backend"]
    common: dict[str, Any] = {
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
            "frontDoor": {**backend["frontDoor"], **AFFINE},
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
            "ingress": {"host": "shop.example"},
            "probes": {
                "startup": {"grpc": {}, "periodSeconds": 1, "failureThreshold": 60},
                "liveness": None,
                "readiness": {"grpc": {"service": "shop.v1.Catalogue"}, "port": "http", "failureThreshold": 3, **often},
            },
        },
    }
    over_tls = {"path": "/health", "scheme": "HTTPS", "headers": {"X-Probe": "teal"}}
    config["teal:services"]["shop"] = {
        **common,
        "args": [SPEAKING, "shop", str(PORT)],
        "versionPath": "/version",
        "probePath": "/health",
        "shutdown": {**common["shutdown"], "closeConnectionsPath": "/close"},
        "frontDoor": {**backend["frontDoor"], "nodePort": node_port + 3},
        "ingress": {"host": "shop.example", "paths": ["/api", "/shop"]},
        "probes": {
            "startup": {**over_tls, "periodSeconds": 1, "failureThreshold": 60},
            "liveness": over_tls,
            "readiness": {**over_tls, "failureThreshold": 3, **often},
        },
    }
    pem = "".join(each.decode() for each in self_signed())
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        release = {"image": f"localhost/teal/pricing:{version}"}
        slot = {name: dict(release) for name in ("backend", "catalogue")}
        config[f"teal:{colour}"] = {"version": version, **slot, "shop": {**release, "env": {"CERTIFICATE": pem}}}
    made.config.write_text(yaml.safe_dump(file))
    made.up()
    yield made
    made.kubectl("delete", "namespace", made.name, "--ignore-not-found", "--wait=false")


@contextmanager
def calls(stack: Stack, program: str, port: int) -> Generator[dict[str, Any]]:
    """A program that calls a node port while a block runs; what it said in the end is in the mapping after it."""
    python = str(WORK_TREE / ".venv/bin/python")
    found: dict[str, Any] = {}
    with subprocess.Popen(
        stack.sandbox.command([python, "-c", program, str(port)]),
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


def ingresses(stack: Stack) -> Mapping[str, Any]:
    """All of them as the API server has them, by name."""
    found = json.loads(stack.kubectl("get", "ingress", "-o", "json"))["items"]
    return {each["metadata"]["name"]: each for each in found}


def test_a_flip_and_its_rollback_lose_no_call(stack: Stack, node_port: int) -> None:
    """Of any protocol. A service that nobody can ask is proven by the kubelets, and one that speaks TLS is asked so.

    A kept-alive connection of that ends with an answer of the old colour, as it is told to by `/close`.
    """
    before = ingresses(stack)
    with calls(stack, CALLS, node_port) as echo, calls(stack, REQUESTS, node_port + 3) as shop:
        said = stack.flip("green").stdout
        for service in ("backend", "catalogue"):
            seen = verdicts(stack, service)
            assert "2 of 2 run sha256:" in seen["version"]
            assert "0 of 2 turned unready" in seen["bake-pods"]
            assert not {"bake", "smoke.readiness"} & seen.keys()
        seen = verdicts(stack, "shop")
        assert {"bake", "smoke.readiness", "version"} <= seen.keys()
        said += stack.flip("blue").stdout
    assert "kept-alive" not in said
    assert (len(echo["colours"]), echo["lost"]) == (3, [])  # one pod of each colour, as the address is one
    assert [each.split()[0] for each in echo["colours"]] == ["blue", "green", "blue"]
    assert shop == {"new": ["blue", "green", "blue"], "kept": ["blue", "green", "blue"], "lost": []}
    assert ingresses(stack) == before


def test_doors_are_as_the_stack_says(stack: Stack) -> None:
    """Affinity, policies, two services on one host, and URLs of what speaks TLS, as the API server took them."""
    spec = json.loads(stack.kubectl("get", "service", "backend", "-o", "json"))["spec"]
    assert {key: spec[key] for key in AFFINE} == AFFINE
    paths = {
        name: [
            (rule["host"], path["path"], path["backend"]["service"]["name"])
            for rule in each["spec"]["rules"]
            for path in rule["http"]["paths"]
        ]
        for name, each in ingresses(stack).items()
    }
    host = "shop.example"
    assert paths == {
        "catalogue": [(host, "/", "catalogue")],
        "shop": [(host, "/api", "shop"), (host, "/shop", "shop")],
    }
    outputs = stack.outputs()
    assert (outputs["frontDoors"]["shop"][:8], outputs["frontDoors"]["backend"][:7]) == ("https://", "http://")


def test_metrics_of_what_speaks_tls_are_scraped(stack: Stack) -> None:
    """Of both colours: Prometheus goes by the annotations of their pods."""
    command = stack.sandbox.command([str(WORK_TREE / ".venv/bin/python"), "-c", UP])
    done = subprocess.run(command, env=stack.environ(), text=True, stdout=subprocess.PIPE, timeout=30, check=True)
    assert done.stdout.strip() == str(["1"] * 4)


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
