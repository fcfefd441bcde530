"""A load of gRPC calls: `python -m tests.sandbox.examples.calling TARGET` prints a line a call until it is ended.

Every 20 ms two calls leave, whatever became of those before: on a channel of its own, and on one that is kept.
"""

import asyncio
import signal
import sys

import grpc
import grpc.aio

METHOD = "/helloworld.Greeter/SayHello"
REQUEST = b"\n\x05world"
"""A HelloRequest whose name is that."""
INTERVAL_S = 0.02
OPTIONS = (("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1))


async def _call(mode: str, channel: grpc.aio.Channel) -> None:
    try:
        await channel.unary_unary(METHOD)(REQUEST, timeout=5)
        print(mode, "OK", flush=True)  # noqa: T201 - what it is for
    except grpc.aio.AioRpcError as error:
        print(mode, error.code().name, flush=True)  # noqa: T201 - as above


async def _alone(target: str) -> None:
    async with grpc.aio.insecure_channel(target, options=OPTIONS) as channel:
        await _call("new", channel)


async def main(target: str) -> None:
    """Call until SIGTERM; what is in flight then is waited for."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    async with grpc.aio.insecure_channel(target, options=OPTIONS) as kept, asyncio.TaskGroup() as calls:
        due = loop.time()
        while not ended.is_set():
            calls.create_task(_alone(target))
            calls.create_task(_call("kept", kept))
            due += INTERVAL_S
            await asyncio.sleep(max(0, due - loop.time()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
