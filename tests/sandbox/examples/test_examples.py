"""Services as people have them: each of examples/ is flipped and rolled back under load, as its files say."""

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.cluster.environment import Sandbox
from tests.sandbox.databases import fresh
from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import WORK_TREE, Stack

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(600)]

PATHS = {"fastapi": "/items/5", "django": "/", "static": "/"}
"""What the load asks each for."""

ENQUEUING = """
import tasks, time
for order in range(TASKS):
    tasks.send_receipt.delay(order)
    time.sleep(0.1)
"""
"""What a shop does: for as long as the flips and rollbacks take, and longer."""

TASKS = 334
"""Of each flip and its rollback."""

OFTEN = pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.soak)])
"""How often each is flipped and rolled back."""


@pytest.fixture
def greeter(sandbox: Sandbox, tmp_path: Path, node_port: int) -> Iterator[Stack]:
    """The gRPC service, blue live and green warm."""
    made = example(sandbox, "grpc", tmp_path)
    made.configure("services.greeter.frontDoor.nodePort", str(node_port + len(PATHS)))
    yield from brought_up(made)


@pytest.fixture
def worker(sandbox: Sandbox, tmp_path: Path) -> Iterator[Stack]:
    """Celery's workers, blue live, with Redis beside them."""
    load_image(sandbox, WORK_TREE / "examples/celery/redis", "7")
    made = example(sandbox, "celery", tmp_path)
    made.kubectl("--namespace=redis", "apply", "--filename", str(WORK_TREE / "examples/celery/redis.yaml"))
    made.kubectl("--namespace=redis", "rollout", "status", "deployment/redis")
    yield from brought_up(made)
    made.kubectl("delete", "namespace", "redis", "--wait=false")


