"""Keeps in a ConfigMap, for whoever looks, the last lines that an update says while it proves and watches a flip.

Nothing depends on it. Nobody waits for a write, except for a moment at the end; a write that fails is the last one.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx2
from pydantic import TypeAdapter, ValidationError

from teal.model.colours import MANAGER
from teal.model.labels import MANAGED_BY_LABEL
from teal.model.verdict import printable

NAME = "teal-progress"
"""The name of the ConfigMap."""

LINES = 40
"""How many lines are kept."""

PAUSE_SECONDS = 0.3
"""The pause between two writes, and the time for the last one."""

SHOWN = timedelta(minutes=1)
"""How long after its last line an update is taken for one that goes on."""

_LINES = TypeAdapter(tuple[str, ...])


class Progress:
    """The progress of one update."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Prepare to keep lines; nothing is written yet.

        Args:
            say: is called with each line, before it is kept.
        """
        self._say = say
        self._lines = deque[str](maxlen=LINES)
        self._able = True

    @asynccontextmanager
    async def shared(self, http: httpx2.AsyncClient, namespace: str) -> AsyncGenerator[Callable[[str], None]]:
        """Give the block a function that takes lines, and show these in a namespace while the block goes on.

        Args:
            http: the client, whose base URL is the API server's.
            namespace: the stack's namespace.
        """
        said = asyncio.Event()
        every = 0

        def line(text: str) -> None:
            nonlocal every
            self._say(text)
            self._lines.extend(map(printable, text.splitlines()))
            every += 1
            said.set()

        async def keep() -> None:
            while self._able:
                await said.wait()
                said.clear()
                await self._put(http, namespace)
                await asyncio.sleep(PAUSE_SECONDS)

        task = asyncio.create_task(keep())
        try:
            yield line
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if every and self._able:  # the task may have been cut short over the last lines
                with suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE_SECONDS):
                        await self._put(http, namespace)

    async def _put(self, http: httpx2.AsyncClient, namespace: str) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": namespace, "labels": {MANAGED_BY_LABEL: MANAGER}},
            "data": {"at": at, "lines": json.dumps([*self._lines])},
        }
        try:
            response = await http.patch(
                f"/api/v1/namespaces/{namespace}/configmaps/{NAME}",
                params={"fieldManager": MANAGER, "force": "true"},
                content=json.dumps(body),
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
        except httpx2.TransportError:
            self._able = False
        else:
            self._able = response.is_success


def read(data: Mapping[str, str], now: datetime) -> Sequence[str]:
    """Return the last lines of an update that goes on; none where nothing was said for a while."""
    try:
        fresh = abs(now - datetime.fromisoformat(data.get("at", ""))) <= SHOWN
        return _LINES.validate_json(data.get("lines", "")) if fresh else ()
    except (TypeError, ValidationError, ValueError):
        return ()
