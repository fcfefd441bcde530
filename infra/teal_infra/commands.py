"""Defines the commands that `teal` has where this package is installed: for a team's repository and its stack files."""

import json
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.metadata import distribution
from pathlib import Path
from string import Template
from typing import Any

from teal.cli.answer import ANSWER, Answer
from teal.model.errors import ConfigError
from teal_infra.settings import load, stack_file
from teal_infra.settings.reference import schema as reference
from teal_infra.settings.report.steps import PREFIX

_STARTER: Mapping[str, str] = {
    "pyproject.toml": "project.toml",  # tools would take it for a project of its own
    "Pulumi.yaml": "Pulumi.yaml",
    "__main__.py": "__main__.py",
    "stacks/Pulumi.dev.yaml": "stacks/Pulumi.dev.yaml",
    "policies/PulumiPolicy.yaml": "policies/PulumiPolicy.yaml",
    "policies/__main__.py": "policies/__main__.py",
    ".gitignore": "gitignore",  # under its own name it would hold for this repository, too
}
"""The files of a new repository, each with its template in `starter/`."""


def init(folder: Path = Path(), /, *, answer: Answer = ANSWER) -> None:
    """Write a team's own repository into FOLDER: the program, the policies, and a stack `dev` with one service.

    Nothing that is there already is overwritten.
    """
    files = dict(_files(folder.resolve().name))
    if taken := [name for name in files if (folder / name).exists()]:
        answer.fail(
            f"{folder} has {', '.join(taken)} already, which would be lost: nothing was written. "
            f"Next: teal init {shlex.quote(str(folder / 'delivery'))}"
        )
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    except OSError as error:
        answer.fail(
            f"{folder} cannot hold a repository: {error}. What was written is still there. Next: teal init delivery"
        )
    said = f"{folder} has {', '.join(files)} now. Next: cd {shlex.quote(str(folder))} && uv sync"
    answer.give({"folder": str(folder), "files": [*files]}, said)


def schema() -> None:
    """Print the JSON Schema of a stack file."""
    sys.stdout.write(reference.text())


def validate(file: Path, /, *, answer: Answer = ANSWER) -> None:
    """Check a stack FILE as a preview would, and say everything that is wrong with it. Asks nobody.

    An encrypted value is not decrypted; a placeholder stands for it. Exit statuses: 0 valid, 2 not.
    """
    try:
        found = stack_file.read(file)
        for key in sorted(found.closed):
            answer.line(f"{PREFIX}{key} is encrypted as a whole: nothing in it was checked, and it counts as left out")
        settings = load.load(found.raw, secret=found.secret, stack=found.stack, unread=found.closed)
    except ConfigError as error:
        problems = error.problems if isinstance(error, load.WrongConfigError) else ()
        answer.fail(error, problems=[each.as_data() for each in problems])
    unread = [f"{PREFIX}{key}" for key in sorted(found.closed)]
    active, version, services = settings.active_colour, settings.active_slot.version, [*settings.services]
    answer.give(
        {"file": str(file), "activeColour": active, "version": version, "services": services, "unchecked": unread},
        f"{file} is valid: {active} is to be live, with {version} of {', '.join(services)}",
    )


def _files(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the names and contents of the files, for a folder of this name."""
    known = {"project": re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-") or "delivery", "teal": _requirement()}
    templates = resources.files("teal_infra") / "starter"
    for name, template in _STARTER.items():
        yield name, Template((templates / template).read_text()).safe_substitute(known)
    yield "stacks/schema.json", reference.text()


def _requirement() -> str:
    """Return the installed teal as a project requires it: on the package index, another package has its name."""
    teal = distribution("teal")
    origin: dict[str, Any] = json.loads(teal.read_text("direct_url.json") or "{}")  # PEP 610
    if not origin:
        return f"teal=={teal.version}"
    commit = origin.get("vcs_info", {}).get("commit_id")
    return f"teal @ git+{origin['url']}@{commit}" if commit else f"teal @ {origin['url']}"
