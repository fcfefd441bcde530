"""What an update says is shown while it goes on, and nothing waits for that."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from teal.notifications import progress
from teal.notifications.progress import NAME, Progress, read
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.serving import refused

PATH = f"/api/v1/namespaces/shop/configmaps/{NAME}"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def shown(server: FakeApiServer) -> list[str]:
    """What whoever looks is shown."""
    found: dict[str, Any] = server.answers.get(PATH, (404, {"data": {"lines": "[]"}}))[1]
    return json.loads(found["data"]["lines"])


async def test_lines_are_shown_as_they_are_said(api_server: FakeApiServer) -> None:
    """The last ones of all parts of an update, each in one line, and whoever runs it reads them first."""
    said: list[str] = []
    told = Progress(said.append)
    async with httpx2.AsyncClient(base_url=api_server.url, trust_env=False) as http:
        async with told.shared(http, "shop") as line:
            line("capacity PASSED")
            while not shown(api_server):  # noqa: ASYNC110 - as a page looks
                await asyncio.sleep(0.01)
        async with told.shared(http, "shop") as line:
            line("a\u001b[2Jb\nc")
        assert shown(api_server) == ["capacity PASSED", "a\ufffd[2Jb", "c"]
        async with told.shared(http, "shop") as line:
            for number in range(progress.LINES + 1):
                line(str(number))
    assert said[:2] == ["capacity PASSED", "a\u001b[2Jb\nc"]
    assert shown(api_server) == [str(number) for number in range(1, progress.LINES + 1)]


async def test_an_update_that_says_nothing_writes_nothing(api_server: FakeApiServer) -> None:
    """Most parts of it do not."""
    async with (
        httpx2.AsyncClient(base_url=api_server.url, trust_env=False) as http,
        Progress(print).shared(http, "shop"),
    ):
        await asyncio.sleep(0)
    assert not api_server.heard


async def test_a_write_that_fails_is_the_last(api_server: FakeApiServer) -> None:
    """Whoever may not write it is not held up again and again."""
    asked: list[str] = []

    def refuse(method: str, _path: str) -> int:
        asked.append(method)
        return 403

    api_server.fault = refuse
    told = Progress(asked.append)
    async with httpx2.AsyncClient(base_url=api_server.url, trust_env=False) as http:
        for each in ("one", "two", "three"):
            async with told.shared(http, "shop") as line:
                line(each)
    assert asked == ["one", "PATCH", "two", "three"]


async def test_a_cluster_that_is_gone_is_no_hindrance() -> None:
    """Nor is what it raises."""
    async with (
        httpx2.AsyncClient(base_url=refused(), trust_env=False) as http,
        Progress(print).shared(http, "shop") as line,
    ):
        line("one")
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ({"at": NOW.isoformat(), "lines": '["one"]'}, ("one",)),
        ({"at": (NOW - timedelta(minutes=2)).isoformat(), "lines": '["one"]'}, ()),
        ({"at": "2026-01-01T00:00:00", "lines": '["one"]'}, ()),
        ({"at": NOW.isoformat(), "lines": "one"}, ()),
        ({"at": NOW.isoformat()}, ()),
        ({}, ()),
    ],
)
def test_what_was_said_long_ago_is_not_shown(data: dict[str, str], lines: tuple[str, ...]) -> None:
    """Nor what is no progress."""
    assert tuple(read(data, NOW)) == lines
