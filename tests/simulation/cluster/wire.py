"""Carries HTTP from one process of teal's, or of the engine's, to the API server in memory: the seam of the simulation.

Above it is the real code. A request that has left arrives, whoever still waits for its answer.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2

from teal.adapters.kubernetes.access import ClusterAccess
from teal.adapters.prometheus import Prometheus, PrometheusAccess
from tests.simulation.cluster.api import Answer, Api, Asked, refused, target_of
from tests.simulation.cluster.client import SERVER, Client, Request, Response
from tests.simulation.cluster.faults import Fault, Faults, Trouble
from tests.simulation.cluster.world import chance

ACTOR: ContextVar["Actor"] = ContextVar("ACTOR")
"""The process that the current task belongs to."""

STATUS = {
    Trouble.BUSY: (429, "TooManyRequests"),
    Trouble.AWAY: (503, "ServiceUnavailable"),
    Trouble.BROKEN: (500, "InternalError"),
    Trouble.CONFLICT: (409, "Conflict"),
}


_T = TypeVar("_T")

MUTE = 0.5
"""The share of pods that do not answer to a forwarded port; the others refuse it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Death:
    """The death of a process with one of its requests."""

    request: str
    """How the request begins."""
    number: int
    """Which of these requests it is, counted from 1."""
    after_sending: bool
    """Whether the request still leaves."""


@dataclass(kw_only=True, slots=True, eq=False)
class Actor:
    """A process that may die: all of its tasks, and what it has heard."""

    name: str
    death: Death | None = None
    """How the process dies; None where it lives."""
    began: float = 0
    ahead: float = 0
    """By how many seconds its machine's clock is ahead of the API server's."""
    dead: bool = False
    still_until: float = 0
    """The virtual time until which it stands still."""
    requests: int = 0
    fatal: int = 0
    """The number of its requests of the kind that is to be its last."""
    tasks: dict[asyncio.Task[Any], None] = field(default_factory=dict[asyncio.Task[Any], None])
    """Its tasks in the order in which they began: a set's order would differ in each run."""
    said: list[str] = field(default_factory=list[str])
    swallowed: list[float] = field(default_factory=list[float])
    """When a question to a front door got lost; to the asker, the release did not answer it."""
    read: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])
    """When each Service was read last, and which colour it led to."""

    def forget(self, task: asyncio.Task[Any]) -> None:
        """Forget a task that has ended."""
        self.tasks.pop(task, None)

    def die(self) -> None:
        """End at once: no task goes on, and nothing that they clean up with reaches anybody."""
        self.dead = True
        for each in list(self.tasks):
            each.cancel()


def spawn(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, _T] | Generator[Any, None, _T],
    *,
    context: Context | None = None,
) -> asyncio.Task[_T]:
    """Return a new task, and remember whose it is."""
    task = asyncio.Task(coro, loop=loop, context=context)
    actor = ACTOR.get(None)
    if actor is not None:
        actor.tasks[task] = None
        task.add_done_callback(actor.forget)
        if actor.dead:
            task.cancel()
    return task


def ahead() -> float:
    """Return by how many seconds the clock of the current task's process is ahead."""
    actor = ACTOR.get(None)
    return actor.ahead if actor is not None else 0


def _unheard(actor: Actor, asked: Asked, answer: Answer) -> None:
    del actor, asked, answer


@dataclass(kw_only=True, slots=True)
class Network:
    """Everybody's way to the API server."""

    api: Api
    faults: Faults
    seed: int
    heard: Callable[[Actor, Asked, Answer], None] = _unheard

    @asynccontextmanager
    async def client(self, access: ClusterAccess) -> AsyncGenerator[httpx2.AsyncClient]:
        """Yield a client for the current task's process, in place of `teal.adapters.kubernetes.access.client`."""
        del access
        async with self.http(ACTOR.get()) as http:
            yield http

    @asynccontextmanager
    async def prometheus(self, access: PrometheusAccess) -> AsyncGenerator[Prometheus]:
        """Yield a connection of the current task's process, in place of `Prometheus.connect`."""
        async with self.http(ACTOR.get()) as http:
            yield Prometheus(http, access)

    def http(self, actor: Actor) -> httpx2.AsyncClient:
        """Return a client of one process."""
        return Client(transport=Wire(self, actor), base_url=SERVER, timeout=5, trust_env=False)


