"""The images hold the versions that the repository is tested with, and nothing they do not need."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker

ROOT = Path(__file__).parents[3]

PLATFORM = {"sys_platform": "linux", "platform_python_implementation": "CPython", "python_version": "3.11"} | {
    "python_full_version": "3.11.2",
    "implementation_name": "cpython",
    "platform_system": "Linux",
}
"""The images'."""


def locked(group: str) -> dict[str, str]:
    """Name and version of all that a dependency group needs on Linux, by uv.lock."""
    packages: dict[str, Any] = {
        package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    wanted = list(packages["teal"]["dev-dependencies"][group])
    asked: list[Any] = []
    while wanted:
        dependency = wanted.pop()
        if dependency in asked or not Marker(dependency.get("marker", "python_version > '0'")).evaluate(PLATFORM):
            continue
        asked.append(dependency)  # not the name alone: another extra of the same package needs more
        package = packages[dependency["name"]]
        wanted += package.get("dependencies", [])
        for extra in dependency.get("extra", []):
            wanted += package["optional-dependencies"][extra]
    return {each["name"]: packages[each["name"]]["version"] for each in asked}


def lines(package: str) -> list[str]:
    """What a package's requirements.txt names, one a line, with its hashes."""
    text = (ROOT / package / "requirements.txt").read_text().replace("\\\n", "")
    return [line for line in text.splitlines() if not line.startswith("#")]


def required(package: str) -> dict[str, str]:
    """Name and version of all that a package's requirements.txt names."""
    halves = (line.partition(" --hash=")[0].partition(" ;") for line in lines(package))
    pins = (pin.strip() for pin, _, marker in halves if not marker or Marker(marker.strip()).evaluate(PLATFORM))
    return dict(pin.split("==") for pin in pins)


@pytest.mark.parametrize(("package", "group"), [("workload", "workload"), ("teal", "watch")])
def test_requirements_are_the_locked_ones(package: str, group: str) -> None:
    """requirements.txt and uv.lock name the same packages at the same versions."""
    assert required(package) == locked(group)


def test_what_the_watch_is_made_of_is_held_by_hashes() -> None:
    """A package of the same version with other contents is not installed: the watch has the right to move traffic."""
    packages: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    locked = {
        each["name"]: {part["hash"] for part in [*each.get("wheels", []), each.get("sdist", {"hash": ""})]}
        for each in packages
    }
    for line in lines("teal"):
        hashes = {each.strip() for each in line.split(" --hash=")[1:]}
        assert hashes, line
        assert hashes <= locked[line.partition("==")[0]], line
