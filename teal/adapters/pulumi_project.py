"""Finds the Pulumi project of a folder, the stack that is selected in it, and the cluster of that stack.

It reads the files that Pulumi writes, since running Pulumi's command takes longer than a rollback may.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Any

import yaml

from teal.adapters.kubernetes.access import ClusterAccess
from teal.adapters.pulumi_yaml import Loader, parsed
from teal.model.errors import ConfigError, NotThereError
from teal.model.plain import mapping

NAMESPACE = "teal"
"""The namespace of a stack that names none."""

_ENDINGS = (".yaml", ".yml", ".json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A stack of a project, as its files describe it."""

    folder: Path
    """The folder of the project's file."""
    stack: str
    """The stack's name, as Pulumi writes it."""
    file: Path
    """The stack's file, which may not exist."""
    access: ClusterAccess


def find(stack: str | None = None, folder: Path | None = None) -> Project | None:
    """Return the named or selected stack of the project that a folder is in; None where there is none.

    Args:
        stack: its name; None means the one that is selected.
        folder: the folder to start from, upwards; default: the current one.

    Raises:
        ConfigError: a file cannot be read.
        NotThereError: a stack was named, and there is no project.
    """
    start = (folder or Path()).absolute()
    found = next(
        filter(Path.is_file, (each / f"Pulumi{end}" for each in (start, *start.parents) for end in _ENDINGS)),
        None,
    )
    if found is None:
        if stack is None:
            return None
        raise NotThereError(
            f"neither {start} nor a folder above it has a Pulumi.yaml, so there is no stack {stack}. "
            "Next: cd into the folder of the Pulumi project, or teal init NEW_FOLDER"
        )
    about = _read(found)
    name = stack or os.environ.get("PULUMI_STACK") or _chosen(found, str(about.get("name", "")))
    if not name:
        return None
    if name.split("/")[:-1] == ["organization", about.get("name")]:  # the form that backends without organisations use
        name = name.rpartition("/")[2]
    given = about.get("stackConfigDir")
    short = name.rpartition("/")[2]
    places = [found.parent / (given if isinstance(given, str) else "") / f"Pulumi.{short}{end}" for end in _ENDINGS]
    file = next((each for each in places if each.exists()), places[0])
    config = mapping(_read(file).get("config") if file.exists() else None)
    return Project(folder=found.parent, stack=name, file=file, access=_access(config, found.parent, name))


def require(stack: str | None = None, folder: Path | None = None) -> Project:
    """Return the same stack as `find`, which must exist and have a file.

    Raises:
        ConfigError: a file cannot be read.
        NotThereError: there is no project, no stack is selected, or the stack has no file.
    """
    project = find(stack, folder)
    if project is None:
        raise NotThereError(
            "no stack was named, and Pulumi has chosen none here: nothing was done. Next: pulumi stack select NAME in "
            "the project's folder, or name it with --stack"
        )
    if not project.file.exists():
        raise NotThereError(
            f"stack {project.stack} has no file {project.file}: nothing is declared of it, and nothing was done. Next: "
            "pulumi stack ls"
        )
    return project


def _chosen(project: Path, name: str) -> str:
    """Return the stack that `pulumi stack select` stored; Pulumi is asked where there are several backends."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    digest = sha1(str(project.resolve()).encode(), usedforsecurity=False).hexdigest()
    try:
        kept = json.loads((home / "workspaces" / f"{name}-{digest}-workspace.json").read_text())
    except (OSError, ValueError):
        return ""
    stacks = {*mapping(mapping(kept).get("stacks")).values()} or {mapping(kept).get("stack", "")}
    return str(stacks.pop()) if len(stacks) == 1 else _asked(project.parent, "stack", "--show-name")


def _access(config: Mapping[str, Any], folder: Path, stack: str) -> ClusterAccess:
    kubeconfig, context = config.get("kubernetes:kubeconfig"), config.get("kubernetes:context")
    if isinstance(kubeconfig, dict):  # encrypted: only Pulumi can read it
        kubeconfig = _asked(folder, "config", "get", "kubernetes:kubeconfig", "--stack", stack)
    named = mapping(namespace := parsed(config.get("teal:namespace")))
    name = named.get("name") if named else namespace
    return ClusterAccess(
        namespace=str(name or NAMESPACE),
        kubeconfig=str(kubeconfig) if kubeconfig else None,
        context=str(context) if context else None,
    )


def _asked(folder: Path, *command: str) -> str:
    """Return what a Pulumi command prints; empty where it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - Pulumi's own command, and names of the project
            ["pulumi", "--non-interactive", *command],  # noqa: S607 - the one on PATH, as the user runs it
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _read(path: Path) -> Mapping[str, Any]:
    try:
        known: object = yaml.load(path.read_text(), Loader=Loader)  # noqa: S506 - a safe one
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. Nothing was done. Next: ls -l {path}") from None
    except yaml.YAMLError as error:  # the error's text would show lines of the file
        raise ConfigError(
            f"{path} is no YAML ({getattr(error, 'problem', 'not readable')}), and nothing was done. Next: teal "
            f"validate {path}"
        ) from None
    return mapping(known)
