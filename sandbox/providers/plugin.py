"""Serve a provider as an engine's plugin: its port on the first line of stdout, its life tied to the engine's."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc
import stamina.instrumentation
from pulumi.runtime.proto import provider_pb2_grpc

# An await holds a thread; Pulumi's engine runs at most 4 operations for each core by default, 16 at least.
_THREADS: Final = 64
# Pulumi's own limit for a message (rpcutil): a CustomResourceDefinition is larger than gRPC's default.
_OPTIONS: Final = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]


def serve(servicer: provider_pb2_grpc.ResourceProviderServicer, engine_address: str = "") -> None:
    """Serve until the engine is gone. Without its address (PULUMI_DEBUG_PROVIDERS): until killed."""
    stamina.instrumentation.set_on_retry_hooks([])  # stderr of a plugin is shown to the user, line by line
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    if engine_address:
        _await_end(engine_address)
        server.stop(grace=None)
    else:
        server.wait_for_termination()


def _await_end(engine_address: str) -> None:
    """Block until the engine cannot be reached: it listens before it starts a plugin, and until it ends."""
    over, reached = threading.Event(), threading.Event()

    def changed(state: grpc.ChannelConnectivity) -> None:
        if state is grpc.ChannelConnectivity.READY:
            reached.set()
        elif state is grpc.ChannelConnectivity.TRANSIENT_FAILURE or (
            state is grpc.ChannelConnectivity.IDLE and reached.is_set()
        ):
            over.set()

    never = [("grpc.client_idle_timeout_ms", 2**31 - 1)]  # else a quiet channel would become idle by itself
    with grpc.insecure_channel(engine_address, options=never) as channel:
        channel.subscribe(changed, try_to_connect=True)
        over.wait()
