"""Which Prometheus the sandbox compiles: `prometheus` and `promtool`, each for itself. Starts nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sandbox.cluster.compiling import ToolModule
from sandbox.cluster.progress import Steps

Command = Literal["prometheus", "promtool"]

# Of its thirty ways to find targets, each with a cloud's SDK, the sandbox needs one: half the time to compile.
_TAGS = "remove_all_sd,enable_kubernetes_sd"


def _options(version: str) -> Sequence[str]:
    return [f"-tags={_TAGS}", f"-ldflags=-s -w -X github.com/prometheus/common/version.Version={version}"]


def module(command: Command) -> ToolModule:
    """What is compiled for one of the commands."""
    return ToolModule(
        name=command,
        tools=Path(__file__).parent / "tools",
        path="github.com/prometheus/prometheus",
        commands=(command,),
        options=_options,
    )


def version() -> str:
    """The version that `tools/go.mod` pins, such as v0.315.0 (Prometheus 3.15.0)."""
    return module("prometheus").version


def built(cache: Path, command: Command) -> Path | None:
    """Where the command is, if it was compiled already."""
    wanted = module(command)
    return wanted.target(cache) / command if wanted.built(cache) else None


def build(cache: Path, command: Command, steps: Steps) -> Path:
    """Where the command is; compiled if nobody has done so (minutes).

    Raises:
        SandboxError: modules cannot be had or do not compile; nothing half done is left.
    """
    return module(command).build(cache, steps) / command
