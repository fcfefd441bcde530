"""A place to build images in: stand-ins for the tools that download and unpack, and what archives hold."""

import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sandbox.image import PRICING, build

TOOLS = {
    "mmdebstrap": 'for last; do case "$last" in */root) mkdir -p "$last/usr/bin" "$last/usr/share/doc" && '
    'echo python > "$last/usr/bin/python3" && echo words > "$last/usr/share/doc/README";; esac; done',
    "uv": 'for one; do case "$one" in --target=*) mkdir -p "${one#--target=}" && '
    'echo code > "${one#--target=}/fastapi.py";; esac; done',
    "chroot": "",
    "apt-get": 'echo "Debian bookworm deb http://mirror.example/debian bookworm main"; '
    'echo "Other bookworm deb http://other.example/ stable main"',
    "apt-config": "echo 'Acquire::http::Proxy \"http://proxy.example:3142\";'",
    "go": 'while [ "$1" != -o ]; do shift; done; echo binary > "$2"; chmod 700 "$2"',
}


class Workshop:
    """A cache, stand-ins for the tools, and what was called."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the stand-ins in front of PATH."""
        self.bin, self.cache, self.log = directory / "bin", directory / "cache", directory / "calls"
        self.said: list[str] = []
        self.bin.mkdir()
        for name, script in TOOLS.items():
            self.tool(name, script)
        monkeypatch.setenv("PATH", f"{self.bin}{os.pathsep}/bin")

    def tool(self, name: str, script: str) -> None:
        """Let `name` do `script`."""
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\n{script}\n')
        path.chmod(0o755)

    def calls(self) -> list[str]:
        """The commands that ran since the last time."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines

    def build(self, *versions: str) -> Path:
        """Build the service's image."""
        return build(PRICING, versions, self.cache, self.said.append)


def manifests(archive: Path) -> Sequence[Mapping[str, Any]]:
    """The entries of an archive's manifest."""
    return member(archive, "manifest.json")


def member(archive: Path, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A JSON file of an archive."""
    with tarfile.open(archive) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return json.load(file)


def manifest(archive: Path) -> Mapping[str, Any]:
    """The only entry of an archive's manifest."""
    (entry,) = manifests(archive)
    return entry


def files(archive: Path) -> set[str]:
    """The files in all layers of an archive."""
    found: set[str] = set()
    with tarfile.open(archive) as tar:
        for name in manifest(archive)["Layers"]:
            with tarfile.open(fileobj=tar.extractfile(name)) as layer:
                found |= {member.name for member in layer if member.isfile()}
    return found
