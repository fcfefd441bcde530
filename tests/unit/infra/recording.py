"""What a stack declares is recorded as the engine is told of it, by Pulumi's mocks."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pulumi.runtime import mocks, stack
from teal_infra.planning.live import Live
from teal_infra.planning.schema import plans
from teal_infra.program import provision
from teal_infra.settings.load import load

from teal.adapters.kubernetes.cluster import ClusterAccess


class Recorder(mocks.Mocks):
    """Keeps what was registered."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.resources: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Answer with the inputs, as a cluster that accepts everything."""
        inputs = cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType]  # the SDK's plain dict
        self.resources[args.typ.rsplit(":", 1)[-1], args.name] = inputs
        return f"{args.name}-id", inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """No function is expected to be called."""
        raise AssertionError(args.token)


def config(active: str = "blue", services: Sequence[str] = ("backend",), **slots: Mapping[str, Any]) -> dict[str, str]:
    """Raw config of a stack with both colours, unless said otherwise."""
    release = {name: {"image": f"registry.example/{name}:1"} for name in services}
    both = {"blue": {"version": "1.0.0", **release}, "green": {"version": "1.1.0", **release}} | slots
    return {
        "activeColour": active,
        "services": json.dumps({name: {"port": 8000, "contract": True} for name in services}),
        **{colour: json.dumps(slot) for colour, slot in both.items()},
    }


async def declared(raw: Mapping[str, str], live: Live | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    """All resources of a stack with this config."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev", organization="acme")

    async def program() -> None:
        settings, found = load(raw, stack="dev"), live or Live()
        provision(settings, found, ClusterAccess(namespace="teal"), plans(settings, found))

    await stack.run_pulumi_func(program)
    return recorder.resources


def named(resources: Mapping[tuple[str, str], Any], kind: str, prefix: str) -> str:
    """The one resource of a kind whose name begins so."""
    (found,) = [name for each, name in resources if each == kind and name.startswith(prefix)]
    return found


def sealed(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The content of a value that reached the engine as a secret, and only of such a value."""
    assert value["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"
    return value["value"]