@pytest.fixture(params=PATHS)
def stack(sandbox: Sandbox, tmp_path: Path, node_port: int, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """One of those that HTTP requests are sent to, blue live and green warm; Prometheus is asked of it, too."""
    made = example(sandbox, request.param, tmp_path)
    made.configure(f"services.{made.service}.frontDoor.nodePort", str(node_port + [*PATHS].index(made.name)))
    made.configure("bake.windowSeconds", "10")
    made.configure("prometheus.url", "http://127.0.0.1:9090")
    if made.name == "django":
        keep_secrets(made)
    yield from brought_up(made)


def example(sandbox: Sandbox, name: str, folder: Path) -> Stack:
    """A stack from an example's own files, with its image in the cluster; only the bake is shorter."""
    files = WORK_TREE / "examples" / name
    load_image(sandbox, files, "1.0.0", "1.1.0")
    file = (files / f"Pulumi.{name}.yaml").read_text()
    (service,) = yaml.safe_load(file)["config"]["teal:services"]
    config = folder / f"Pulumi.{name}.yaml"
    config.write_text(file)
    made = Stack(sandbox=sandbox, name=name, config=config, service=service)
    made.init()
    made.configure("bake.seconds", "5")
    return made


def load_image(sandbox: Sandbox, recipe: Path, *versions: str) -> None:
    """Build an image as a recipe says, and have the cluster know it."""
    command = [sys.executable, "-m", "sandbox", "image", *versions, "--recipe", str(recipe), "--name", sandbox.name]
    subprocess.run(command, cwd=WORK_TREE, check=True)


def brought_up(stack: Stack) -> Iterator[Stack]:
    """It is there, and gone afterwards."""
    stack.up()
    yield stack
    stack.pulumi("destroy", "--yes", "--skip-preview", "--non-interactive")


def keep_secrets(stack: Stack) -> None:
    """A database of its own, and what the README has a user encrypt."""
    found = fresh(stack.sandbox, "examples")
    stack.configure("backing.database.name", found["DB_NAME"])
    secrets = {"backing.database.password": found["DB_PASSWORD"]}
    secrets |= {f"{colour}.web.secrets.SECRET_KEY": found["DB_PASSWORD"] for colour in ("blue", "green")}
    for key, value in secrets.items():
        stack.pulumi("config", "set", "--path", "--secret", f"teal:{key}", value)


def await_answers(stack: Stack, colour: str, words: str) -> None:
    """Wait until a colour's pods log requests with these words: nothing else tells that they answer."""
    labels = f"app.kubernetes.io/name={stack.service},teal/colour={colour}"
    give_up = time.monotonic() + 10
    while words not in stack.kubectl("logs", "--selector", labels, "--since=1s", "--tail=-1"):
        assert time.monotonic() < give_up, f"{colour} answered none of {words} for 10 s"
        time.sleep(0.1)


def proof(flip: Mapping[str, Any]) -> str:
    """The digest of the image that a flip's pods were seen to run."""
    (version,) = [each for each in flip["verdicts"] if each["gate"] == "version"]
    found = re.search(r"2 of 2 run (sha256:\w+)", version["seen"])
    assert found, version
    return found[1]


@OFTEN
def test_flips_and_rollbacks_lose_nothing(stack: Stack, tmp_path: Path, times: int) -> None:
    """Each moves new connections, is proven by the image that runs, and is watched by the metrics of its library."""
    began = len(stack.history())
    path = f"{PATHS[stack.name]}?from="
    with (
        Load(stack, "new_connections", tmp_path, rate=50, path=f"{path}new") as new,
        Load(stack, "kept_alive", tmp_path, rate=50, path=f"{path}kept") as kept,
    ):
        for colour in ("green", "blue") * times:
            stack.flip(colour)
            assert stack.live() == colour
            await_answers(stack, colour, "from=new")
    new.assert_nothing_lost()
    kept.assert_nothing_lost()
    flips = stack.history()[began:]
    assert [(each["to"], each["stage"]) for each in flips] == [("green", "CONFIRMED"), ("blue", "CONFIRMED")] * times
    green, blue = {proof(each) for each in flips[::2]}, {proof(each) for each in flips[1::2]}
    assert len(green) == len(blue) == 1
    assert green != blue
    passed = [{each["gate"] for each in flip["verdicts"] if each["outcome"] == "PASSED"} for flip in flips]
    counts = stack.name != "static"  # nginx without a module counts no requests
    assert [("bake-metrics" in each) for each in passed] == [counts] * len(flips)


@OFTEN
def test_grpc_calls_are_all_answered(greeter: Stack, tmp_path: Path, times: int) -> None:
    """Flips and rollbacks are proven by what the kubelets say: on new channels, and on one that is kept."""
    seen = tmp_path / "calls"
    python = str(WORK_TREE / ".venv/bin/python")
    door = greeter.outputs()["frontDoor"].removeprefix("http://")
    command = greeter.sandbox.command([python, "-m", "tests.sandbox.examples.calling", door])
    with seen.open("w") as file, subprocess.Popen(command, env=greeter.environ(), cwd=WORK_TREE, stdout=file) as load:
        try:
            for colour in ("green", "blue") * times:
                greeter.flip(colour)
                assert greeter.live() == colour
        finally:
            load.terminate()
    assert load.returncode == 0
    counts = Counter(seen.read_text().splitlines())
    assert counts.keys() == {"new OK", "kept OK"}, counts
    assert [each["stage"] for each in greeter.history()[-2 * times :]] == ["CONFIRMED"] * 2 * times


def redis(stack: Stack, *command: str) -> list[str]:
    """What Redis answers, a word a line."""
    return stack.kubectl("--namespace=redis", "exec", "deployment/redis", "--", "redis-cli", *command).split()


@OFTEN
def test_every_task_is_done_once(worker: Stack, times: int) -> None:
    """Hundreds of them over flips and rollbacks; the colour that is not live has nobody to do them."""
    tasks = TASKS * times
    variables = ["--env=REDIS_HOST=10.96.0.79", "--env=REDIS_PORT=6379"]
    shop = ["run", "shop", "--image=localhost/examples/celery:1.0.0", "--restart=Never", *variables]
    worker.kubectl("--namespace=redis", *shop, "--command", "--", "python3", "-c", f"TASKS = {tasks}{ENQUEUING}")
    for colour, left in (("green", "blue"), ("blue", "green")) * times:
        worker.flip(colour)
        assert worker.confirmed() == colour
        assert worker.pods(colour)
        assert not worker.pods(left)
    ended = ["--for=jsonpath={.status.phase}=Succeeded", "pod/shop", "--timeout=200s"]
    worker.kubectl("--namespace=redis", "wait", *ended, seconds=210)
    give_up = time.monotonic() + 30
    while len(sent := redis(worker, "-n", "1", "lrange", "sent", "0", "-1")) < tasks:
        assert time.monotonic() < give_up, f"{len(sent)} of {tasks} were done"
        time.sleep(0.5)
    assert Counter(sent) == {str(order): 1 for order in range(tasks)}
