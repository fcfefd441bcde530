"""The program itself, on a real cluster: created, flipped, refused and rolled back by either engine.

What it does on the embedded engine is what `tests/sandbox` is about; here it is compared with Pulumi's own, which
loads the sandbox's stand-in providers as its plugins. Without that engine there is nothing to compare, and no cluster
is started.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from ruamel.yaml import YAML

from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.demo.setting import Router, network
from tests.conformance.engines import QUIET, RUNTIME, Engine, events_of, real_pulumi
from tests.sandbox.program.stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "conf"
_BALANCER: Final = re.compile(r"\b127\.0\.1\.\d+\b")
"""A load balancer's address: another one for each."""

PORTS: Final = "33000-33999"
PULUMI: Final = real_pulumi()
DELIVERIES: Final[dict[str, Any]] = {
    file.stem: YAML(typ="safe").load(file)  # pyright: ignore[reportUnknownMemberType] - it carries no types
    for file in sorted((Path(__file__).parent / "deliveries").glob("*.yaml"))
}

pytestmark = [
    pytest.mark.skipif(PULUMI is None, reason="no pulumi of Pulumi's own on PATH: nothing to compare with"),
    pytest.mark.timeout(1800),
]


@dataclass(frozen=True, kw_only=True)
class Delivered(Stack):
    """A stack of the program that one of the two engines works on."""

    engine: Engine
    folder: Path
    router: Router

    @classmethod
    def on(cls, engine: Engine, sandbox: Sandbox, folder: Path, router: str) -> Delivered:
        """A new stack, in a checkout that leaves this work tree's own environment alone."""
        folder.mkdir()
        for name in ("infra", "teal"):
            (folder / name).symlink_to(WORK_TREE / name)
        project = (WORK_TREE / "Pulumi.yaml").read_text().split("runtime:")[0]
        (folder / "Pulumi.yaml").write_text(project + RUNTIME.format(environment=sys.prefix))
        (folder / "uv.lock").write_text("version = 1\n")
        (folder / "bin").mkdir()
        for package in ("kubernetes", "aws"):
            plugin = folder / f"bin/pulumi-resource-{package}"
            plugin.write_text(f'#!/bin/sh\nexec {sys.executable} -m sandbox.providers.{package} "$@"\n')
            plugin.chmod(0o755)
        made = Stack.create(sandbox, "delivery", folder, 33100)
        if router == Router.ALB:
            behind(sandbox, made.config)
        return cls(
            sandbox=sandbox, name=made.name, config=made.config, engine=engine, folder=folder, router=Router(router)
        )

    def argv(self, *args: str) -> list[str]:
        """As a `pulumi` command, with the engine's own."""
        prefix, command = self.sandbox.command([]), super().argv(*args)
        return [*prefix, *self.engine.command, *command[len(prefix) + 1 :]]

    def live(self) -> str:
        """As the router says, asked by nobody of the program."""
        if self.router is Router.SERVICE:
            return super().live()
        show = self.sandbox.command([sys.executable, "-m", "sandbox.aws.rules", "show"])
        found = subprocess.check_output(show, env=super().environ(), cwd=WORK_TREE, text=True)
        return json.loads(found)["backend"]["colour"]

    def environ(self) -> dict[str, str]:
        """The sandbox's environment, with our providers as plugins."""
        environ = {**super().environ(), **QUIET}
        return {**environ, "PATH": f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{environ['PATH']}"}

    def step(self, step: dict[str, Any]) -> dict[str, Any]:
        """Take a step, hold it to what it asks for; gives what else can be seen."""
        for key, value in step.get("set", {}).items():
            self.configure(key, str(value))
        for key in step.get("unset", []):
            self.pulumi("config", "rm", "--path", f"teal:{key}")
        words = shlex.split(step["run"])
        if words[0] != "preview" and "--preview-only" not in words:
            words += ["--yes", "--skip-preview"]
        events = self.folder / "events"
        events.unlink(missing_ok=True)
        done = self.pulumi(*words, "--non-interactive", "--event-log", str(events), check=False, checkout=self.folder)
        said, operations, changes = events_of(events, infos=True)
        where = f"{self.engine.name}: {step['run']}\n{done.stdout}"
        assert done.returncode == step.get("status", 0), where
        for severity, text in step.get("says", []):
            assert [each for level, each in said if level == severity and text in each], (text, said, where)
        if "live" in step:
            assert self.live() == step["live"], where
        return {
            "step": step,
            "operations": operations,
            "changes": changes,
            "severities": [level for level, _ in said if level != "info"],
            "outputs": json.loads(_BALANCER.sub("balancer", json.dumps(self.outputs()))),
        }


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A cluster of these tests' own; gone afterwards."""

    def run(command: str, *args: str) -> None:
        subprocess.run([sys.executable, "-m", "sandbox", command, "--name", NAME, *args], cwd=WORK_TREE, check=True)

    run("up", "--ports", PORTS)
    yield Sandbox.load(NAME)
    run("down")


def behind(sandbox: Sandbox, config: Path) -> None:
    """Have a stack's file say that it is behind a load balancer."""
    yaml = YAML()
    document: dict[str, Any] = yaml.load(config)  # pyright: ignore[reportUnknownMemberType] - it carries no types
    checks = {"intervalSeconds": 5, "timeoutSeconds": 2}
    alb = {**network(sandbox), "callers": ["10.0.0.0/8"], "protect": False, "healthCheck": checks}
    document["config"] |= {"teal:router": "alb", "teal:settleSeconds": 1, "teal:alb": alb}
    del document["config"]["teal:services"]["backend"]["frontDoor"]
    yaml.dump(document, config)  # pyright: ignore[reportUnknownMemberType] - as above


def deliver(engine: Engine, sandbox: Sandbox, folder: Path, delivery: dict[str, Any]) -> list[dict[str, Any]]:
    """Take all steps on one engine; each has a stack of the same name, for it is in much of what is compared."""
    stack = Delivered.on(engine, sandbox, folder, delivery.get("router", "service"))
    try:
        return [stack.step(step) for step in delivery["steps"]]
    finally:
        stack.pulumi("stack", "rm", "--yes", "--force", "--preserve-config")


@pytest.mark.parametrize("name", DELIVERIES)
def test_both_engines_deliver_alike(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each step ends with the same status, operations, severities and outputs, and live traffic where it should be."""
    delivery = DELIVERIES[name]
    ours = deliver(Engine.embedded(), sandbox, tmp_path / "embedded", delivery)
    theirs = deliver(Engine("pulumi", (PULUMI or "",)), sandbox, tmp_path / "pulumi", delivery)
    for our, their in zip(ours, theirs, strict=True):
        assert our == their
