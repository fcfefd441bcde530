"""A front door of type LoadBalancer: the address that a cloud's controller gives it becomes the stack's output."""

import json
import time
from collections.abc import Iterator

import pytest
import yaml

from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(300)

LATE_SECONDS = 3.0
"""Until the address is there: no controller gives one in the moment in which the Service is made."""


@pytest.fixture(scope="module")
def made(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, node_port: int) -> Iterator[Stack]:
    """A stack that was never updated."""
    stack = Stack.create(sandbox, "test-load-balancer", tmp_path_factory.mktemp("load-balancer"), node_port)
    file = yaml.safe_load(stack.config.read_text())
    file["config"]["teal:services"]["backend"]["frontDoor"] = {"type": "LoadBalancer", "port": 80}
    stack.config.write_text(yaml.safe_dump(file))
    yield stack
    stack.kubectl("delete", "namespace", stack.name, "--ignore-not-found", "--wait=false")


def test_its_address_is_an_output_of_the_first_update(made: Stack, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The Service is not waited for before the bake, and the address is there all the same, though it comes late."""
    log = tmp_path_factory.mktemp("up") / "up.log"
    up = made.start_up(log)
    while not made.kubectl("get", "service", "backend", "--ignore-not-found", "-o", "name"):
        assert up.poll() is None, log.read_text()
        time.sleep(0.2)  # a watch of a namespace that is not there yet would end
    time.sleep(LATE_SECONDS)
    given = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}}
    made.kubectl("patch", "service", "backend", "--subresource=status", "--type=merge", "-p", json.dumps(given))
    assert up.wait(180) == 0, log.read_text()
    assert made.outputs()["frontDoor"] == "http://203.0.113.7:80"
