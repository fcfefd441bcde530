"""What bindings depend on is followed on an API server that comes, goes and forgets."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import httpx2
import pytest
from lightkube import AsyncClient, SingleConfig
from lightkube.config.models import Cluster, Context, User

from sandbox.aws.binding import Bindings
from sandbox.aws.following import Following
from tests.unit.teal.serving import Asked, Said, serving

_FOR_EVER = 3600.0


def _pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "8"}}


def _list(*names: str) -> Said:
    return Said(
        body=json.dumps({"metadata": {"resourceVersion": "7"}, "items": [_pod(name) for name in names]}).encode()
    )


def _events(*events: tuple[str, dict[str, Any]]) -> Said:
    return Said(body=b"".join(json.dumps({"type": kind, "object": item}).encode() + b"\n" for kind, item in events))


class ApiServer:
    """Lists one pod; each watch of pods gets the next of these answers, and then none."""

    def __init__(self, *watches: Said) -> None:
        """Remember what was asked."""
        self.watched: list[str] = []
        self.missing = ""
        self.asked_again = asyncio.Event()
        self._listed: set[str] = set()
        self._watches = list(watches)
        self._quiet = asyncio.Event()

    async def answer(self, asked: Asked) -> Said:
        """A list, or a watch."""
        kind = asked.target.partition("?")[0].rpartition("/")[2]
        if "watch=true" not in asked.target:
            if kind == self.missing:
                if kind in self._listed:
                    self.asked_again.set()
                self._listed.add(kind)
                return Said(status=404, headers={"Content-Type": "application/json"})
            return _list(*(["old"] if kind == "pods" else []))
        if kind == "pods" and self._watches:
            self.watched.append(asked.target)
            return self._watches.pop(0)
        await self._quiet.wait()
        return Said()


def _client(url: str) -> AsyncClient:
    user, cluster, context = User(), Cluster(server=url), Context(cluster="it", user="it")
    return AsyncClient(SingleConfig(context_name="it", context=context, cluster=cluster, user=user))


async def _until(following: Following, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await following.change(_FOR_EVER)


def _names(following: Following) -> set[str]:
    return {pod["metadata"]["name"] for pod in following.seen("pods")}


async def test_what_is_there_is_listed_and_then_followed() -> None:
    """From the list on, over the end of a watch; as plain trees."""
    changes = _events(("ADDED", _pod("new")), ("DELETED", _pod("old"))), _events(("MODIFIED", _pod("newer")))
    server = ApiServer(*changes)
    async with serving(server.answer) as url, Following.of(_client(url)) as following:
        await _until(following, lambda: following.complete)
        await _until(following, lambda: _names(following) == {"new", "newer"})
        assert all(type(pod) is dict for pod in following.seen("pods"))
        assert ["resourceVersion=7" in target for target in server.watched] == [True, False]


async def test_a_kind_that_can_no_longer_be_followed_ends_it() -> None:
    """A version that the API server has forgotten, say; who follows wakes up by it."""
    forgotten = {"kind": "Status", "code": 410, "message": "too old resource version"}
    server = ApiServer(_events(("ERROR", forgotten)))
    async with serving(server.answer) as url:
        with pytest.raises(ExceptionGroup) as broken:
            async with Following.of(_client(url)) as following:
                await _until(following, lambda: False)
    assert broken.group_contains(httpx2.HTTPError, match="too old resource version")


async def test_a_kind_that_is_not_there_yet_is_waited_for() -> None:
    """The bindings are followed anew until it is."""
    server = ApiServer()
    server.missing = "targetgroupbindings"
    async with serving(server.answer) as url:
        bindings = asyncio.create_task(Bindings(_client(url), cast("Any", None)).follow())
        async with asyncio.timeout(20):
            await server.asked_again.wait()
        assert not bindings.done()
        bindings.cancel()
        with suppress(asyncio.CancelledError):
            await bindings
