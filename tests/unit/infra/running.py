"""The whole program, as an engine runs it, by Pulumi's mocks and against an API server on loopback."""

import runpy
from collections.abc import Mapping
from typing import Any, cast

from pulumi.runtime import mocks, stack
from pulumi.runtime.config import set_all_config

from tests.unit.conftest import FakeApiServer


class Recorder(mocks.Mocks):
    """Keeps what was registered, in order."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.names: list[tuple[str, str]] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Answer with the inputs."""
        self.names.append((args.typ, args.name))
        return f"{args.name}-id", cast("dict[Any, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType]  # the SDK's plain dict

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """No function is expected to be called."""
        raise AssertionError(args.token)


async def run(config: Mapping[str, str], server: FakeApiServer, *, preview: bool) -> tuple[Recorder, int]:
    """Run the program with this config, its keys without `teal:`; what it registered, and its exit status."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev", preview=preview)
    texts = {f"teal:{key}": each for key, each in config.items()}
    set_all_config({**texts, "kubernetes:kubeconfig": server.kubeconfig})
    status = 0

    async def body() -> None:
        nonlocal status
        try:
            runpy.run_module("infra.__main__")
        except SystemExit as ended:
            status = int(ended.code or 0)

    await stack.run_pulumi_func(body)
    return recorder, status
