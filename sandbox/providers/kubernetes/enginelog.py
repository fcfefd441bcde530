"""What the user is told while something lasts: the engine's log, ephemeral lines for progress."""

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


class EngineLog:
    """The engine's `Log`. Without an engine's address, and when it does not answer, lines are dropped."""

    def __init__(self, address: str) -> None:
        """Connect when first needed."""
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None
        self._said: dict[str, str] = {}

    def progress(self, urn: str, message: str) -> None:
        """Show what a resource waits for, in place of what was shown before; an empty text clears it."""
        if self._said.get(urn, "") != message:
            self._said[urn] = message
            self._send(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True))

    def warning(self, urn: str, message: str) -> None:
        """Warn, for good."""
        self._send(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn))

    def _send(self, request: engine_pb2.LogRequest) -> None:
        if self._stub is not None:
            # Not waited for. The published stubs of the Engine service name a module that does not exist.
            self._stub.Log.future(request)  # pyright: ignore[reportUnknownMemberType]
