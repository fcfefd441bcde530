"""The image holds the versions that the repository is tested with, and nothing it does not need."""

import tomllib
from pathlib import Path
from typing import Any

from packaging.markers import Marker

ROOT = Path(__file__).parents[3]

PLATFORM = {"sys_platform": "linux", "platform_python_implementation": "CPython", "python_version": "3.11"} | {
    "python_full_version": "3.11.2",
    "implementation_name": "cpython",
    "platform_system": "Linux",
}
"""The image's."""


def locked() -> dict[str, str]:
    """Name and version of all that the dependency group `workload` needs on Linux, by uv.lock."""
    packages: dict[str, Any] = {
        package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    wanted = list(packages["teal"]["dev-dependencies"]["workload"])
    found: dict[str, str] = {}
    while wanted:
        dependency = wanted.pop()
        name = dependency["name"]
        if name in found or not Marker(dependency.get("marker", "python_version > '0'")).evaluate(PLATFORM):
            continue
        found[name] = packages[name]["version"]
        wanted += packages[name].get("dependencies", [])
        for extra in dependency.get("extra", []):
            wanted += packages[name]["optional-dependencies"][extra]
    return found


def required() -> dict[str, str]:
    """Name and version of all that workload/requirements.txt names."""
    lines = (ROOT / "workload" / "requirements.txt").read_text().splitlines()
    halves = (line.partition(" ;") for line in lines if not line.startswith("#"))
    pins = (pin.strip() for pin, _, marker in halves if not marker or Marker(marker.strip()).evaluate(PLATFORM))
    return dict(pin.split("==") for pin in pins)


def test_requirements_are_the_locked_ones() -> None:
    """requirements.txt and uv.lock name the same packages at the same versions."""
    assert required() == locked()
