"""Pulumi.yaml: what a project is called, where its program and its stack files are, what config it declares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Pulumi project as its Pulumi.yaml describes it; paths are absolute."""

    name: str
    root: Path
    file: Path
    main: Path
    stack_config_dir: Path
    description: str = ""
    runtime: str = "python"
    runtime_options: Mapping[str, object] = field(default_factory=dict[str, object])
    config_schema: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])

    @classmethod
    def find(cls, cwd: Path) -> "Project":
        """Find the Pulumi.yaml of a folder or of the nearest one above it, and read it."""
        raise NotImplementedError
