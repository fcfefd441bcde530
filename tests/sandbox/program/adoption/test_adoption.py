"""docs/adoption.md works as it is written: what runs becomes blue, and leaves again, and no request is lost.

The commands are those of the page, in its order, under one load from the first to the last. What is replaced in them is
listed here, and nothing else is.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.adoption.test_quickstart import SMALL
from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import UP_SECONDS, WORK_TREE, Stack

PAGE = (WORK_TREE / "docs/adoption.md").read_text()
NAME = "test-adoption"
FILE = WORK_TREE / f"stacks/Pulumi.{NAME}.yaml"
pytestmark = pytest.mark.timeout(600)

INSTEAD: Mapping[str, str] = {
    "registry.example/shop@sha256:BLUE": "localhost/teal/pricing:1.1.0",
    '"name": "shop"': f'"name": "{NAME}"',
    "-n shop": f"-n {NAME}",
    "--namespace shop": f"--namespace {NAME}",
    "uv run teal": str(WORK_TREE / ".venv/bin/teal"),
    "pulumi stack init dev": f"pulumi stack init {NAME}",
    "pulumi stack rm dev": f"pulumi stack rm {NAME} --yes",
    "pulumi config": f"pulumi config --stack {NAME}",
    "pulumi preview": f"pulumi preview --stack {NAME}",
    "pulumi up": f"pulumi up --yes --skip-preview --non-interactive --stack {NAME}",
    "pulumi destroy": f"pulumi destroy --yes --skip-preview --non-interactive --stack {NAME}",
}
"""Names of the sandbox, and answers to what would be asked."""

_REPLACED = re.compile("|".join(re.escape(each) for each in sorted(INSTEAD, key=len, reverse=True)))


def manifests(node_port: int) -> Sequence[dict[str, Any]]:
    """What runs before there is a stack: a Deployment of three pods, and a Service whose port has a name of its own."""
    container = {
        "name": "web",
        "image": "localhost/teal/pricing:1.0.0",
        "env": [{"name": "DEPLOYMENT_GROUP", "value": "before"}, {"name": "VERSION", "value": "1.0.0"}],
        "ports": [{"name": "web", "containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health/ready", "port": "web"}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}},
    }
    labels = {"app": "shop"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return (
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "shop", "namespace": NAME},
            "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "shop", "namespace": NAME},
            "spec": {
                "type": "NodePort",
                "selector": labels,
                "ports": [{"name": "web", "port": 80, "targetPort": "web", "nodePort": node_port}],
            },
        },
    )


@dataclass
class Reader:
    """Somebody who follows the page."""

    sandbox: Sandbox
    folder: Path
    said: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """What each command printed, each time."""

    def follow(self, heading: str) -> str:
        """Run the commands of a section; what they said, one after the other."""
        (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
        said = ""
        for command in _commands(section):
            printed = self.run(command)
            self.said.setdefault(command, []).append(printed)
            said += printed
        return said

    def run(self, command: str) -> str:
        """Run a command of the page in this checkout, and give what it printed."""
        known = _REPLACED.sub(lambda found: INSTEAD[found[0]], command).replace("shop.yaml", f"{self.folder}/shop.yaml")
        done = subprocess.run(
            self.sandbox.command(["bash", "-ec", known]),
            env=self.sandbox.environ(),
            cwd=WORK_TREE,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=UP_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{known}: exit {done.returncode}\n{done.stdout}"
        return done.stdout

    @property
    def service(self) -> Mapping[str, Any]:
        """The Service that clients know."""
        return json.loads(self.run("kubectl -n shop get service shop -o json"))


def _commands(text: str) -> Iterator[str]:
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            yield line.removeprefix("$ ")


@pytest.fixture
def reader(sandbox: Sandbox, tmp_path: Path, node_port: int) -> Iterator[Reader]:
    """With a Deployment and a Service that run."""
    made = Reader(sandbox, tmp_path)
    runs = manifests(node_port)
    (tmp_path / "before.yaml").write_text(yaml.safe_dump_all(runs))
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(runs[0]))  # of which the page says that it is applied again
    FILE.unlink(missing_ok=True)
    made.run(f"kubectl create namespace {NAME}")
    made.run(f"kubectl apply -f {tmp_path}/before.yaml")
    made.run("kubectl -n shop rollout status deployment shop --timeout 60s")
    yield made
    made.run(f"kubectl delete namespace {NAME} --ignore-not-found --wait=false")
    made.run("pulumi stack rm dev --force || true")  # which a test that failed has left
    FILE.unlink(missing_ok=True)


def _as_in_the_sandbox(node_port: int) -> None:
    """Small pods, short waits, and a door by the node."""
    file = yaml.safe_load(FILE.read_text())
    small = yaml.safe_load(SMALL)
    service = small["teal:services"]["web"] | {"autoscaling": {"minReplicas": 3, "maxReplicas": 3}}
    door = {"type": "NodePort", "nodePort": node_port, "host": "127.0.0.1"}
    its = service | file["config"]["teal:services"]["shop"]
    its["frontDoor"] = door | its["frontDoor"]
    its["network"] = {"callers": {"node": {"cidrs": ["192.0.2.10/32"]}}}
    file["config"] |= {"teal:bake": small["teal:bake"], "teal:services": {"shop": its}}
    FILE.write_text(yaml.safe_dump(file))


def test_in_and_out_without_a_lost_request(reader: Reader, tmp_path: Path, node_port: int) -> None:
    """The Service keeps its address, and each step says its word; half of the requests keep their connections."""
    before = reader.service
    stack = Stack(sandbox=reader.sandbox, name=NAME, config=FILE)
    door = f"http://127.0.0.1:{node_port}"
    with (
        Load(stack, "new_connections", tmp_path, rate=100, url=door) as load,
        Load(stack, "kept_alive", tmp_path, rate=100, url=door) as kept,
    ):
        reader.follow("Say what is there")
        _as_in_the_sandbox(node_port)
        said = reader.follow("Step 1: blue beside it")
        assert "PREPARE" in said
        assert "live traffic of shop: green" in said
        assert reader.service["spec"]["selector"] == {"app": "shop"}
        assert "no changes" in reader.run("pulumi preview --expect-no-changes && echo no changes")
        said = reader.follow("Step 2: traffic goes to blue")
        assert "FLIP" in said
        assert stack.history()[-1]["stage"] == "CONFIRMED"
        assert [(each["origin"], each["to"]) for each in stack.history()] == [
            ("green", "blue"),
            ("blue", "green"),
            ("green", "blue"),
        ]
        reader.follow("Step 3: the old Deployment goes")
        load.await_colour("blue")
        reader.follow("Leave teal")
        load.await_colour("before")
    load.assert_nothing_lost()
    kept.assert_nothing_lost()
    after = reader.service
    assert after["spec"]["selector"] == {"app": "shop"}
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert reader.run("kubectl -n shop get deployments -o name").split() == ["deployment.apps/shop"]
    assert {*reader.said} == {*_commands(PAGE)}


def test_a_stack_gives_its_namespace_up(sandbox: Sandbox, tmp_path: Path, node_port: int) -> None:
    """It made it, and leaves it when it goes, with what others have in it."""
    stack = Stack.create(sandbox, "test-given-up", tmp_path, node_port + 3)
    stack.up()
    stack.write("namespace", {"name": stack.name, "create": False})
    stack.up()
    assert stack.kubectl("get", "namespace", stack.name, "-o", r"jsonpath={.metadata.annotations.teal/kept}") == "true"
    stack.up()
    assert "namespace" not in {each["urn"].rpartition("::")[2] for each in _state(stack)}
    stack.pulumi("destroy", "--yes", "--skip-preview", "--non-interactive")
    assert stack.kubectl("get", "namespace", stack.name, "-o", "jsonpath={.status.phase}") == "Active"
    assert stack.kubectl("get", "deployments,services,networkpolicies", "-o", "name") == ""
    stack.kubectl("delete", "namespace", stack.name, "--wait=false")


def _state(stack: Stack) -> Sequence[Mapping[str, Any]]:
    """What the engine knows of a stack."""
    return json.loads(stack.pulumi("stack", "export").stdout)["deployment"]["resources"]
