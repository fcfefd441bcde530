"""What the program provisions, as the cluster takes it."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.shared, pytest.mark.timeout(300)]


def test_pods_may_read_the_cluster_and_nothing_else(stack: Stack) -> None:
    """With the rights that a stack may ask for, no verb that writes and no secret is among what the account can do."""
    stack.configure("services.backend.access.readCluster", "true")
    stack.up()
    account = f"system:serviceaccount:{stack.name}:backend"
    assert stack.can_i("list", "pods", account)
    assert stack.can_i("list", "endpointslices.discovery.k8s.io", account)
    for verb, what in (("get", "secrets"), ("delete", "pods"), ("patch", "services"), ("create", "pods/exec")):
        assert not stack.can_i(verb, what, account), f"{verb} {what}"
    assert not stack.can_i("list", "pods", account, namespace="kube-system")


def test_a_colour_changes_without_a_restart_of_the_other(stack: Stack) -> None:
    """A new variable and a new secret of green are new pods of green only; blue's keep their UIDs."""
    blue, green = stack.uids("blue"), stack.uids("green")
    stack.configure("green.backend.env.GREETING", "hello")
    stack.pulumi("config", "set", "--path", "teal:green.backend.secrets.TOKEN", "--secret", "not-to-be-seen-anywhere")
    done = stack.up()
    assert stack.uids("blue") == blue
    assert not stack.uids("green") & green
    assert "not-to-be-seen-anywhere" not in done.stdout
    assert "not-to-be-seen-anywhere" not in stack.config.read_text()
    assert "not-to-be-seen-anywhere" not in stack.pulumi("stack", "export").stdout
    shows = "import os; print(os.environ['GREETING'], os.environ['TOKEN'])"  # the image has no shell
    shown = stack.kubectl("exec", f"pod/{stack.pods('green')[0]['metadata']['name']}", "--", "python3", "-c", shows)
    assert shown.split() == ["hello", "not-to-be-seen-anywhere"]


def test_an_eviction_beyond_the_budget_is_refused(stack: Stack) -> None:
    """Of two pods one may be evicted; the other is answered 429 until the first is replaced."""
    names = [pod["metadata"]["name"] for pod in stack.pods("green")][:2]
    answers = [stack.evict(name) for name in names]
    assert answers[0] == ""
    assert "violate the pod's disruption budget" in answers[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("config", "set", "--path", "teal:blue.state", "retired"), "activeColour is blue"),
        (("config", "set", "--path", "teal:services.backend.autoscaling.minReplicas", "9"), "is above maxReplicas"),
    ],
)
def test_shrinking_what_is_live_is_refused_before_anything_is_touched(
    stack: Stack, change: tuple[str, ...], said: str
) -> None:
    """The reason is in the message; no object is written."""
    good, before = stack.config.read_bytes(), stack.versions()
    stack.pulumi(*change)
    done = stack.up(check=False)
    stack.config.write_bytes(good)
    assert done.returncode != 0
    assert said in done.stdout
    assert stack.versions() == before


def test_removing_the_live_slot_by_a_flip_is_refused(stack: Stack) -> None:
    """A flip that takes the live colour's slot away in the same update would delete pods under traffic."""
    good, before = stack.config.read_bytes(), stack.versions()
    stack.pulumi("config", "rm", "teal:blue")
    done = stack.flip("green", check=False)
    stack.config.write_bytes(good)
    assert done.returncode != 0
    assert "slot blue is live, and the config has no teal:blue" in done.stdout
    assert stack.versions() == before


def test_renaming_a_live_service_is_refused(stack: Stack) -> None:
    """Its traffic would end."""
    good, before = stack.config.read_bytes(), stack.versions()
    stack.config.write_text(re.sub(r"\bbackend(?=\"?:)", "storefront", stack.config.read_text()))
    done = stack.up(check=False)
    stack.config.write_bytes(good)
    assert done.returncode != 0
    assert "service backend carries live traffic, and teal:services does not name it" in done.stdout
    assert stack.versions() == before


def test_a_service_of_others_is_left_alone(stack: Stack, tmp_path: Path) -> None:
    """It has the name of a service that is new. That is said before anything is made, and with what to do."""
    good = stack.config.read_text()
    file = yaml.safe_load(good)
    backend = file["config"]["teal:services"]["backend"]
    file["config"]["teal:services"]["shop"] = backend | {"frontDoor": {}, "previewDoor": {}}
    for colour in ("blue", "green"):
        file["config"][f"teal:{colour}"]["shop"] = file["config"][f"teal:{colour}"]["backend"]
    theirs = {"selector": {"app": "shop"}, "ports": [{"port": 80}]}
    made = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": theirs}
    (tmp_path / "shop.json").write_text(json.dumps(made))
    stack.kubectl("apply", "-f", str(tmp_path / "shop.json"))
    stack.config.write_text(yaml.safe_dump(file))
    done = stack.up(check=False)
    stack.config.write_text(good)
    left = stack.kubectl("get", "service", "shop", "-o", "jsonpath={.spec.selector}")
    stack.kubectl("delete", "service", "shop")
    assert done.returncode != 0
    assert "Service shop is there already, leads to" in done.stdout
    assert json.loads(left) == {"app": "shop"}


def test_a_colour_retires_after_the_other_has_settled_and_starts_again(stack: Stack) -> None:
    """Too early it is refused; then its pods go, its objects stay, and it can be brought back."""
    stack.configure("settleSeconds", "3600")
    stack.configure("green.state", "retired")
    early = stack.up(check=False)
    assert "green is to retire, and blue is confirmed only since" in early.stdout
    stack.configure("settleSeconds", "0")
    stack.up()
    assert json.loads(stack.kubectl("get", "deployment", "backend-green", "-o", "json"))["spec"]["replicas"] == 0
    stack.configure("green.state", "running")
    stack.up()
    stack.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "deployment/backend-green", "--timeout=60s")
