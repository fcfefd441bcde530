"""Every module, test and invariant that a page names is there: a page that names another one proves nothing."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from tests.unit.docs.test_links import ROOT, pages

BLOCK = re.compile(r"```.*?```", re.DOTALL)
NAMED = re.compile(r"`(?P<file>[a-z_/]+\.py)(?:::(?P<test>\w+))?`|`(?P<alone>test_\w+)`")
"""A module, one of its tests, or a test alone. What a page leaves open, such as `test_NAME.py`, is no name."""

TESTS = (ROOT / "tests/sandbox/program", ROOT / "tests")
HOMES = (ROOT, ROOT / "infra")
"""Where paths begin: in a checkout, or in the package."""
CODE = ("teal", "infra", "policies", "tests", "sandbox", "workload", "bench", "examples")


def modules(page: Path, name: str) -> Iterator[Path]:
    """Those that a page may mean: a path is one file's, and a bare name is of a module anywhere."""
    if "/" in name:
        return (home / name for home in (*HOMES, page.parent) if (home / name).is_file())
    return chain.from_iterable((ROOT / folder).rglob(name) for folder in CODE)


def has(file: Path, test: str) -> bool:
    """Whether a module defines a test."""
    return re.search(rf"^(async )?def {test}\(", file.read_text(), re.MULTILINE) is not None


def missing(page: Path, text: str) -> Iterator[str]:
    """What a page's text names, and nobody has."""
    for found in NAMED.finditer(BLOCK.sub("", text)):
        name, test = found["file"] or "*.py", found["test"] or found["alone"]
        files = [*(chain.from_iterable(each.rglob(name) for each in TESTS) if found["alone"] else modules(page, name))]
        if not files or (test and not any(has(file, test) for file in files)):
            yield found[0]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    """By a path from the root, or by the bare name of a module."""
    assert [*missing(page, page.read_text())] == []


def test_what_nobody_has_is_found() -> None:
    """A module, a path, and a test with its module or alone; what is there is not."""
    page = ROOT / "docs/invariants.md"
    gone = ["`nobody.py`", "`teal/nobody.py`", "`test_flip.py::test_nothing`", "`test_nothing_at_all`"]
    there = ["`test_names.py::test_what_nobody_has_is_found`", "`test_links_lead_somewhere`", "`teal/flip/owner.py`"]
    assert [*missing(page, " ".join([*gone, *there]))] == gone


def test_every_invariant_of_the_page_is_checked() -> None:
    """By its name, which a violation in the simulation has."""
    rows = re.findall(r"^\| \d+ \|.*?\|([^|]*)\|[^|]*\|$", (ROOT / "docs/invariants.md").read_text(), re.MULTILINE)
    named = {each for row in rows for each in re.findall(r"`(\w+)`", row)}
    checks = "".join(file.read_text() for file in (ROOT / "tests/simulation").rglob("*.py"))
    assert rows
    assert {each for each in named if f'"{each}"' not in checks} == set()
