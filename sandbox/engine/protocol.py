"""How the engine reaches Pulumi's published gRPC stubs, and nothing of the SDK above them.

The stubs live in the `pulumi` package. Importing that package loads the whole SDK (0.44 s on the target machine); the
stubs alone cost 0.18 s, and the engine needs nothing else of it. What the stubs mean is not decided here.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.protobuf.message import Message

M = TypeVar("M", bound="Message")

MAX_MESSAGE: Final = 400 * 1024 * 1024
"""Bytes of one message; the SDK's own limit (pulumi.runtime._grpc_settings)."""

MAX_METADATA: Final = 16 * 1024 * 1024
"""Bytes of one call's metadata, which carry a failed resource's state; grpc-go's limit, so that of Pulumi's engine."""

CHANNEL_OPTIONS: Final[list[tuple[str, int]]] = [
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.max_metadata_size", MAX_METADATA),
    ("grpc.absolute_max_metadata_size", MAX_METADATA),
    ("grpc.enable_http_proxy", 0),  # every address is on this machine; a proxy of the user's must not see it
]


def use_stubs_without_sdk() -> None:
    """Let `pulumi.runtime.proto` be imported without running `pulumi/__init__.py`.

    For a process that is the engine and nothing else: in a process that also runs the SDK (a test) it must not be
    called, since it leaves hollow packages where the SDK should be.
    """
    if "pulumi" in sys.modules:
        return
    spec = importlib.util.find_spec("pulumi")
    if spec is None or spec.submodule_search_locations is None:
        return  # the import that follows says what is missing
    root = Path(next(iter(spec.submodule_search_locations)))
    for name, folder in (("pulumi", root), ("pulumi.runtime", root / "runtime")):
        hollow = types.ModuleType(name)
        hollow.__path__ = [str(folder)]
        sys.modules[name] = hollow


async def ask(stub: object, method: str, request: Message, answer: type[M]) -> M:  # noqa: ARG001 - see below
    """Call a method of a stub on an asyncio channel.

    `answer` says what comes back: the published stubs' own annotations name modules that do not exist.

    Raises:
        grpc.aio.AioRpcError: the other side refused, or is not there.
    """
    call: Callable[[Message], Awaitable[M]] = getattr(stub, method)
    return await call(request)
