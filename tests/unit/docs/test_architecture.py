"""The pages on rooms name each of them, in the order that import-linter holds, and rooms stay small."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.unit.docs.test_links import ROOT

PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LAYERS: Mapping[str, Sequence[str]] = {
    each["containers"][0]: each["layers"]
    for each in PROJECT["tool"]["importlinter"]["contracts"]
    if each["type"] == "layers" and "containers" in each
}

ROOTS = ("teal", "infra", "policies", "sandbox", "workload", "bench", "tests")
MOST_LINES, MOST_MODULES = 300, 15


def test_no_room_and_no_module_is_too_large_to_be_read_at_once() -> None:
    """A folder's `__init__.py` says what it is, and does not count."""
    modules = [each for root in ROOTS for each in (ROOT / root).rglob("*.py")]
    folders = Counter(each.parent for each in modules if each.name != "__init__.py")
    assert modules
    assert [each for each in modules if len(each.read_text().splitlines()) > MOST_LINES] == []
    assert [folder for folder, count in folders.items() if count > MOST_MODULES] == []


def test_the_decision_names_the_layers() -> None:
    """Those of both packages, from the highest on; `python -m teal` is the command line's."""
    block = re.search(r"```\n(.*?)```", (ROOT / "docs/adr/0011-rooms-and-layers.md").read_text(), re.DOTALL)
    assert block
    told = {
        package: [{*each.strip().split(", ")} for each in " ".join(rooms.split()).split(" > ")]
        for package, rooms in re.findall(r"^(\w+) +(.*?)(?=^\w|\Z)", block[1], re.MULTILINE | re.DOTALL)
    }
    assert told == {
        package: [{*each.split(" | ")} for each in layers if each != "__main__"] for package, layers in LAYERS.items()
    }


def test_the_tables_name_every_room() -> None:
    """Folders with a slash, modules with their ending."""
    page = (ROOT / "docs/architecture.md").read_text()
    rooms = re.findall(r"^\| ((?:`[\w./]+`(?:, )?)+) \|", page, re.MULTILINE)
    named = {each.strip("/").removesuffix(".py") for row in rooms for each in re.findall(r"`([\w./]+)`", row)}
    declared = {name for layers in LAYERS.values() for each in layers for name in each.split(" | ")}
    assert declared - named == {"__main__"}
