"""A project on disk with a real program, and the `pulumi` command on it: for what only processes can show."""

# ruff: noqa: D102, D107 - what a command line's helpers do is in their names

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.engine.backend import FileBackend
from sandbox.engine.project import Project as PulumiProject
from sandbox.engine.stackconfig import StackConfig

if TYPE_CHECKING:
    import signal

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, os
import pulumi

settings = json.loads(os.environ["WISHES"])

class Thing(pulumi.CustomResource):
    made: pulumi.Output[str]
    generated: pulumi.Output[str]

    def __init__(self, name, props, opts=None):
        super().__init__("fake:index:Thing", name, {**props, "generated": None}, opts)

async def gate(args):
    if reason := settings.get("refuse"):
        raise Exception(reason)

class Group(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("demo:index:Group", name, {})
        under = pulumi.ResourceOptions(parent=self)
        secret = pulumi.Config().require_secret("password")
        self.a = Thing("a", {**settings.get("a", {}), "password": secret}, under)
        hooks = pulumi.ResourceHookBinding(
            before_create=[pulumi.ResourceHook("gate", gate)],
            before_update=[pulumi.ResourceHook("gate2", gate, pulumi.ResourceHookOptions(on_dry_run=True))],
        )
        opts = pulumi.ResourceOptions(parent=self, hooks=hooks)
        self.b = Thing("b", {**settings.get("b", {}), "from": self.a.generated}, opts)
        self.register_outputs({"b": self.b.generated})

group = Group("g")
if "raise" in settings:
    raise ValueError(settings["raise"])
pulumi.export("b", group.b.generated)
pulumi.export("password", pulumi.Config().require_secret("password"))
print("the program says hello")
"""


@dataclass
class Result:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything it printed."""
        return self.out + self.err


@dataclass
class Running:
    """A command under way."""

    process: subprocess.Popen[str]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> Result:
        out, err = self.process.communicate(timeout=60)
        return Result(self.process.returncode, out, err)


@dataclass
class Project:
    """A project, its stack `dev` and its cloud."""

    root: Path
    wishes: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def cloud(self) -> Path:
        return self.root / "cloud"

    @property
    def log(self) -> list[str]:
        """What was done to the cloud, in order."""
        file = self.cloud / "log"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def state(self) -> dict[str, Any]:
        """The state as it is on disk."""
        return (
            json.loads((self.root / "state/.pulumi/stacks/demo/dev.json").read_text())["checkpoint"].get("latest") or {}
        )

    @property
    def backend(self) -> str:
        return f"file://{self.root / 'state'}"

    def environ(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PULUMI_BACKEND_URL": self.backend,
            "PULUMI_HOME": str(self.root / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "for tests",
            "FAKE_CLOUD": str(self.cloud),
            "WISHES": json.dumps(self.wishes),
        }

    def start(self, *args: str) -> Running:
        """Start a command."""
        command = [sys.executable, "-m", "sandbox.engine", *args]
        pipe = subprocess.PIPE
        return Running(
            subprocess.Popen(
                command,
                cwd=self.root,
                env=self.environ(),
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                text=True,
            )
        )

    def run(self, *args: str) -> Result:
        """Run a command to its end."""
        return self.start(*args).wait()

    def up(self, *args: str, **wishes: Any) -> Result:  # noqa: ANN401 - what the program is to want
        """`pulumi up` without a preview."""
        self.wishes = wishes
        return self.run("up", "--yes", "--skip-preview", *args)


class Hold:
    """Makes an operation of the fake provider wait, and tells when it does."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "hold"
        self.file.touch()

    def wait_until_reached(self, seconds: float = 60) -> None:
        """Wait until the operation is under way."""
        waiting, given_up = self.file.with_name("hold.waiting"), threading.Event()
        for _ in range(int(seconds / 0.02)):
            if waiting.exists():
                return
            given_up.wait(0.02)
        raise TimeoutError(f"nothing came to {self.file}")

    def release(self) -> None:
        """Let it go on."""
        self.file.unlink()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose stack `dev` holds a secret."""
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\nmain: infra\nstackConfigDir: stacks\n")
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra/__main__.py").write_text(PROGRAM)
    plugin = tmp_path / "bin/pulumi-resource-fake"
    plugin.parent.mkdir()
    plugin.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("fake_provider.py")} "$@"\n')
    plugin.chmod(0o755)
    project = Project(tmp_path)
    found = PulumiProject.find(tmp_path)
    FileBackend(project.backend, found, project.environ()).create("dev")
    config = StackConfig.load(tmp_path / "stacks/Pulumi.dev.yaml", found, project.environ())
    config.set("password", "hunter2", secret=True)
    config.save()
    FileBackend(project.backend, found, project.environ()).select("dev")
    return project


@pytest.fixture
def hold(tmp_path: Path) -> Hold:
    """Something for an operation to wait at."""
    return Hold(tmp_path)
