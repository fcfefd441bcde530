"""What an update says while it proves and watches a flip, for whoever looks meanwhile: its last lines, in a ConfigMap.

Nothing rests on it. Nobody waits for a write of it, but for a moment at the end; one that fails is the last.
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
"""Of the ConfigMap."""

LINES = 40
"""That are kept."""

PAUSE_SECONDS = 0.3
"""Between two writes, and for the last one."""

SHOWN = timedelta(minutes=1)
"""For so long after its last word an update is taken for one that goes on."""

_LINES = TypeAdapter(tuple[str, ...])


class Progress:
    """Of one update."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Prepare; nothing is written yet.

        Args:
            say: where each line goes as well, and first.
        """
        self._say = say
        self._lines = deque[str](maxlen=LINES)
        self._able = True

    @asynccontextmanager
    async def shared(self, http: httpx2.AsyncClient, namespace: str) -> AsyncGenerator[Callable[[str], None]]:
        """What takes lines while the block goes on, and shows them in a namespace.

        Args:
            http: whose base URL is the API server's.
            namespace: the stack's.
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
            if every and self._able:  # it may have been cut short over the last lines
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
    """The last lines of an update that goes on; none where nobody has said anything for a while."""
    try:
        fresh = abs(now - datetime.fromisoformat(data.get("at", ""))) <= SHOWN
        return _LINES.validate_json(data.get("lines", "")) if fresh else ()
    except (TypeError, ValidationError, ValueError):
        return ()
