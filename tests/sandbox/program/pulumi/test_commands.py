"""Pulumi's other commands and options, on a stack that carries traffic: each is safe, or refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(300)

_UP = ("up", "--yes", "--skip-preview", "--non-interactive")


@pytest.fixture(autouse=True)
def _rest(stack: Stack) -> Iterator[None]:
    """The config that was, and blue live, after each test."""
    before = stack.config.read_text()
    yield
    stack.config.write_text(before)
    stack.up()
    assert stack.live() == stack.confirmed() == "blue"


def urn(stack: Stack, kind: str, name: str) -> str:
    """A resource's, as the state has it."""
    resources = json.loads(stack.pulumi("stack", "export").stdout)["deployment"]["resources"]
    (found,) = [each["urn"] for each in resources if each["urn"].endswith(f"{kind}::{name}")]
    return found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("core/v1:Service", "backend-active"),
        ("apps/v1:Deployment", "backend-blue"),
        ("core/v1:ConfigMap", "teal-confirmed"),
    ],
)
def test_a_part_of_a_flip_does_no_harm(stack: Stack, tmp_path: Path, kind: str, name: str) -> None:
    """A flip and the end of the old colour are declared, and `--target` names one step of them.

    Traffic moves only with its proof and its bake, no pod of the live colour goes, nothing is confirmed that did not
    move; and no request is lost.
    """
    stack.configure("activeColour", "green")
    stack.configure("blue.state", "stopped")
    pods = stack.uids("blue")
    with Load(stack, "new_connections", tmp_path) as load:
        done = stack.pulumi(*_UP, "--target", urn(stack, kind, name), check=False)
        moved = stack.live() == "green"
        if moved:
            assert stack.history()[-1]["stage"] == "CONFIRMED", done.stdout
        else:
            assert done.returncode != 0, done.stdout
            assert stack.confirmed() == "blue"
            assert stack.uids("blue") == pods
    load.assert_nothing_lost()


def test_a_refresh_does_not_make_foreign_traffic_known(stack: Stack) -> None:
    """Somebody patched the selector, and `refresh` made that the state: the next update refuses, and names them."""
    stack.kubectl("patch", "service", "backend", "--patch", '{"spec": {"selector": {"teal/colour": "green"}}}')
    stack.pulumi("refresh", "--yes", "--skip-preview", "--non-interactive")
    done = stack.up(check=False)
    stack.kubectl("patch", "service", "backend", "--patch", '{"spec": {"selector": {"teal/colour": "blue"}}}')
    assert done.returncode != 0, done.stdout
    assert "refused before anything was touched" in done.stdout
    assert "kubectl-patch" in done.stdout


def test_drift_is_put_right_by_a_refresh(stack: Stack) -> None:
    """An update alone compares with the state, and does not see it."""
    declared = stack.kubectl("get", "deployment", "backend-green", "-o", "jsonpath={.spec.progressDeadlineSeconds}")
    stack.kubectl("patch", "deployment", "backend-green", "--patch", '{"spec": {"progressDeadlineSeconds": 33}}')

    def deadline() -> str:
        return stack.kubectl("get", "deployment", "backend-green", "-o", "jsonpath={.spec.progressDeadlineSeconds}")

    stack.up()
    assert deadline() == "33"
    stack.pulumi("up", "--refresh", "--yes", "--skip-preview", "--non-interactive")
    assert deadline() == declared


def test_another_provider_version_changes_nothing(stack: Stack, tmp_path: Path) -> None:
    """As after an upgrade of pulumi-kubernetes: the state names the version that made it."""
    before = stack.versions()
    state = json.loads(stack.pulumi("stack", "export").stdout)
    changed = 0
    for each in state["deployment"]["resources"]:
        if each["type"] == "pulumi:providers:kubernetes":
            each["inputs"]["version"] = each.get("outputs", {})["version"] = "4.20.0"
            changed += 1
    assert changed
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state))
    stack.pulumi("stack", "import", "--file", str(file))
    stack.up()
    assert stack.versions() == before


def test_what_the_state_lost_is_taken_over_under_the_same_proof(stack: Stack, tmp_path: Path) -> None:
    """`state delete` of the active Service, and a flip declared: the create is proven, and loses nothing."""
    stack.pulumi("state", "delete", urn(stack, "core/v1:Service", "backend-active"), "--yes", "--target-dependents")
    stack.configure("activeColour", "green")
    with Load(stack, "new_connections", tmp_path) as load:
        stack.up()
        assert stack.live() == stack.confirmed() == "green"
    load.assert_nothing_lost()


def test_an_imported_service_is_not_deleted_with_its_traffic(stack: Stack, tmp_path: Path) -> None:
    """`pulumi import` puts the live Service into the state once more: Pulumi protects it, and an update says so.

    What docs/runbook.md says of it then clears that error.
    """
    where = f"{stack.name}/backend"
    with Load(stack, "new_connections", tmp_path) as load:
        stack.pulumi(
            "import",
            "kubernetes:core/v1:Service",
            "imported",
            where,
            "--yes",
            "--non-interactive",
            "--generate-code=false",
        )
        imported = urn(stack, "core/v1:Service", "imported")
        try:
            done = stack.up(check=False)
            assert done.returncode != 0, done.stdout
            assert "protect" in done.stdout
            assert stack.live() == "blue"
        finally:
            stack.pulumi("state", "delete", imported, "--force", "--yes")
        stack.up()
        assert stack.live() == "blue"
    load.assert_nothing_lost()
