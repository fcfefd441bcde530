"""Serve a provider as a plugin of Pulumi's engine: its port on the first line of stdout, its life tied to the engine's.

The engine shows nothing that a plugin writes, unless it ends too early: what users are to read goes to the engine's
log.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc

_THREADS: Final = 16  # Pulumi's engine runs at most 16 operations at a time, or 4 for each core
_TELL_SECONDS: Final = 5.0


def serve(servicer: provider_pb2_grpc.ResourceProviderServicer) -> None:
    """Serve until stdin ends: a pipe that only the engine holds, so that a killed one, too, leaves no plugin behind."""
    server = grpc.server(ThreadPoolExecutor(_THREADS))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with suppress(KeyboardInterrupt):  # how the engine ends a plugin that it has cancelled
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        sys.stdin.read()
    server.stop(grace=None)


def tell(engine_address: str, message: str) -> None:
    """Show the user a line among the update's diagnostics."""
    with grpc.insecure_channel(engine_address) as channel:
        request = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message)
        engine_pb2_grpc.EngineStub(channel).Log(request, timeout=_TELL_SECONDS)  # pyright: ignore[reportUnknownMemberType] - the published stubs name a module that does not exist
