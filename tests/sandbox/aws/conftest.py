"""A stack behind the sandbox's load balancer, and the AWS that this is in."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from sandbox.aws.ready import await_ready
from sandbox.cluster.environment import Sandbox
from tests.sandbox.aws.account import Account
from tests.sandbox.aws.moves import BLUE, GREEN, PODS
from tests.sandbox.program.stacks import Stack

SETTLE_SECONDS = 3
NODE_PORT = 30080
"""Below those of files with stacks of their own."""


@pytest.fixture(scope="package")
def account(sandbox: Sandbox) -> Iterator[Account]:
    """The sandbox's AWS, once it is there: a start does not wait for it."""
    await_ready(sandbox)
    with Account(sandbox) as account:
        yield account


@pytest.fixture(scope="package")
def provisioned(account: Account, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all: blue at 1.0.0 and green at 1.1.0, whose pods are declared and not an autoscaler's."""
    made = Stack.create(sandbox, "test-alb", tmp_path_factory.mktemp("alb"), NODE_PORT)
    file: dict[str, Any] = yaml.safe_load(made.config.read_text())
    config = file["config"]
    config["teal:router"] = "alb"
    config["teal:settleSeconds"] = SETTLE_SECONDS
    config["teal:bake"] = {"seconds": SETTLE_SECONDS, "windowSeconds": 10}
    config["teal:alb"] = account.balancer()
    backend = config["teal:services"]["backend"]
    del backend["frontDoor"], backend["previewDoor"]
    backend["probePath"] = "/pricing"
    backend["autoscaling"] = {"enabled": False}  # it looks every 15 s, and each colour that comes back would wait
    backend["replicas"] = PODS
    made.config.write_text(yaml.safe_dump(file))
    account.order()
    made.up()
    yield made
    account.order()
    made.pulumi("destroy", "--yes", "--skip-preview", "--non-interactive", check=False)


@pytest.fixture
def stack(provisioned: Stack, account: Account) -> Iterator[Stack]:
    """Blue live and green warm, whatever the test before left."""
    before = provisioned.config.read_text()
    account.order()
    if account.weights() not in (BLUE, GREEN):
        account.weigh(**BLUE)  # a foreign share, where a test failed, would be refused in all that follow
    provisioned.up()
    assert account.weights() == BLUE
    yield provisioned
    provisioned.config.write_text(before)
