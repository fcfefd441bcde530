"""A release declares migrations, and this is what is registered for them."""

from collections.abc import Mapping
from typing import Any

from pulumi.runtime import mocks, stack
from teal_infra.components.migrations import Migration, MigrationArgs, Tool
from teal_infra.labels import Identity
from teal_infra.settings.migrations import MigrationSettings
from teal_infra.settings.service import ServiceSettings

from teal.model.colours import Colour
from teal.schema.migrations import Phase, Release, Schema, Step
from tests.unit.infra.recording import Recorder

GREEN = Release(colour=Colour.GREEN, version="1.2.0", schema=Schema(expand="0003", contract="0004"))
OLD = Release(colour=Colour.BLUE, version="1.0.0", schema=Schema(expand="0001"), retired=True)
JOB = "backend-green-contract"
LISTED = ("0001", "0003", "0004", "0005")

Resources = Mapping[tuple[str, str], dict[str, Any]]


def environment(config_map: str, secret: str) -> list[dict[str, Any]]:
    """Where a slot's variables come from."""
    return [{"config_map_ref": {"name": config_map}}, {"secret_ref": {"name": secret}}]


def tool(**changes: Any) -> Tool:  # noqa: ANN401 - any of its fields
    """How the tests' release is run."""
    fields: dict[str, Any] = {
        "of": Identity(service="backend", colour=Colour.GREEN, version=GREEN.version, namespace="teal"),
        "settings": ServiceSettings(),
        "commands": MigrationSettings(),
        "image": "registry.example/backend:1.2.0",
        "account": "backend",
        "environment": environment("config-1", "secret-1"),
        "target": {"DB_HOST": "db.example"},
    }
    return Tool(**(fields | changes))


async def job(of: Tool | None = None, *, phase: Phase = Phase.EXPAND) -> dict[str, Any]:
    """The Job of one step, as registered."""

    async def program() -> None:
        args = MigrationArgs(tool=of or tool(), step=Step(phase=phase, release=GREEN, revision="0003"))
        Migration(args.name, args)

    return (await registered(program))["Job", f"backend-green-{phase}"]


async def registered(program: Any) -> Resources:  # noqa: ANN401 - what Pulumi calls a program
    """What a program registers."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev")
    await stack.run_pulumi_func(program)
    return recorder.resources
