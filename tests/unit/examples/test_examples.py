"""The examples are whole, pinned, and know nothing of teal."""

from pathlib import Path

import pytest
from teal_infra.commands import validate

from sandbox.image.recipe import read

EXAMPLES = Path(__file__).parents[3] / "examples"
RECIPES = sorted(EXAMPLES.rglob("Containerfile"))


def short(path: Path) -> str:
    """A file's name for a test."""
    return str(path.relative_to(EXAMPLES))


@pytest.mark.parametrize("recipe", RECIPES, ids=short)
def test_its_recipe_can_be_followed(recipe: Path) -> None:
    """The sandbox knows each instruction, and what is copied is there; nothing runs as root."""
    found = read(recipe.parent)
    assert int(found.user) > 0
    assert found.command


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*/Pulumi.*.yaml")), ids=short)
def test_its_stack_file_is_valid(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `teal validate` says; its images are those that the recipe makes."""
    validate(file)
    assert "is valid" in capsys.readouterr().out
    assert f"localhost/examples/{file.parent.name}:1.0.0" in file.read_text()


@pytest.mark.parametrize("file", sorted(EXAMPLES.rglob("requirements.txt")), ids=short)
def test_its_packages_are_pinned(file: Path) -> None:
    """By version and by hash, those that others bring too; from no index by name."""
    lines = [line for line in file.read_text().replace("\\\n", "").splitlines() if line.strip()]
    assert lines
    assert all("==" in line and "--hash=sha256:" in line for line in lines)
    assert "://" not in file.read_text()


@pytest.mark.parametrize("recipe", RECIPES, ids=short)
def test_nothing_of_it_is_written_for_teal(recipe: Path) -> None:
    """Neither a word of teal's nor a name of its contract is in what an image is made of."""
    for _, file in [("", recipe), *read(recipe.parent).files()]:
        text = file.read_text().lower()
        assert not [each for each in ("teal", "colour", "deployment", "x-version") if each in text], file
