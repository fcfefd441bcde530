"""Every link of every page leads somewhere: to a file of the repository, and to a heading that it has."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def pages() -> list[Path]:
    """Those of the repository: not of what is installed or made in it."""
    folders = [each for each in ROOT.iterdir() if each.is_dir() and each.name[0] != "." and each.name != "mutants"]
    return sorted([*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))])


def headings(page: Path) -> Iterator[str]:
    """As GitHub names them in links."""
    for found in HEADING.findall(page.read_text()):
        yield re.sub(r"[^\w\- ]", "", found.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Those to other sites are not followed."""
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} leads to {target}, and there is no such file"
        assert not heading or heading in headings(file), f"{page.name} leads to {target}, and there is no such heading"
