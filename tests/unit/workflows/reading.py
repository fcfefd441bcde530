"""Reads the workflows as they are written; YAML's own types aside, so that `on` and `true` stay words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))}
ACTIONS = {path.parent.name: path for path in sorted((ROOT / ".github" / "actions").glob("*/action.y*ml"))}


def read(path: Path) -> dict[str, Any]:
    """A file's content, all scalars as text."""
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - makes nothing but text


@dataclass(frozen=True)
class Job:
    """One job of a workflow."""

    workflow: str
    name: str
    said: dict[str, Any]
    triggers: frozenset[str]
    stack: str | None

    def __str__(self) -> str:
        """As in a run's page."""
        return f"{self.workflow}/{self.name}"

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Its steps; none where it calls another workflow."""
        return self.said.get("steps", [])

    @property
    def environment(self) -> str | None:
        """Whose protection rules and variables it has."""
        said: str | Mapping[str, str] | None = self.said.get("environment")
        return said["name"] if isinstance(said, Mapping) else said

    @property
    def permissions(self) -> dict[str, str]:
        """What its token may do."""
        return self.said["permissions"]

    def runs(self, target: str) -> bool:
        """Whether one of its steps makes a target."""
        return any(target in step.get("run", "").split() for step in self.steps)


def jobs() -> Iterator[Job]:
    """All jobs of all workflows."""
    for workflow, path in WORKFLOWS.items():
        said = read(path)
        for name, job in said["jobs"].items():
            yield Job(workflow, name, job, frozenset(said["on"]), said.get("env", {}).get("STACK"))


def all_steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """All steps of jobs and of this repository's own actions, with whose they are."""
    for job in jobs():
        for step in job.steps:
            yield str(job), step
    for name, path in ACTIONS.items():
        for step in read(path)["runs"]["steps"]:
            yield name, step
