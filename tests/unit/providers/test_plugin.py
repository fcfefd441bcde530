"""The provider as a plugin of Pulumi's engine: its port on the first line, what it is, and an end with the engine's."""

# The published stubs of these services name a module that does not exist, so their calls have no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from signal import SIGINT

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

_ENDPOINT = "http://127.0.0.1:1"

Plugin = subprocess.Popen[bytes]


class Engine(engine_pb2_grpc.EngineServicer):
    """An engine's log."""

    def __init__(self) -> None:
        """Listen on loopback."""
        self.logged: list[tuple[engine_pb2.LogSeverity.ValueType, str]] = []
        self.server = grpc.server(ThreadPoolExecutor(1))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self.server)
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def Log(  # noqa: N802 - the protocol's name
        self, request: engine_pb2.LogRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Keep it."""
        del context
        self.logged.append((request.severity, request.message))
        return empty_pb2.Empty()


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine that only listens."""
    listening = Engine()
    yield listening
    listening.server.stop(grace=None)


@pytest.fixture
def plugin(engine: Engine) -> Iterator[Plugin]:
    """The plugin, started as an engine does it."""
    command = [sys.executable, "-m", "sandbox.providers.aws", engine.address]
    environ = {**os.environ, "AWS_ENDPOINT_URL": _ENDPOINT}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as process:
        yield process
        process.kill()


def _port(plugin: Plugin) -> int:
    assert plugin.stdout is not None
    return int(plugin.stdout.readline())


def test_a_plugin_says_what_it_is(plugin: Plugin, engine: Engine) -> None:
    """In its version, and to whoever reads the update's diagnostics; it claims nothing that it cannot do."""
    with grpc.insecure_channel(f"127.0.0.1:{_port(plugin)}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        claimed = stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address=engine.address))
        assert claimed == provider_pb2.ProviderHandshakeResponse()
        assert "stand-in" in stub.GetPluginInfo(empty_pb2.Empty()).version
        assert engine.logged == []
        stub.Configure(provider_pb2.ConfigureRequest())
        stub.Cancel(empty_pb2.Empty())
    ((severity, message),) = engine.logged
    assert severity == engine_pb2.INFO
    assert "stand-in over moto" in message
    assert _ENDPOINT in message


def _is_killed(plugin: Plugin) -> None:
    assert plugin.stdin is not None
    plugin.stdin.close()  # as the kernel does for a process that is gone


def _interrupts(plugin: Plugin) -> None:
    plugin.send_signal(SIGINT)


@pytest.mark.parametrize("end", [_is_killed, _interrupts])
def test_a_plugin_ends_with_its_engine(plugin: Plugin, end: Callable[[Plugin], None]) -> None:
    """With one that was killed, and with one that interrupts it as Pulumi's does; quietly."""
    _port(plugin)
    assert plugin.poll() is None
    end(plugin)
    assert plugin.wait(timeout=30) == 0
