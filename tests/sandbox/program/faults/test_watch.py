"""An update dies in the middle of its bake, and nobody does anything: the cluster itself brings the flip to its end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(600)

BAKE_SECONDS = 8
WITHIN_SECONDS = 60 + 12 + BAKE_SECONDS + 20
"""The schedule, the owner's lease, the bake, and what pods take to start on two busy cores."""

WATCH = {
    "image": "localhost/teal/watch:1",
    "imagePullPolicy": "Never",
    "egress": {"api-server": {"cidrs": ["192.0.2.10/32"], "ports": [6443]}},
}


@pytest.fixture(scope="module", autouse=True)
def _watched(stack: Stack) -> None:
    """A stack whose flips somebody goes on with."""
    stack.configure("watch", json.dumps(WATCH))
    stack.configure("services.backend.probePath", "/pricing")
    stack.configure("bake.seconds", str(BAKE_SECONDS))
    stack.up()


@pytest.fixture(autouse=True)
def _rest(stack: Stack) -> Iterator[None]:
    """Blue live and green well, after each test."""
    yield
    stack.rest()


def die_in_the_bake(stack: Stack, log: Path) -> int:
    """Flip to green by an update that is killed once traffic has moved; the flip's number."""
    flips = stack.history()
    stack.configure("activeColour", "green")
    up = stack.start_up(log)
    flip = stack.await_stage("BAKING", after=flips[-1]["number"] if flips else 0)
    stack.kill(up)
    stack.cancel()
    assert stack.live() == "green"
    return flip["number"]


def test_a_good_release_is_confirmed_by_the_schedule_alone(stack: Stack, tmp_path: Path) -> None:
    """Within schedule, lease and bake; the next update takes that over as it is, and bakes nothing again."""
    number = die_in_the_bake(stack, tmp_path / "up.log")
    ended = stack.await_stage("CONFIRMED", after=number - 1, seconds=WITHIN_SECONDS)
    assert (ended["number"], ended["to"]) == (number, "green")
    assert ended["owner"].startswith("watch-")
    assert stack.live() == "green"
    stack.up()
    assert stack.confirmed() == "green"
    assert stack.history()[-1] == ended


def test_a_bad_release_is_put_back(stack: Stack, tmp_path: Path) -> None:
    """No request goes unanswered meanwhile, and the next update finds the stack as it declares it."""
    stack.configure("green.backend.env.FAULT_ERROR_PERCENT", "60")
    stack.up()
    with Load(stack, "new_connections", tmp_path) as load:
        number = die_in_the_bake(stack, tmp_path / "up.log")
        stack.kubectl("create", "job", "at-once", "--from=cronjob/teal-watch")  # or the schedule is first
        ended = stack.await_stage("REVERTED", after=number - 1, seconds=WITHIN_SECONDS)
        load.await_colour("blue")
    assert stack.live() == "blue"
    assert "/pricing answered 500" in ended["reason"]
    assert ended["owner"].startswith("watch-")
    assert load.colours[0] == load.colours[-1] == "blue"
    assert "green" in load.colours
    assert [record for record in load.lost if record.outcome.value != "server_error"] == []
    said = stack.kubectl("logs", "--selector=app.kubernetes.io/name=teal-watch", "--tail=-1")
    assert f"flip {number} from blue" in said
    assert "kept-alive connections" not in said  # it says so where it may not have them ended
    stack.configure("activeColour", "blue")
    stack.up()
    assert (stack.confirmed(), stack.live()) == ("blue", "blue")
    assert stack.history()[-1] == ended


def test_its_account_may_do_that_and_nothing_else(stack: Stack) -> None:
    """By the API server's own word, beside what it grants to any account there is."""

    def may(account: str) -> set[tuple[str, ...]]:
        who = f"--as=system:serviceaccount:{stack.name}:{account}"
        # kubectl asks as a member of no group; accounts are members of these.
        groups = ["--as-group=system:authenticated", "--as-group=system:serviceaccounts"]
        listed = stack.kubectl("auth", "can-i", "--list", "--no-headers", who, *groups)
        return {tuple(part.strip(" []") for part in line.split("  ") if part.strip()) for line in listed.splitlines()}

    assert may("teal-watch") - may("default") == {
        ("configmaps", "", "teal-history", "get update"),
        ("leases.coordination.k8s.io", "", "teal-flip", "get update"),
        ("leases.coordination.k8s.io", "", "", "create"),
        ("endpointslices.discovery.k8s.io", "", "", "list"),
        ("pods", "", "", "list"),
        ("pods/portforward", "", "", "create get"),
        ("services", "", "backend", "get patch"),
        ("services/proxy", "", "backend:http", "get"),
    }


def end_what_was_left(stack: Stack, name: str, colour: str, folder: Path) -> None:
    """Run the watch once, in its own pod and account, as if the minutes had passed; the colour's pods go."""
    made = stack.kubectl("create", "job", name, "--from=cronjob/teal-watch", "--dry-run=client", "-o", "json")
    job = json.loads(made)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    told = next(each for each in container["env"] if each["name"] == "TEAL_ENDINGS")
    told["value"] = json.dumps({**json.loads(told["value"]), "afterSeconds": 0, "settleSeconds": 0})
    file = folder / f"{name}.json"
    file.write_text(json.dumps(job))
    stack.kubectl("create", "-f", str(file))
    stack.kubectl("wait", "--for=condition=complete", f"job/{name}", "--timeout=60s")
    assert f"pods of backend-{colour} end: flip " in stack.kubectl("logs", f"job/{name}")
    stack.kubectl("wait", "--for=delete", "pod", "-l", f"teal/colour={colour}", "--timeout=60s")


def test_what_a_flip_has_left_ends_and_a_flip_back_starts_it_first(stack: Stack, tmp_path: Path) -> None:
    """Told before the flip; whatever update comes next leaves it so, and the one that needs it finds no pod missing."""
    stack.configure("bake.seconds", "1")
    stack.configure("retireAfterMinutes", "30")
    stack.up()
    stack.configure("activeColour", "green")
    preview = stack.pulumi("preview", "--non-interactive")
    assert "its pods end 30 minutes after green is confirmed (teal:retireAfterMinutes)" in preview.stdout
    with Load(stack, "new_connections", tmp_path) as load:
        stack.up()
        end_what_was_left(stack, "first", "blue", tmp_path)
        assert "blue 1.0.0 is retired (teal:retireAfterMinutes): flip" in stack.up().stdout
        assert stack.pods("blue") == []
        stack.configure("activeColour", "blue")
        assert "whose pods are started first" in stack.pulumi("preview", "--non-interactive").stdout
        stack.up()
        assert stack.live() == stack.confirmed() == "blue"
        end_what_was_left(stack, "second", "green", tmp_path)
        stack.flip("green")  # no update in between has told Pulumi's state
        assert stack.live() == stack.confirmed() == "green"
    assert load.lost == []
    assert len(stack.pods("green")) >= len(stack.pods("blue")) > 0
    stack.pulumi("config", "rm", "teal:retireAfterMinutes")
    stack.up()
