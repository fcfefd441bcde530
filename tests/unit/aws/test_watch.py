"""A move of traffic is recorded with the instant at which AWS took it, by somebody who knows nothing of the program."""

import json
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.load.writes import Write, read_writes
from tests.unit.aws.balancer import Balancer
from tests.unit.aws.conftest import Aws


def environ(aws: Aws) -> dict[str, str]:
    """As in the sandbox."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}
    return {**keys, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": aws.endpoint}


def rules(aws: Aws, *args: str) -> str:
    """`python -m sandbox.aws.rules`."""
    return subprocess.check_output([sys.executable, "-m", "sandbox.aws.rules", *args], env=environ(aws), text=True)


@pytest.fixture(scope="module")
def balancer(running_aws: Aws) -> Balancer:
    """One whose tags say whose it is."""
    made = Balancer.create(running_aws, "watched", 18400)
    tags = {"teal/service": "backend", "teal/role": "live"}
    made.elb.add_tags(ResourceArns=[made.rule], Tags=[{"Key": key, "Value": each} for key, each in tags.items()])
    for colour, arn in made.groups.items():
        made.elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "teal/colour", "Value": colour}])
    return made


@contextmanager
def watching(aws: Aws, out: Path) -> Generator[None]:
    """`python -m sandbox.aws.watch`, once it has seen what is there."""
    command = [sys.executable, "-m", "sandbox.aws.watch", "--out", str(out)]
    with subprocess.Popen(command, env=environ(aws)) as process:
        aws.until(lambda: bool(read_writes(out)))
        yield
        process.terminate()


def of(out: Path, service: str) -> Sequence[Write]:
    """What was recorded of a service."""
    return [each for each in read_writes(out) if each.service == service]


def test_a_move_is_recorded_with_the_instant_of_its_write(aws: Aws, balancer: Balancer, tmp_path: Path) -> None:
    """Between the call and its answer, however late the watch and the data path learn of it."""
    out = tmp_path / "writes.jsonl"
    aws.order(rule_delay_s=5)
    balancer.weigh({"blue": 100, "green": 0})
    with watching(aws, out):
        before = time.monotonic_ns()
        balancer.weigh({"blue": 0, "green": 100})
        after = time.monotonic_ns()
        balancer.weigh({"blue": 70, "green": 30})
        balancer.weigh({"blue": 70, "green": 30})
        aws.until(lambda: of(out, "backend")[-1].colour == "")
    *earlier, moved, shared = of(out, "backend")
    assert {each.exact for each in earlier} == {False}
    assert (earlier[-1].colour, moved.colour, shared.colour) == ("blue", "green", "")
    assert moved.exact
    assert before < moved.observed_ns < after < shared.observed_ns


def test_a_bare_rule_is_written_beside_the_live_one(aws: Aws, balancer: Balancer, tmp_path: Path) -> None:
    """And taken away again; the live one stays what it is."""
    out = tmp_path / "writes.jsonl"
    balancer.weigh({"blue": 100, "green": 0})
    live = json.loads(rules(aws, "show"))["backend"]
    assert live["colour"] == "blue"
    with watching(aws, out):
        rules(aws, "make", "backend", "floor")
        rules(aws, "move", "floor", "green")
        aws.until(lambda: len(of(out, "floor")) == 2)
    assert [each.colour for each in of(out, "floor")] == ["blue", "green"]
    assert json.loads(rules(aws, "show"))["backend"] == live
    rules(aws, "remove", "floor")
    assert len(balancer.elb.describe_rules(ListenerArn=balancer.listener)["Rules"]) == 2
    balancer.weigh({"blue": 0, "green": 100})
    assert json.loads(rules(aws, "show"))["backend"]["version"] != live["version"]
