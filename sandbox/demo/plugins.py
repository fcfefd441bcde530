"""Which version a provider is, in its own words: an engine that finds a plugin on PATH asks for none.

What a stack's state says is the version of the SDK that declared the provider, not that of the plugin.
"""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from sandbox.report.model import Provider

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from pulumi.runtime.proto.plugin_pb2 import PluginInfo

_PATIENCE_SECONDS: Final = 20  # a plugin of 170 MB on a busy machine
_UNKNOWN: Final = "of unknown version"
_STAND_IN: Final = "stand-in"
"""What is in the version of a provider that is none of Pulumi's."""


def providers(environ: Mapping[str, str], *names: str) -> list[Provider]:
    """Return those of the named providers that an engine with this environment finds."""
    found = ((name, _version(name, environ)) for name in names)
    return [Provider(name=name, version=said, stand_in=_STAND_IN in said) for name, said in found if said]


def _version(name: str, environ: Mapping[str, str]) -> str:
    if plugin := shutil.which(f"pulumi-resource-{name}", path=environ["PATH"]):
        return _ask(plugin, environ)
    installed = version(f"pulumi-{name}")  # of what is not on PATH, an engine takes the version of the SDK
    return installed if (Path(environ["PULUMI_HOME"]) / "plugins" / f"resource-{name}-v{installed}").exists() else ""


def _ask(plugin: str, environ: Mapping[str, str]) -> str:
    with _engine() as engine:
        process = subprocess.Popen(  # noqa: S603 - found on the sandbox's PATH
            [plugin, engine],
            env=dict(environ),
            stdin=subprocess.PIPE,  # which an engine holds open for as long as it needs the plugin
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub: Any = ResourceProviderStub(channel)
                asked: PluginInfo = stub.GetPluginInfo(Empty(), timeout=_PATIENCE_SECONDS)
                return asked.version or _UNKNOWN
        except grpc.RpcError:
            return _UNKNOWN
        finally:
            process.kill()
            process.communicate()


@contextmanager
def _engine() -> Generator[str]:
    """The address of something that a plugin takes for its engine: it ends where there is none."""
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None)
