"""The image holds the versions that the repository is tested with, and nothing it does not need."""

import tomllib
from pathlib import Path
from typing import Any

from packaging.markers import Marker

ROOT = Path(__file__).parents[3]


def locked() -> dict[str, str]:
    """Name and version of all that the dependency group `workload` needs on Linux, by uv.lock."""
    packages: dict[str, Any] = {
        package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    platform = {"sys_platform": "linux", "platform_python_implementation": "CPython", "python_version": "3.11"}
    platform |= {"python_full_version": "3.11.2", "implementation_name": "cpython", "platform_system": "Linux"}
    wanted = list(packages["teal"]["dev-dependencies"]["workload"])
    found: dict[str, str] = {}
    while wanted:
        dependency = wanted.pop()
        name = dependency["name"]
        if name in found or not Marker(dependency.get("marker", "python_version > '0'")).evaluate(platform):
            continue
        found[name] = packages[name]["version"]
        wanted += packages[name].get("dependencies", [])
    return found


def required() -> dict[str, str]:
    """Name and version of all that workload/requirements.txt names."""
    lines = (ROOT / "workload" / "requirements.txt").read_text().splitlines()
    pairs = (line.partition(" ;")[0].strip().partition("==") for line in lines if not line.startswith("#"))
    return {name: version for name, _, version in pairs}


def test_requirements_are_the_locked_ones() -> None:
    """requirements.txt and uv.lock name the same packages at the same versions."""
    assert required() == locked()
