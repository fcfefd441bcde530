"""The demo's stack is its own, within the sandbox's ports; and only the program's word is a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.demo.setting import Router, Setting, host
from sandbox.demo.words import refusal, undone

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = WORK_TREE / "stacks" / "Pulumi.sandbox.yaml"


DATABASE = {"DB_HOST": "192.0.2.10", "DB_PORT": "5432", "DB_NAME": "n", "DB_USER": "u", "DB_PASSWORD": "hunter2"}


def read(setting: Setting) -> dict[str, Any]:
    """The config as it is on disk, read as YAML 1.2, which Pulumi does too."""
    return YAML().load(setting.config)["config"]  # pyright: ignore[reportUnknownMemberType] - untyped library


def test_the_stack_has_doors_and_a_namespace_of_its_own(tmp_path: Path) -> None:
    """Beside the example's stack on the same cluster, and in the range of ports that the sandbox was given."""
    before = EXAMPLE.read_bytes()
    setting = Setting.prepare(Sandbox.named("unit", ports=(31000, 31999), work_tree=tmp_path), DATABASE)
    config = read(setting)
    example: dict[str, Any] = YAML().load(EXAMPLE)["config"]  # pyright: ignore[reportUnknownMemberType] - as above
    ports = [
        port
        for doors in config["teal:services"].values()
        for port in (doors["frontDoor"]["nodePort"], *doors["previewDoor"]["nodePorts"].values())
    ]
    assert len(set(ports)) == 3 * len(setting.services) == 6
    assert all(31000 <= port <= 31999 for port in ports)
    assert config["teal:namespace"] == setting.namespace != example["teal:namespace"]
    assert config["teal:activeColour"] == "blue"
    assert {it["autoscaling"]["maxReplicas"] for it in config["teal:services"].values()} == {2}
    assert config["teal:blue"]["backend"]["image"] == f"{setting.repository}:1.0.0"
    assert EXAMPLE.read_bytes() == before


def test_behind_a_load_balancer_the_services_share_a_door(tmp_path: Path) -> None:
    """A stack of its own beside the other one, whose services are told apart by their hosts."""
    where = {"vpcId": "vpc-0123456789abcdef0", "subnetIds": ["a", "b"]}
    sandbox = Sandbox.named("unit", work_tree=tmp_path)
    other, setting = (
        Setting.prepare(sandbox, {}),
        Setting.prepare(sandbox, {}, router=Router.ALB, balancer=where),
    )
    config = read(setting)
    assert config["teal:router"] == "alb"
    assert where.items() <= config["teal:alb"].items()
    assert {name: each["routing"]["hosts"] for name, each in config["teal:services"].items()} == {
        name: [host] for name, host in setting.hosts.items()
    }
    assert len({*setting.hosts.values()}) == 2
    assert (setting.stack, setting.namespace) != (other.stack, other.namespace)
    assert not {*setting.backends.values()} & {*other.backends.values()}


def test_a_frontend_asks_the_backend_of_its_own_colour(tmp_path: Path) -> None:
    """At the preview door of that slot, by the node where pods have no cluster DNS, else by its name."""
    setting = Setting.prepare(Sandbox.named("unit", work_tree=tmp_path), DATABASE)
    doors = read(setting)["teal:services"]["backend"]["previewDoor"]["nodePorts"]
    assert read(setting)["teal:blue"]["frontend"]["env"]["BACKEND_URL"] == f"http://192.0.2.10:{doors['blue']}"
    green = setting.release("green", "1.1.0")
    assert green["green.frontend.env.BACKEND_URL"] == f"http://192.0.2.10:{doors['green']}"
    assert {green[f"green.{service}.image"] for service in setting.services} == {f"{setting.repository}:1.1.0"}
    own = Setting.prepare(Sandbox.named("own", kubeconfig=tmp_path / "kubeconfig", work_tree=tmp_path), {})
    assert own.release("green", "1.1.0")["green.frontend.env.BACKEND_URL"] == "http://backend-green"


def test_each_release_says_what_it_needs_of_the_schema(tmp_path: Path) -> None:
    """As text, with its zeros; the password is not in the file."""
    setting = Setting.prepare(Sandbox.named("unit", work_tree=tmp_path), DATABASE)
    assert read(setting)["teal:blue"]["backend"]["schema"] == {"expand": "0001"}
    assert setting.release("green", "1.1.0")["green.backend.schema.contract"] == "0004"
    assert read(setting)["teal:backing"]["database"]["network"] == {"cidrs": ["192.0.2.10/32"], "ports": [5432]}
    assert "hunter2" not in setting.config.read_text()
    assert setting.password == "hunter2"  # noqa: S105 - the test's own


def test_without_a_database_nothing_is_migrated(tmp_path: Path) -> None:
    """A cluster of the user's own: no Job could reach one."""
    setting = Setting.prepare(Sandbox.named("own", kubeconfig=tmp_path / "kubeconfig", work_tree=tmp_path), {})
    assert setting.password is None
    assert not [key for key in setting.release("green", "1.1.0") if "schema" in key]
    assert "schema" not in setting.config.read_text()
    assert "migrations" not in setting.config.read_text()


def test_the_host_is_described_and_not_named() -> None:
    """Cores and memory are those of a real machine."""
    seen = host()
    assert seen.cores >= 1
    assert seen.memory_gib > 0.1


SENTENCE = "flip from green to blue refused. version of backend FAILED: x; needed: y. Next: z"


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (f'Diagnostics:\n  Service (x):\n    error: before hook "prove" failed: {SENTENCE}  \nResources:\n', SENTENCE),
        ("AttributeError: 'list' object has no attribute 'items'\nerror: an unhandled error", None),
        ("error: connection refused", None),
        ("", None),
    ],
)
def test_only_the_programs_own_sentence_is_a_refusal(output: str, said: str | None) -> None:
    """An update that crashed has not refused anything."""
    assert refusal(output) == said


UNDONE = "flip 4 from green 1.1.0 to blue 1.2.0, begun now by me: REVERTED. x. Traffic was put back onto green, x"


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (f'    error: before hook "teal-confirm" failed: {UNDONE}\nResources:\n', UNDONE),
        ("flip 4 from green to blue, begun now by me: STUCK. TRAFFIC STAYS ON BLUE", None),
        ("error: connection refused", None),
    ],
)
def test_only_the_programs_own_sentence_is_a_revert(output: str, said: str | None) -> None:
    """A bake that failed and left traffic where it was has undone nothing."""
    assert undone(output) == said
