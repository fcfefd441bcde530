"""A worker beside a service: one colour of it takes work, before and after a flip, and after one that failed."""

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(400)

LOOP = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
crash = time.monotonic() + float(os.environ.get("CRASH_AFTER", "inf"))
while time.monotonic() < crash:
    time.sleep(0.1)
sys.exit(1)
"""
"""Takes work until it is told to stop; or crashes."""


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, node_port: int) -> Iterator[Stack]:
    """The pricing backend, and a mailer that nobody asks; blue is live."""
    made = Stack.create(sandbox, "test-workers", tmp_path_factory.mktemp("workers"), node_port)
    made.write(
        "services.mailer",
        {
            "kind": "worker",
            "command": ["python3", "-u", "-c", LOOP],
            "autoscaling": {"enabled": False},
            "replicas": 2,
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "200m", "memory": "96Mi"}},
            "progressDeadlineSeconds": 20,
        },
    )
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        made.write(f"{colour}.mailer", {"image": f"localhost/teal/pricing:{version}"})
    made.up()
    yield made
    made.kubectl("delete", "namespace", made.name, "--ignore-not-found", "--wait=false")


def pods(stack: Stack, colour: str) -> list[Mapping[str, Any]]:
    """The mailer's pods of a colour, those that are ending included."""
    labels = f"app.kubernetes.io/name=mailer,teal/colour={colour}"
    found = json.loads(stack.kubectl("get", "pods", "-l", labels, "-o", "json"))["items"]
    return [pod for pod in found if pod["status"]["phase"] not in {"Succeeded", "Failed"}]


def staying(stack: Stack, colour: str) -> set[str]:
    """Of them, those that are not ending."""
    return {pod["metadata"]["uid"] for pod in pods(stack, colour) if "deletionTimestamp" not in pod["metadata"]}


def record(stack: Stack) -> str:
    """The colour that may run."""
    return stack.kubectl("get", "configmap", "mailer-live", "-o", "jsonpath={.data.colour}")


def assert_rests(stack: Stack, colour: str) -> None:
    """One colour is live in every respect, and the other one takes no work."""
    other = {"blue": "green", "green": "blue"}[colour]
    assert (stack.live(), record(stack), stack.confirmed()) == (colour, colour, colour)
    assert len(staying(stack, colour)) == 2
    assert staying(stack, other) == set()


class Beside:
    """Watches, while something else happens, whether pods of both colours run at once."""

    def __init__(self, stack: Stack) -> None:
        """Prepare."""
        self._stack = stack
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.seen: set[frozenset[str]] = set()

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            running = {
                colour
                for colour in ("blue", "green")
                for pod in pods(self._stack, colour)
                if any("running" in each["state"] for each in pod["status"].get("containerStatuses", ()))
            }
            self.seen.add(frozenset(running))


def test_the_idle_colour_has_no_pods_and_nobody_a_door(stack: Stack) -> None:
    """After the first update; a second one writes nothing, whatever it finds idle."""
    assert_rests(stack, "blue")
    names = stack.kubectl("get", "services,endpointslices,pdb", "-o", "name").split()
    assert [each for each in names if "mailer" in each] == ["poddisruptionbudget.policy/mailer-blue"]
    before = stack.versions()
    done = stack.up()
    assert stack.versions() == before
    assert "updated" not in done.stdout
    assert staying(stack, "green") == set()


def test_a_flip_and_its_rollback_change_who_takes_work(stack: Stack) -> None:
    """The new colour is proven once it runs, the old one goes on until that is confirmed, and is gone afterwards.

    A person has approved it before it runs: the yes is to the worker as well.
    """
    stack.configure("approval.maxAgeSeconds", "600")
    stack.teal("approve", "green", "1.1.0", "--yes")
    stack.configure("activeColour", "green")
    said = stack.pulumi("preview", "--non-interactive").stdout
    assert "blue 1.0.0 takes work beside it, and stops once that is confirmed" in said
    with Beside(stack) as beside:
        stack.up()
    assert_rests(stack, "green")
    assert frozenset({"blue", "green"}) in beside.seen
    assert frozenset() not in beside.seen, "at some moment nobody took work"
    flip = stack.history()[-1]
    proven = {each["gate"]: each["outcome"] for each in flip["verdicts"] if each["service"] == "mailer"}
    assert proven == {"capacity": "PASSED", "version": "PASSED", "bake-pods": "PASSED", "bake-route": "PASSED"}
    stack.flip("blue")
    assert_rests(stack, "blue")
    assert stack.history()[-1]["rollback"]
    stack.pulumi("config", "rm", "teal:approval")


def test_a_worker_that_crashes_is_undone_and_stopped(stack: Stack) -> None:
    """Whether its start already shows that, or only the bake: no traffic stays, and blue has not been touched."""
    before = staying(stack, "blue")
    stack.configure("bake.seconds", "15")  # a crash of every third second is seen in it
    stack.configure("green.mailer.env.CRASH_AFTER", "2")
    stack.up()
    done = stack.flip("green", check=False)
    assert done.returncode != 0
    assert "mailer" in done.stdout
    assert (stack.live(), record(stack), stack.confirmed()) == ("blue", "blue", "blue")
    assert stack.history()[-1]["stage"] == "REVERTED"
    assert staying(stack, "green") == set()
    assert staying(stack, "blue") == before
    stack.write("green.mailer.env", {})
    stack.up()  # tried again, and well: what teal has stopped is started by the engine
    assert_rests(stack, "green")
    stack.flip("blue")
    assert_rests(stack, "blue")


def test_colours_that_must_not_overlap_never_do(stack: Stack) -> None:
    """`overlap: forbidden`, also where the new colour fails and the old one is started again."""
    stack.configure("services.mailer.overlap", "forbidden")
    stack.up()
    stack.configure("activeColour", "green")
    assert "so nobody takes work until green 1.1.0 is ready" in stack.pulumi("preview", "--non-interactive").stdout
    with Beside(stack) as beside:
        stack.up()
        assert_rests(stack, "green")
        stack.flip("blue")
        assert_rests(stack, "blue")
        stack.configure("green.mailer.env.CRASH_AFTER", "2")
        stack.up()
        assert stack.flip("green", check=False).returncode != 0
    assert frozenset({"blue", "green"}) not in beside.seen
    assert (stack.live(), record(stack), len(staying(stack, "blue")), staying(stack, "green")) == (
        *("blue", "blue", 2),
        set(),
    )
    stack.write("green.mailer.env", {})
    stack.flip("blue")


def test_an_update_that_dies_once_a_worker_has_started_is_brought_to_its_end(stack: Stack, tmp_path: Path) -> None:
    """The next one finds by the record what has started, whatever it is asked for, and leaves one colour."""
    stack.configure("services.mailer.overlap", "flip")
    stack.up()
    stack.configure("activeColour", "green")
    up = stack.start_up(tmp_path / "up.log")
    while not staying(stack, "green"):
        assert up.poll() is None, (tmp_path / "up.log").read_text()
    stack.kill(up)
    stack.cancel()
    stack.configure("activeColour", "blue")
    stack.up()
    assert_rests(stack, "blue")
