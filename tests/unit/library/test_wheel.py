"""The wheel holds three packages under names of teal's own, with their types, and a surface that is small and stays."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import teal_infra
import teal_policies

ROOT = Path(__file__).parents[3]
PACKAGES = {"teal", "teal_infra", "teal_policies"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = ["uv", "build", "--wheel", "--quiet", "--out-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)  # by the `uv` on PATH, as everything here is installed
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_its_top_level_names_are_three_packages(wheel: zipfile.ZipFile) -> None:
    """Whatever else would be installed beside them could collide with what a team has."""
    (about,) = {name.split("/")[0] for name in wheel.namelist()} - PACKAGES
    assert about.endswith(".dist-info")


def test_its_packages_have_types(wheel: zipfile.ZipFile) -> None:
    """A team's type checker reads them."""
    assert {f"{name}/py.typed" for name in PACKAGES} <= {*wheel.namelist()}


def test_kubectl_finds_the_same_command_line(wheel: zipfile.ZipFile) -> None:
    """As its plugin `teal`, by the name that it looks for on PATH."""
    (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/entry_points.txt"))
    commands = dict(line.split(" = ") for line in wheel.read(name).decode().splitlines() if " = teal.cli" in line)
    assert commands == {"teal": "teal.cli:main", "kubectl-teal": "teal.cli:main"}


def test_the_surface_is_small() -> None:
    """What a team's own programs import."""
    assert teal_infra.__all__ == ["run"]
    assert teal_policies.__all__ == ["POLICIES", "bind"]
    assert all(hasattr(teal_policies, name) for name in teal_policies.__all__)


def test_importing_the_program_imports_nothing_else() -> None:
    """`run` switches Python's garbage collector off before Pulumi is imported: it takes a quarter of that time."""
    command = "import sys, teal_infra; print({'pulumi', 'pydantic', 'lightkube'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