class Wire(httpx2.AsyncBaseTransport):
    """Carries one process's requests."""

    def __init__(self, network: Network, actor: Actor) -> None:
        """Prepare to carry them over this network."""
        self._network = network
        self._actor = actor

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry one request there, and its answer back."""
        actor = self._actor
        if request.method != "PATCH":  # between the last check and a write of traffic: docs/invariants.md, assumptions
            await self._still()
        asked = Asked(
            actor=actor.name,
            method=request.method,
            url=request.text if isinstance(request, Request) else str(request.url),
            content=request.content if request.method != "GET" else b"",
            content_type=request.headers.get("content-type", ""),
            sent=asyncio.get_running_loop().time(),
        )
        self._alive()
        dying = self._dying(asked)
        if dying is not None and not dying.after_sending:
            actor.die()
        self._alive()
        answering = await self._send(request, asked)
        if dying is not None:
            answering.cancel()
            actor.die()
        self._alive()
        if "watch" in target_of(asked.url).params:
            return httpx2.Response(200, content=self._watching(asked.url), request=request)
        answer = await self._within(request, answering)
        self._alive()
        self._network.heard(actor, asked, answer)
        return Response(answer.status, answer.content, request, int(asyncio.get_running_loop().time()))

    async def _still(self) -> None:
        left = self._actor.still_until - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)

    def _dying(self, asked: Asked) -> Death | None:
        """Return the death that comes with this request; None where none does."""
        actor, death, faults = self._actor, self._actor.death, self._network.faults
        actor.requests += 1
        if death is None or faults.calm or not asked.what.startswith(death.request):
            return None
        actor.fatal += 1
        what = f"with {asked.what}, {'sent' if death.after_sending else 'not sent'}"
        return death if actor.fatal == death.number and faults.happens(f"death of {actor.name}", what) else None

    async def _send(self, request: httpx2.Request, asked: Asked) -> asyncio.Future[Answer]:
        """Let a request leave; raises what a client meets that cannot connect."""
        network, loop = self._network, asyncio.get_running_loop()
        fault = network.faults.befalls(asked) or Fault(trouble=Trouble.SLOW)
        if fault.trouble is Trouble.REFUSED:
            await asyncio.sleep(0.001)
            raise httpx2.ConnectError("All connection attempts failed", request=request)
        trace = request.extensions.get("trace")
        if trace is not None:
            await trace("http11.send_request_headers.started", {})
        answering: asyncio.Future[Answer] = loop.create_future()

        def arrive() -> None:
            if fault.trouble is Trouble.GATEWAY:
                answer = Answer(status=502, content=b"<html>Bad Gateway</html>")
            elif fault.trouble in STATUS:
                answer = refused(*STATUS[fault.trouble], str(fault.trouble))
            else:
                answer = network.api.answer(asked)
            if answering.done() or answer.hangs:
                return
            if fault.trouble is Trouble.LOST:
                answering.set_exception(httpx2.RemoteProtocolError("Server disconnected", request=request))
            else:
                answering.set_result(answer)

        lost = fault.trouble is Trouble.SILENT or fault.seconds >= request.extensions["timeout"]["read"]
        if lost and asked.what.startswith("GET services") and asked.what.endswith("proxy"):
            self._actor.swallowed.append(asked.sent)
        # As often as not, a pod that is asked to end its connections says nothing.
        mute = asked.what.endswith("portforward") and chance(network.seed, asked.url) < MUTE
        if fault.trouble is not Trouble.SILENT and not mute:
            way = 0.002 + 0.008 * chance(network.seed, asked.what, self._actor.requests)
            loop.call_later(way + fault.seconds, arrive)
        return answering

    async def _within(self, request: httpx2.Request, answering: asyncio.Future[Answer]) -> Answer:
        def expire() -> None:
            if not answering.done():
                answering.set_exception(httpx2.ReadTimeout("", request=request))

        expiring = asyncio.get_running_loop().call_later(request.extensions["timeout"]["read"], expire)
        try:
            return await answering
        finally:
            expiring.cancel()

    async def _watching(self, url: str) -> AsyncIterator[bytes]:
        for each in self._network.api.events(url):
            yield each
        await asyncio.sleep(3600)

    def _alive(self) -> None:
        if self._actor.dead:
            raise asyncio.CancelledError
