"""A project with a stack on a fake API server, and an engine that does what a test says."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path

import pytest
from teal_infra.manager import BlueGreenManager

from teal.cli.app import app
from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.plans.model import Plan, Word
from teal.spec.bake import BakePlan
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import RECORD
from tests.unit.teal.flip.rollback.going_back import CONFIRMED

STACK = """\
# A stack.
config:
  kubernetes:context: fake
  teal:activeColour: blue   # live
  teal:namespace: teal
  teal:services:
    backend: {port: 8000, contract: true}
  teal:blue:
    version: "1.0.0"
    backend: {image: "registry.example/backend:1.0.0", env: {LEVEL: info}}   # its image
"""
GREEN = """\
  teal:green: {version: "1.1.0", backend: {image: "registry.example/backend:1.1.0"}}
"""


def nothing() -> None:
    """Happens."""


@dataclass
class Engine:
    """Stands for Pulumi."""

    word: Word = Word.FLIP
    preview_does: Callable[[], None] = nothing
    up_does: Callable[[], None] = nothing
    did: list[str] = field(default_factory=list[str])

    def preview(self) -> Plan:
        """A plan of that word."""
        self.did.append("preview")
        self.preview_does()
        return Plan(word=self.word, active_colour=Colour.GREEN, namespace="teal")

    def up(self) -> None:
        """An update."""
        self.did.append("up")
        self.up_does()


def project(folder: Path, server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, text: str = STACK + GREEN) -> Path:
    """Write it, with its stack `dev` chosen, and go there; the stack's file."""
    home = folder / "home"
    (folder / "shop/stacks").mkdir(parents=True)
    (folder / "shop/Pulumi.yaml").write_text("name: shop\nstackConfigDir: stacks\nruntime: python\n")
    file = folder / "shop/stacks/Pulumi.dev.yaml"
    file.write_text(text)
    (folder / "kubeconfig").write_text(server.kubeconfig)
    choose(home, folder / "shop/Pulumi.yaml", {"stacks": {"file://state": "organization/shop/dev"}})
    monkeypatch.setenv("PULUMI_HOME", str(home))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    for name in ("PULUMI_STACK", "TEAL_NAMESPACE", "TEAL_YES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder / "shop")
    return file


def choose(home: Path, project: Path, kept: object) -> None:
    """What `pulumi stack select` leaves behind."""
    (home / "workspaces").mkdir(parents=True, exist_ok=True)
    digest = sha1(str(project.resolve()).encode(), usedforsecurity=False).hexdigest()
    (home / f"workspaces/shop-{digest}-workspace.json").write_text(json.dumps(kept))


def driven(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Engine:
    """Managers have this engine from now on."""

    def made(_: BlueGreenManager) -> Engine:
        return engine

    monkeypatch.setattr(BlueGreenManager, "_engine", made)
    return engine


PLAN = BakePlan(services={}, seconds=1, error_percent=5, samples=0, window=10)


def confirm(server: FakeApiServer, colour: str) -> None:
    """The record of the confirmed colour."""
    server.answers[CONFIRMED] = (
        200,
        {"metadata": {"name": "teal-confirmed", "resourceVersion": "1"}, "data": {"colour": colour}},
    )


def record(server: FakeApiServer, *stages: Stage) -> None:
    """Flips from blue to green that came to these stages."""
    flips = tuple(
        Flip(
            number=number,
            origin=Colour.BLUE,
            to=Colour.GREEN,
            origin_version="1.0.0",
            version="1.1.0",
            by="somebody",
            begun="2026-01-01T00:00:00+00:00",
            stage=stage,
            plan=PLAN,
        )
        for number, stage in enumerate(stages, start=1)
    )
    data = {"flips.json": History(flips=flips).model_dump_json(by_alias=True)}
    server.answers[RECORD] = (200, {"metadata": {"name": "teal-history", "resourceVersion": "1"}, "data": data})


def teal(*args: str) -> int:
    """The exit status of a command."""
    with pytest.raises(SystemExit) as ended:
        app(args)
    return int(ended.value.code or 0)


def activate_green(file: Path) -> None:
    """Declare it."""
    file.write_text(file.read_text().replace("teal:activeColour: blue", "teal:activeColour: green"))


def said(file: Path) -> str:
    """What a file says."""
    return file.read_text()
