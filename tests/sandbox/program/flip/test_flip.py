"""One config value moves live traffic, and nothing else changes."""

import json
from pathlib import Path

import pytest

from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(300)


def test_nothing_changed_writes_nothing(stack: Stack) -> None:
    """A second `up` leaves every object's resource version, and says that nothing changed."""
    before = stack.versions()
    done = stack.up()
    assert stack.versions() == before
    assert "unchanged" in done.stdout
    assert "updated" not in done.stdout


def test_a_preview_writes_nothing(stack: Stack) -> None:
    """Even of a flip."""
    before = stack.versions()
    stack.configure("activeColour", "green")
    done = stack.pulumi("preview", "--non-interactive")
    stack.configure("activeColour", "blue")
    assert "as of now: capacity of backend PASSED" in done.stdout
    assert stack.versions() == before


@pytest.mark.parametrize("mode", ["new_connections", "kept_alive"])
def test_a_flip_and_its_rollback_lose_nothing(stack: Stack, tmp_path: Path, mode: str) -> None:
    """Under load, each moves new connections to the other colour, changes two objects and loses no request."""
    with Load(stack, mode, tmp_path) as load:
        before = stack.versions()
        stack.flip("green")
        after = stack.versions()
        assert stack.live() == "green"
        assert {name for name in before if before[name] != after[name]} == {
            "Service/backend",
            "ConfigMap/teal-confirmed",
        }
        stack.flip("blue")
    assert stack.live() == "blue"
    load.assert_nothing_lost()
    if mode == "new_connections":
        assert load.colours == ["blue", "green", "blue"]


def test_a_service_that_knows_nothing_of_teal_is_flipped(stack: Stack, tmp_path: Path) -> None:
    """No pod is asked what it is, nor to close connections: what the kubelets run is the proof, and nothing is lost."""
    stack.write("services.backend.versionPath", None)
    stack.write("services.backend.shutdown.closeConnectionsPath", None)
    stack.up()
    with Load(stack, "new_connections", tmp_path) as load:
        stack.flip("green")
        (proof,) = [each for each in stack.history()[-1]["verdicts"] if each["gate"] == "version"]
        assert "2 of 2 run sha256:" in proof["seen"]
        stack.flip("blue")
    load.assert_nothing_lost()
    assert load.colours == ["blue", "green", "blue"]


def test_outputs_say_what_is_live_and_where(stack: Stack) -> None:
    """Colours, doors and versions are stack outputs."""
    outputs = stack.outputs()
    assert (outputs["activeColour"], outputs["liveColour"]) == ("blue", "blue")
    assert outputs["versions"] == {"blue": "1.0.0", "green": "1.1.0"}
    assert outputs["frontDoor"].startswith("http://127.0.0.1:")
    assert outputs["previewDoor"] != outputs["frontDoor"]


def test_destroy_leaves_nothing(stack: Stack) -> None:
    """Not even the namespace, and the state is empty."""
    stack.pulumi("destroy", "--yes", "--skip-preview", "--non-interactive")
    assert stack.kubectl("get", "namespace", stack.name, "--ignore-not-found") == ""
    assert "resources" not in json.loads(stack.pulumi("stack", "export").stdout)["deployment"]
