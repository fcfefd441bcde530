"""`router: gateway`: the API server takes the routes as the Gateway API's own definitions demand; flips are weights.

No controller of a Gateway runs here: what clients get is its to decide, and what the program asks goes through the API
server.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.cluster.building import golang
from sandbox.cluster.cache import cache_folder
from sandbox.cluster.environment import Sandbox
from sandbox.cluster.progress import Steps
from tests.sandbox.program.stacks import Stack
from tests.sandbox.program.terminal import Terminal

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(600)]

GATEWAY_API = "sigs.k8s.io/gateway-api@v1.4.0"
"""The module that has the kinds' definitions."""


@pytest.fixture(scope="module")
def definitions() -> Path:
    """The folder with the standard channel's kinds."""
    cache = cache_folder()
    with Steps() as steps:
        go = golang.toolchain(cache, steps, wanted="1.24.0", purpose="the Gateway API")
    done = subprocess.check_output(
        [go, "mod", "download", "-json", GATEWAY_API], env=os.environ | golang.environ(cache)
    )
    return Path(json.loads(done)["Dir"]) / "config/crd/standard"


@pytest.fixture(scope="module")
def stack(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, definitions: Path, node_port: int
) -> Iterator[Stack]:
    """Blue live through an HTTPRoute, green warm."""
    made = Stack.create(sandbox, "test-gateway", tmp_path_factory.mktemp("gateway"), node_port)
    made.kubectl("apply", "--server-side", "-f", str(definitions))
    made.kubectl("wait", "--for=condition=Established", "-f", str(definitions), "--timeout=60s", seconds=70)
    file = yaml.safe_load(made.config.read_text())
    file["config"] |= {"teal:router": "gateway", "teal:gateway": {"name": "public", "namespace": "gateways"}}
    file["config"]["teal:settleSeconds"] = 3  # nothing follows the routes here, so there is nothing to wait for
    backend = file["config"]["teal:services"]["backend"]
    del backend["frontDoor"]
    backend["routing"] = {"hosts": ["shop.example"], "paths": ["/pricing", "/models"]}
    made.config.write_text(yaml.safe_dump(file))
    made.up()
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview", "--non-interactive", check=False)
    made.kubectl("delete", "-f", str(definitions), "--wait=false")


def route(stack: Stack) -> Mapping[str, Any]:
    """The service's, as the API server has it."""
    return json.loads(stack.kubectl("get", "httproute", "backend", "-o", "json"))


def weights(stack: Stack) -> Mapping[str, int]:
    """How it shares out live traffic, by colour."""
    refs = route(stack)["spec"]["rules"][-1]["backendRefs"]
    return {each["name"].removeprefix("backend-"): each["weight"] for each in refs}


def test_a_flip_is_two_weights_of_the_same_route(stack: Stack) -> None:
    """To green and back, each confirmed; the route is not made anew."""
    uid = route(stack)["metadata"]["uid"]
    assert weights(stack) == {"blue": 100, "green": 0}
    stack.flip("green")
    assert (weights(stack), stack.confirmed()) == ({"blue": 0, "green": 100}, "green")
    assert "green" in stack.teal("status")
    stack.flip("blue")
    assert (weights(stack), stack.confirmed()) == ({"blue": 100, "green": 0}, "blue")
    assert route(stack)["metadata"]["uid"] == uid


def test_a_share_and_chosen_clients(stack: Stack) -> None:
    """Of both there is one rule each, which the API server takes; they go as they came."""
    stack.configure("canaryWeight", "10")
    stack.configure("canaryMatch.header", "X-Canary")
    stack.configure("canaryMatch.value", "always")
    stack.up()
    assert weights(stack) == {"blue": 90, "green": 10}
    chosen, _ = route(stack)["spec"]["rules"]
    assert [each["headers"][0]["name"] for each in chosen["matches"]] == ["X-Canary"] * 2
    stack.pulumi("config", "rm", "teal:canaryMatch")
    stack.configure("canaryWeight", "0")
    stack.up()
    assert weights(stack) == {"blue": 100, "green": 0}
    assert len(route(stack)["spec"]["rules"]) == 1


def test_a_deployment_in_steps(stack: Stack, tmp_path: Path) -> None:
    """Each share is an update that watches it; all of the traffic comes last."""
    done = Terminal.of(stack, tmp_path).run(f"teal deploy --steps 10,50 --stack {stack.name}")
    said = [each.partition(": teal:")[2] for each in done.stderr.splitlines() if ".yaml: teal:" in each]
    assert said == ["canaryWeight: 10", "canaryWeight: 50", "activeColour: green", "canaryWeight: 0"]
    assert done.stderr.count("loses that where its bake fails") == 2
    assert (weights(stack), stack.confirmed()) == ({"blue": 0, "green": 100}, "green")
    stack.flip("blue")


def test_a_gateway_is_told_to_speak_tls_to_pods(stack: Stack) -> None:
    """By a policy that the API server takes, for the Services of both colours; a flip leaves it as it is."""
    good = stack.config.read_text()
    stack.configure("services.backend.routing.backendTls.hostname", "backend.shop.svc")
    stack.configure("services.backend.routing.backendTls.caConfigMap", "backend-ca")
    stack.up()
    policy = json.loads(stack.kubectl("get", "backendtlspolicy", "backend", "-o", "json"))
    assert [each["name"] for each in policy["spec"]["targetRefs"]] == ["backend-blue", "backend-green"]
    assert policy["spec"]["validation"] == {
        "hostname": "backend.shop.svc",
        "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "backend-ca"}],
    }
    stack.config.write_text(good)
    stack.up()
    assert not stack.kubectl("get", "backendtlspolicy", "-o", "name")


def test_a_release_that_is_not_what_it_says_moves_no_weight(stack: Stack) -> None:
    """The gates are those of every router."""
    stack.configure("green.backend.env.FAULT_VERSION", "0.9.9")
    before = route(stack)["metadata"]["resourceVersion"]
    done = stack.flip("green", check=False)
    assert done.returncode != 0
    assert "version of backend FAILED" in done.stdout, done.stdout
    assert route(stack)["metadata"]["resourceVersion"] == before


def test_a_route_of_others_is_left_alone(stack: Stack, tmp_path: Path) -> None:
    """It has the name of a service that is new. That is said before anything is made, and with what to do."""
    theirs = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "shop"},
        "spec": {"parentRefs": [{"name": "public"}], "rules": [{"backendRefs": [{"name": "old", "port": 80}]}]},
    }
    (tmp_path / "route.json").write_text(json.dumps(theirs))
    stack.kubectl("apply", "-f", str(tmp_path / "route.json"))
    file = yaml.safe_load(stack.config.read_text())
    backend = file["config"]["teal:services"]["backend"]
    file["config"]["teal:services"]["shop"] = backend | {"previewDoor": {}, "routing": {"hosts": ["www.shop.example"]}}
    for colour in ("blue", "green"):
        file["config"][f"teal:{colour}"]["shop"] = file["config"][f"teal:{colour}"]["backend"]
    good = stack.config.read_text()
    stack.config.write_text(yaml.safe_dump(file))
    done = stack.up(check=False)
    stack.config.write_text(good)
    assert done.returncode != 0
    assert "HTTPRoute shop is there already, leads to" in done.stdout
    left = json.loads(stack.kubectl("get", "httproute", "shop", "-o", "json"))
    assert [each["name"] for each in left["spec"]["rules"][0]["backendRefs"]] == ["old"]
