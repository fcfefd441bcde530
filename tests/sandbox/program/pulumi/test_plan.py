"""A preview says in a word what `up` will do, of a real cluster; it changes nothing, and what is unsafe is not done."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.shared, pytest.mark.timeout(400)]

WITHOUT_STATUS = "configmap,secret,serviceaccount,role,rolebinding,networkpolicy"
"""Kinds that nobody but their author writes: all of them count, whoever made them."""


@pytest.fixture(scope="module")
def stack(stack: Stack) -> Stack:
    """Green is a release that was never confirmed, and there are the pods that autoscalers ask for.

    An autoscaler looks every 15 s, and makes the second pod when it does.
    """
    stack.configure("green.backend.env.RELEASE", "to be planned")
    stack.up()
    stack.kubectl(
        "wait", "deployment", "--all", "--for=jsonpath={.status.readyReplicas}=2", "--timeout=90s", seconds=99
    )
    return stack


def written(stack: Stack) -> Mapping[str, str]:
    """Resource versions of all objects of the namespace, as far as no controller writes them by itself."""
    found = json.loads(stack.kubectl("get", WITHOUT_STATUS, "-o", "json"))["items"]
    everything = {f"{item['kind']}/{item['metadata']['name']}": item["metadata"]["resourceVersion"] for item in found}
    namespace = json.loads(stack.kubectl("get", "namespace", stack.name, "-o", "json"))
    return {**everything, **stack.versions(), "namespace": namespace["metadata"]["resourceVersion"]}


@contextmanager
def configured(stack: Stack, changes: Mapping[str, str]) -> Generator[None]:
    """The stack's file with some keys set; as it was afterwards."""
    before = stack.config.read_text()
    for key, value in changes.items():
        stack.configure(key, value)
    yield
    stack.config.write_text(before)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where previews write their plan."""
    path = tmp_path / "plan.json"
    monkeypatch.setenv("TEAL_PLAN_FILE", str(path))
    return path


GREEN = {"activeColour": "green"}


@pytest.mark.parametrize(
    ("changes", "word", "says"),
    [
        ({}, "NOTHING", ["traffic: stays on blue 1.0.0", "blue 2 of 2 ready → 2; green 2 of 2 ready → 2"]),
        ({"green.version": "1.2.0"}, "PREPARE", ["green changes: version (1.1.0 → 1.2.0)"]),
        ({**GREEN, "green.version": "1.2.0"}, "RELEASE", ["then live traffic goes from blue 1.0.0 to green 1.2.0"]),
        (GREEN, "FLIP", ["live traffic goes from blue 1.0.0 to green 1.1.0", "as of now: capacity of backend PASSED"]),
        ({"blue.backend.env.A": "x"}, "ROLLING", ["pods of blue, which is live, are replaced in place: env"]),
        ({"green.state": "stopped"}, "RETIRE", ["green 1.1.0 is stopped: its 2 pods go"]),
        ({**GREEN, "blue.backend.env.A": "x"}, "UNSAFE", ["pods of blue change as well (env)", "Next: "]),
    ],
)
def test_a_preview_says_the_word_and_changes_nothing(
    stack: Stack, file: Path, changes: Mapping[str, str], word: str, says: Sequence[str]
) -> None:
    """In its diagnostics and in the file that it is asked for; no object of the cluster is written."""
    before = written(stack)
    with configured(stack, changes):
        done = stack.pulumi("preview", "--non-interactive", check=False)
    assert written(stack) == before
    assert f"plan: {word} (" in done.stdout, done.stdout
    assert all(said in done.stdout for said in says), done.stdout
    assert json.loads(file.read_text())["word"] == word
    assert (done.returncode == 0) is (word != "UNSAFE")


def test_unsafe_is_not_applied(stack: Stack) -> None:
    """The program itself refuses, without any policy pack; the cluster and the plan on record stay as they are."""
    before = written(stack)
    with configured(stack, {**GREEN, "blue.backend.env.A": "x"}):
        done = stack.up(check=False)
    assert done.returncode == 1
    assert "pods of blue change as well (env)" in done.stdout
    assert written(stack) == before


def test_the_plan_is_a_stack_output_and_no_change_by_itself(stack: Stack) -> None:
    """Nothing to do: the output says so, and the resource that holds the plan is not one more change."""
    stack.up()
    done = stack.pulumi("preview", "--expect-no-changes", "--non-interactive")
    assert "unchanged" in done.stdout
    plan = stack.outputs()["plan"]
    assert (plan["word"], plan["reasons"], plan["confirmedColour"]) == ("NOTHING", [], "blue")
    assert plan["services"]["backend"]["slots"]["blue"]["now"] == {
        "version": "1.0.0",
        "replicas": 2,
        "ready": 2,
        "outdated": 0,
    }


def test_the_way_back_is_a_rollback_and_the_preview_knows_it(stack: Stack) -> None:
    """A release that was confirmed before is asked for less."""
    stack.flip("green")
    stack.configure("activeColour", "blue")
    done = stack.pulumi("preview", "--non-interactive")
    assert "plan: ROLLBACK (" in done.stdout
    assert "which was confirmed before" in done.stdout
    assert "gates: capacity, version, smoke.readiness" in done.stdout
    stack.up()
