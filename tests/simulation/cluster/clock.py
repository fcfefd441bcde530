"""Lets time pass only while everybody waits: a second costs nothing, and two runs of a seed are the same."""

import asyncio
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, datetime, timedelta, tzinfo
from heapq import heappop, heappush
from itertools import count
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID, uuid4

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_PATCHED = ("teal", "teal_infra", "tenacity", "stamina")
_T = TypeVar("_T")


class StalledError(Exception):
    """Everybody waits for something that nobody will bring about."""


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop without sockets, whose clock jumps to the next thing that is due."""

    _scheduled: list[asyncio.TimerHandle]
    _ready: deque[asyncio.Handle]

    def __init__(self) -> None:
        """Begin at zero."""
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Schedule a call as the base does, without its checks, which take a tenth of a seed's time."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._scheduled, timer)
        return timer

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Schedule a call in the same way, some seconds from now."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule a call in the same way, at once."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def _run_once(self) -> None:
        """Take one turn as the base does, where nothing ever comes from outside."""
        scheduled, ready = self._scheduled, self._ready
        while scheduled and scheduled[0].cancelled():
            heappop(scheduled)
        if not ready:
            if not scheduled:
                raise StalledError
            self._now = max(self._now, scheduled[0].when())
        while scheduled and scheduled[0].when() <= self._now:
            ready.append(heappop(scheduled))
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()  # noqa: SLF001 - as the base does

    def _write_to_self(self) -> None:
        pass


@contextmanager
def virtual(loop: VirtualLoop, seed: int, ahead: Callable[[], float]) -> Generator[None]:
    """Take the time, chance and fresh names from this loop and this seed, whoever asks for them.

    Args:
        loop: the loop whose time it is.
        seed: the seed of chance.
        ahead: returns how many seconds the asker's wall clock is ahead of the API server's.
    """
    numbers = count(1)

    class Now(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Now":
            return cls.fromisoformat(((EPOCH + timedelta(seconds=loop.time() + ahead())).astimezone(tz)).isoformat())

    swap = {
        id(time): SimpleNamespace(monotonic=loop.time, time=loop.time, perf_counter=loop.time),
        id(datetime): Now,
        id(uuid4): lambda: UUID(int=next(numbers) << 96),
    }
    found = [
        (module, name, value)
        for path, module in list(sys.modules.items())
        if path.partition(".")[0] in _PATCHED
        for name in ("time", "datetime", "uuid4")
        if id(value := getattr(module, name, None)) in swap
    ]
    before = random.getstate()
    random.seed(seed)
    try:
        for module, name, value in found:
            setattr(module, name, swap[id(value)])
        yield
    finally:
        random.setstate(before)
        for module, name, value in found:
            setattr(module, name, value)


def run(main: Coroutine[Any, Any, _T], loop: VirtualLoop) -> _T:
    """Run a coroutine to its end, and then end whatever is still under way."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        left = asyncio.all_tasks(loop)
        for each in left:
            each.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        asyncio.set_event_loop(None)
