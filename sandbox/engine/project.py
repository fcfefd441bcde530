"""Pulumi.yaml: what a project is called, where its program and its stack files are, what config it declares.

Not here: a stack's values (`stackconfig.py`). Packages, templates and plugins of Pulumi.yaml are left alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from sandbox.engine.errors import ProjectError
from sandbox.engine.files import read_yaml
from sandbox.engine.state import Value

_FILES = ("Pulumi.yaml", "Pulumi.yml")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_TYPES = ("string", "integer", "boolean", "array", "object")
_ATTRIBUTES = ("type", "description", "items", "default", "value", "secret")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Pulumi project as its Pulumi.yaml describes it; paths are absolute.

    `config_schema` holds the `config:` block by key, each entry a map of type, default, value, secret, items.
    """

    name: str
    root: Path
    file: Path
    main: Path
    stack_config_dir: Path
    description: str = ""
    runtime: str = "python"
    runtime_options: Mapping[str, Value] = field(default_factory=dict[str, Value])
    config_schema: Mapping[str, Mapping[str, Value]] = field(default_factory=dict[str, Mapping[str, Value]])

    @classmethod
    def find(cls, cwd: Path) -> "Project":
        """Find the Pulumi.yaml of a folder or of the nearest one above it, and read it.

        Raises:
            ProjectError: there is none, or it is not what it has to be (file and line are named).
        """
        cwd = cwd.resolve()
        for folder in (cwd, *cwd.parents):
            for name in _FILES:
                if (folder / name).is_file():
                    return cls.read(folder / name)
        raise ProjectError(
            f"no Pulumi.yaml project file found (searching upwards from {cwd}): there is no program to run. "
            "Change to the project's folder, or name it with --cwd."
        )

    @classmethod
    def read(cls, file: Path) -> "Project":
        """Read one Pulumi.yaml.

        Raises:
            ProjectError: it is not what it has to be (file and line are named).
        """
        document, _ = read_yaml(file, ProjectError)
        name = document.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ProjectError(
                f"{file}: project is missing a 'name' of letters, digits, '_', '.', '-'; found {name!r}."
            )
        runtime: Value = document.get("runtime")
        if isinstance(runtime, str):
            runtime = {"name": runtime}
        if not isinstance(runtime, dict) or cast("dict[str, Value]", runtime).get("name") != "python":
            raise ProjectError(f"{file}: runtime is {runtime!r}; the embedded engine runs 'python' programs only.")
        options: Value = cast("dict[str, Value]", runtime).get("options")
        config: Value = document.get("config")
        stack_config_dir: Value = document.get("stackConfigDir")
        if isinstance(config, str):  # the old name of stackConfigDir
            config, stack_config_dir = None, stack_config_dir or config
        return cls(
            name=name,
            root=file.parent,
            file=file,
            main=(file.parent / str(document.get("main") or ".")).resolve(),
            stack_config_dir=file.parent / str(stack_config_dir or "."),
            description=str(document.get("description") or ""),
            runtime_options=cast("dict[str, Value]", options) if isinstance(options, dict) else {},
            config_schema=_schema(file, name, config),
        )

    def stack_file(self, stack: str) -> Path:
        """Tell where a stack's config is kept, if no --config-file says otherwise."""
        return self.stack_config_dir / f"Pulumi.{stack}{self.file.suffix}"


def _schema(file: Path, project: str, config: Value) -> dict[str, Mapping[str, Value]]:
    """Give the `config:` block with its short forms written out: `key: 3` is a default, `other:key: 3` a value."""
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise ProjectError(f"{file}: 'config' has to be a map of keys, found {config!r}.")
    schema: dict[str, Mapping[str, Value]] = {}
    for key, entry in cast("dict[str, Value]", config).items():
        own = ":" not in key or key.startswith(f"{project}:")
        if not isinstance(entry, dict):
            schema[key] = {"default" if own else "value": entry}
            continue
        declared = cast("dict[str, Value]", entry)
        unknown = sorted(set(declared) - set(_ATTRIBUTES))
        if unknown:
            raise ProjectError(
                f"{file}: config '{key}' has unknown attributes {unknown}; known: {', '.join(_ATTRIBUTES)}."
            )
        if "type" in declared and declared["type"] not in _TYPES:
            raise ProjectError(f"{file}: config '{key}' has type '{declared['type']}'; known: {', '.join(_TYPES)}.")
        if declared.get("type") == "array" and "items" not in declared:
            raise ProjectError(
                f"{file}: config '{key}' declares an array but does not say of what ('items: {{type: …}}')."
            )
        if not own and (declared.get("value") is None or "type" in declared or "default" in declared):
            raise ProjectError(
                f"{file}: config '{key}' is of another namespace than '{project}': it takes a 'value' and nothing else."
            )
        if declared.get("default") is not None and declared.get("value") is not None:
            raise ProjectError(f"{file}: config '{key}' cannot have both a 'default' and a 'value'.")
        schema[key] = declared
    return schema
