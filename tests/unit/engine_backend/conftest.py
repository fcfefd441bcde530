"""A project in a folder of its own, and a passphrase whose key is derived once."""

from pathlib import Path

import pytest

from sandbox.engine.backend import FileBackend
from sandbox.engine.project import Project
from sandbox.engine.secrets import Crypter

# Made by Pulumi itself: its own test of the passphrase provider has this salt for the passphrase "password".
SALT = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="
PROJECT = "name: teal\nruntime: python\nmain: infra\nstackConfigDir: stacks\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without declared config."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    return Project.find(tmp_path)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a command: a passphrase and a home of its own."""
    return {"PULUMI_CONFIG_PASSPHRASE": "password", "PULUMI_HOME": str(tmp_path / "home")}


@pytest.fixture
def crypter() -> Crypter:
    """The crypter of Pulumi's own salt."""
    return Crypter(SALT, "password")


@pytest.fixture
def backend(project: Project, environ: dict[str, str]) -> FileBackend:
    """A backend with the stack `dev`."""
    backend = FileBackend(f"file://{project.root}/state", project, environ)
    backend.create("dev")
    return backend
