"""Bad input: what, the value seen, the consequence, the next command; exit status not 0; nothing changed."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.shared, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("activeColour", "red", ["teal:activeColour", '"red"', "pulumi config set teal:activeColour blue"]),
        ("services.backend.port", "http", ["teal:services.backend.port", '"http"']),
        ("colour", "blue", ["teal:colour", "unknown key", "pulumi config rm teal:colour"]),
    ],
)
def test_a_wrong_config_value_changes_nothing(stack: Stack, key: str, value: str, said: list[str]) -> None:
    """The message is the program's own, and no object is written."""
    good = stack.config.read_bytes()
    before = stack.versions()
    stack.configure(key, value)
    done = stack.up(check=False)
    stack.config.write_bytes(good)
    assert done.returncode != 0
    for words in [*said, "nothing was changed"]:
        assert words in done.stdout
    assert stack.versions() == before


def test_a_missing_slot_changes_nothing(stack: Stack) -> None:
    """A colour without a release cannot be made active."""
    good = stack.config.read_bytes()
    stack.pulumi("config", "rm", "teal:green")
    done = stack.flip("green", check=False)
    stack.config.write_bytes(good)
    assert done.returncode != 0
    assert "teal:green: nothing: activeColour is green, but there is no such slot" in done.stdout
    assert stack.live() == "blue"


def test_invalid_yaml_is_reported_with_its_line(stack: Stack) -> None:
    """Pulumi's own words: it cannot read the stack's configuration, and names the line, but not the file."""
    good = stack.config.read_bytes()
    stack.config.write_text("config:\n  teal:activeColour: [blue\n")
    done = stack.up(check=False)
    stack.config.write_bytes(good)
    assert done.returncode != 0
    assert "getting stack configuration: invalid YAML file: yaml: line 1: " in done.stdout


def test_an_image_that_does_not_exist_is_reported_by_pod_and_image(stack: Stack) -> None:
    """The rollout fails fast with the kubelet's reason; live pods are the same as before."""
    good = stack.config.read_bytes()
    pods = stack.kubectl("get", "pods", "-l", "teal/colour=blue", "-o", "name")
    stack.configure("green.backend.image", "localhost/teal/absent:9.9.9")
    done = stack.up(check=False)
    stack.config.write_bytes(good)
    assert done.returncode != 0
    assert "localhost/teal/absent:9.9.9" in done.stdout
    assert stack.kubectl("get", "pods", "-l", "teal/colour=blue", "-o", "name") == pods
    stack.up()


def test_an_unreachable_api_server_is_named(stack: Stack, tmp_path: Path) -> None:
    """Its address, what it means and the next command are in the message."""
    kubeconfig = yaml.safe_load(stack.sandbox.kubeconfig.read_text())
    kubeconfig["clusters"][0]["cluster"]["server"] = "https://127.0.0.9:9"
    elsewhere = tmp_path / "kubeconfig"
    elsewhere.write_text(yaml.safe_dump(kubeconfig))
    stack.pulumi("config", "set", "kubernetes:kubeconfig", str(elsewhere))
    done = stack.up(check=False)
    stack.pulumi("config", "rm", "kubernetes:kubeconfig")
    assert done.returncode != 0
    assert "127.0.0.9:9" in done.stdout
    assert "nothing was changed" in done.stdout
    assert "Next: kubectl cluster-info" in done.stdout


def test_another_namespace_leaves_no_live_traffic_behind(stack: Stack) -> None:
    """All of the stack's objects would be replaced; a preview says so as an update does."""
    good, before = stack.config.read_bytes(), stack.versions()
    stack.configure("namespace", f"{stack.name}-elsewhere")
    preview, up = stack.pulumi("preview", check=False), stack.up(check=False)
    stack.config.write_bytes(good)
    for done in (preview, up):
        assert done.returncode != 0
        assert f"live traffic of backend is in {stack.name}" in done.stdout
    assert stack.versions() == before


def test_a_second_stack_stays_out_of_a_namespace(stack: Stack) -> None:
    """Its engine would take over all that is there in silence. What the message says lets it, where it has to."""
    before = stack.versions()
    second = replace(stack, name=f"{stack.name}-second")
    second.init()
    for done in (second.pulumi("preview", check=False), second.up(check=False)):
        assert done.returncode != 0
        assert f"belongs to the stack organization/teal/{stack.name}, and this one is" in done.stdout
    assert stack.versions() == before
    stack.kubectl("annotate", "configmap", "teal-confirmed", "teal/stack-")
    second.pulumi("preview")
    stack.kubectl("annotate", "configmap", "teal-confirmed", f"teal/stack=organization/teal/{stack.name}")
    second.pulumi("stack", "rm", "--yes", "--force")
