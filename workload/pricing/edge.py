"""What happens to every request whatever its endpoint: counted, recorded, marked with who answered, made to fail.

Plain ASGI, because it runs in front of all traffic: a framework's middleware would add a task and two queues to each
request.
"""

import asyncio
import random
import time
from collections.abc import Collection

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workload.pricing.lifecycle import Lifecycle
from workload.pricing.operations import operational
from workload.pricing.records import Records
from workload.pricing.settings import Settings

UNMATCHED = "unmatched"
"""Stands for every path the API does not have."""

_CLOSE = (b"connection", b"close")


class Edge:
    """Wraps the application."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        lifecycle: Lifecycle,
        records: Records,
        paths: Collection[str],
    ) -> None:
        """Wrap `app`, which has these paths."""
        self._app = app
        self._lifecycle = lifecycle
        self._records = records
        self._paths = paths
        self._latency = settings.fault_latency_ms / 1000
        self._error_share = settings.fault_error_percent / 100
        self._well = settings.fault_after_requests
        self._marks = [
            (b"x-colour", settings.deployment_group.encode()),
            (b"x-version", settings.version.encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        status = 500

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Asked when the answer is written, not when the request came: a drain may have begun in between.
                close = [_CLOSE] if self._lifecycle.closes_connections else []
                message = {**message, "headers": [*message["headers"], *self._marks, *close]}
            await send(message)

        if operational(path):
            await self._app(scope, receive, send_marked)
            return
        started = time.perf_counter()
        self._lifecycle.active_requests += 1
        try:
            await self._answer_business(scope, receive, send_marked)
        finally:
            self._lifecycle.active_requests -= 1
            template = path if path in self._paths else UNMATCHED
            self._records.request(template, scope["method"], status, time.perf_counter() - started)

    async def _answer_business(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._well:
            self._well -= 1
            await self._app(scope, receive, send)
            return
        if self._latency:
            await asyncio.sleep(self._latency)
        if self._error_share and random.random() < self._error_share:  # noqa: S311 - a rehearsed fault is no secret
            await JSONResponse({"detail": "FAULT_ERROR_PERCENT"}, 500)(scope, receive, send)
            return
        await self._app(scope, receive, send)
