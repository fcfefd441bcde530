"""A cron job beside a service: one colour runs its schedule, before and after a flip, and after one that was undone."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, node_port: int) -> Iterator[Stack]:
    """The pricing backend, and what is done every minute; blue is live."""
    made = Stack.create(sandbox, "test-cron", tmp_path_factory.mktemp("cron"), node_port)
    made.write(
        "services.cleaner",
        {
            "kind": "cron",
            "command": ["python3", "-c", "pass"],
            "cron": {"schedule": "* * * * *", "activeDeadlineSeconds": 60},
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "200m", "memory": "96Mi"}},
        },
    )
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        made.write(f"{colour}.cleaner", {"image": f"localhost/teal/pricing:{version}"})
    made.up()
    yield made
    made.kubectl("delete", "namespace", made.name, "--ignore-not-found", "--wait=false")


def running(stack: Stack) -> set[str]:
    """The colours whose schedule runs."""
    return {colour for colour in ("blue", "green") if not cron_job(stack, colour)["spec"]["suspend"]}


def cron_job(stack: Stack, colour: str) -> Mapping[str, Any]:
    """A colour's CronJob."""
    return json.loads(stack.kubectl("get", "cronjob", f"cleaner-{colour}", "-o", "json"))


def record(stack: Stack) -> str:
    """The colour that may run."""
    return stack.kubectl("get", "configmap", "cleaner-live", "-o", "jsonpath={.data.colour}")


def ticks(stack: Stack) -> list[str]:
    """The minutes for which a Job was made, of either colour."""
    found = json.loads(stack.kubectl("get", "jobs", "-l", "app.kubernetes.io/name=cleaner", "-o", "json"))["items"]
    at = "batch.kubernetes.io/cronjob-scheduled-timestamp"
    return [each["metadata"]["annotations"][at] for each in found]


def test_the_active_colour_alone_runs_its_schedule(stack: Stack) -> None:
    """After the first update; a second one writes nothing."""
    assert (running(stack), record(stack)) == ({"blue"}, "blue")
    before = stack.versions()
    assert "updated" not in stack.up().stdout
    assert stack.versions() == before
    assert running(stack) == {"blue"}


def test_the_schedule_goes_over_and_back_and_nothing_is_run_twice(stack: Stack) -> None:
    """The colour that comes is told how far the other one has got, and starts nothing of what that has run."""
    stack.configure("activeColour", "green")
    assert "the schedule of blue 1.0.0 goes to green 1.1.0" in stack.pulumi("preview", "--non-interactive").stdout
    stack.up()
    assert (running(stack), record(stack), stack.live()) == ({"green"}, "green", "green")
    assert cron_job(stack, "green")["status"]["lastScheduleTime"]
    stack.flip("blue")
    assert (running(stack), record(stack), stack.live()) == ({"blue"}, "blue", "blue")
    assert stack.history()[-1]["rollback"]
    assert len({*ticks(stack)}) == len(ticks(stack))


def test_a_flip_that_is_undone_or_refused_leaves_the_schedule_where_it_was(stack: Stack) -> None:
    """A release that fails in its bake, and one to which nobody says yes."""
    stack.configure("bake.seconds", "5")
    stack.configure("services.backend.probePath", "/pricing")
    stack.configure("green.backend.env.FAULT_ERROR_PERCENT", "60")
    stack.up()
    assert running(stack) == {"blue"}
    assert stack.flip("green", check=False).returncode != 0
    assert stack.history()[-1]["stage"] == "REVERTED"
    assert (running(stack), record(stack), stack.live()) == ({"blue"}, "blue", "blue")
    stack.write("green.backend.env", {"WITHOUT": "a fault, and never confirmed so far"})
    stack.configure("approval.maxAgeSeconds", "600")
    refused = stack.up(check=False)
    assert refused.returncode != 0, refused.stdout
    assert "will refuse that" not in refused.stdout, "the schedule that a way back has suspended is started again"
    assert stack.history()[-1]["stage"] == "REFUSED"
    assert (running(stack), record(stack), stack.live()) == ({"blue"}, "blue", "blue")
    stack.teal("approve", "green", "--yes")
    stack.up()  # tried again, and well: what teal has suspended, the engine lets run
    assert (running(stack), record(stack), stack.live()) == ({"green"}, "green", "green")
    assert len({*ticks(stack)}) == len(ticks(stack))
