"""The demo's stack is its own, within the sandbox's ports; and only the program's word is a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.demo.main import refusal
from sandbox.demo.setting import NAMESPACE, Setting, host

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = WORK_TREE / "stacks" / "Pulumi.sandbox.yaml"


def test_the_stack_has_doors_and_a_namespace_of_its_own(tmp_path: Path) -> None:
    """Beside the example's stack on the same cluster, and in the range of ports that the sandbox was given."""
    before = EXAMPLE.read_bytes()
    setting = Setting.prepare(Sandbox.named("unit", ports=(31000, 31999), work_tree=tmp_path))
    config: dict[str, Any] = YAML().load(setting.config)["config"]  # pyright: ignore[reportUnknownMemberType] - untyped
    example: dict[str, Any] = YAML().load(EXAMPLE)["config"]  # pyright: ignore[reportUnknownMemberType] - as above
    doors = config["teal:services"][setting.service]
    ports = [doors["frontDoor"]["nodePort"], *doors["previewDoor"]["nodePorts"].values()]
    assert len(set(ports)) == 3
    assert all(31000 <= port <= 31999 for port in ports)
    assert config["teal:namespace"] == NAMESPACE != example["teal:namespace"]
    assert config["teal:activeColour"] == "blue"
    assert config["teal:blue"][setting.service]["image"].startswith(setting.repository + ":")
    assert EXAMPLE.read_bytes() == before


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
