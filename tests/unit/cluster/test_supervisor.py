"""The supervisor: order, restarts, stops and failures, with plain shell commands in the daemons' place."""

import asyncio
import contextlib
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster.daemons.component import Check, Component
from sandbox.cluster.daemons.supervisor import Supervisor
from sandbox.cluster.environment import Sandbox
from sandbox.cluster.layout import Layout

_WAIT_S = 10.0


class _Running:
    """A supervisor that runs, and the world its components see."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.works: dict[str, bool] = {}
        self.looks: Counter[str] = Counter()
        self.looked_often = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self, *wanted: Component) -> None:
        self.supervisor = Supervisor(self.layout, wanted, self._holds)
        self.tasks.append(asyncio.create_task(self.supervisor.run()))
        await self.until(lambda status: any(c["phase"] != "waiting" for c in status["components"].values()))

    async def _holds(self, component: Component) -> bool:
        self.looks[component.name] += 1
        if self.looks[component.name] == 3:
            self.looked_often.set()
        return self.works.get(component.name, True)

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the status is so."""
        async with asyncio.timeout(_WAIT_S):
            await self.supervisor.wait(lambda: condition(self.supervisor.status()))
        return self.supervisor.status()

    async def ask(self, request: dict[str, str]) -> list[dict[str, Any]]:
        """Every answer to a request."""
        reader, writer = await asyncio.open_unix_connection(self.layout.control)
        writer.write(json.dumps(request).encode() + b"\n")
        async with asyncio.timeout(_WAIT_S):
            lines = (await reader.read()).splitlines()
        writer.close()
        await writer.wait_closed()
        return [json.loads(line) for line in lines]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[_Running]:
    """A supervisor to be started; what it started is ended afterwards."""
    layout = Layout(Sandbox.named("a", work_tree=tmp_path))
    layout.logs.mkdir(parents=True)
    running = _Running(layout)
    yield running
    for name, state in running.supervisor.status()["components"].items():
        if state["pid"]:
            await running.supervisor.stop(name)
    for task in running.tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)


def _daemon(name: str, *after: str, script: str = "exec sleep 60") -> Component:
    return Component(name=name, argv=("sh", "-c", script), check=Check.HTTP, after=after)


def _phase(name: str, phase: str) -> Callable[[dict[str, Any]], bool]:
    return lambda status: status["components"][name]["phase"] == phase


async def test_a_component_starts_when_those_before_it_work(running: _Running) -> None:
    """Being started is not enough: what it waits for must work."""
    running.works["etcd"] = False
    await running.start(_daemon("api", "etcd"), _daemon("etcd"))
    async with asyncio.timeout(_WAIT_S):
        await running.looked_often.wait()
    status = running.supervisor.status()
    assert _phase("etcd", "starting")(status)
    assert _phase("api", "waiting")(status)
    running.works["etcd"] = True
    await running.until(lambda status: status["up"])


async def test_a_task_is_done_when_it_exits_with_0(running: _Running) -> None:
    """Loading an image is no daemon."""
    task = Component(name="load", argv=("true",), check=Check.EXITS)
    await running.start(task, _daemon("next", "load"))
    status = await running.until(lambda status: status["up"])
    assert status["components"]["load"]["phase"] == "done"


async def test_one_that_dies_during_the_start_fails_it_with_its_last_words(running: _Running) -> None:
    """The start ends at once rather than at a deadline."""
    running.works["kubelet"] = False
    await running.start(_daemon("kubelet", script="echo no cgroup >&2; exit 3"))
    *_, last = await running.ask({"do": "watch"})
    assert last["failed"] == ["kubelet"]
    assert last["components"]["kubelet"]["message"].startswith("exited with 3")
    assert "no cgroup" in last["components"]["kubelet"]["message"]


async def test_a_command_that_is_not_there_fails_the_start(running: _Running) -> None:
    """Its name stands in the message."""
    await running.start(Component(name="x", argv=("no-such-daemon",), check=Check.HTTP))
    *_, last = await running.ask({"do": "watch"})
    assert "no-such-daemon" in last["components"]["x"]["message"]


async def test_one_that_dies_later_is_restarted(running: _Running) -> None:
    """As a service manager of a node would."""
    await running.start(_daemon("api"))
    status = await running.until(lambda status: status["up"])
    first = status["components"]["api"]["pid"]
    os.kill(first, signal.SIGKILL)
    status = await running.until(lambda status: status["components"]["api"]["restarts"] == 1 and status["up"])
    assert status["components"]["api"]["pid"] != first
    assert status["components"]["api"]["message"] == ""


async def test_one_that_is_stopped_stays_stopped_until_it_is_started(running: _Running) -> None:
    """Rehearsals take kube-proxy away and give it back."""
    await running.start(_daemon("proxy"))
    await running.until(lambda status: status["up"])
    [stopped] = await running.ask({"do": "stop", "component": "proxy"})
    assert stopped["components"]["proxy"]["phase"] == "stopped"
    assert stopped["components"]["proxy"]["pid"] is None
    assert not stopped["up"]
    [started] = await running.ask({"do": "start", "component": "proxy"})
    assert started["up"]


async def test_a_restart_is_another_process(running: _Running) -> None:
    """And it works again when the answer comes."""
    await running.start(_daemon("api"))
    before = await running.until(lambda status: status["up"])
    [after] = await running.ask({"do": "restart", "component": "api"})
    assert after["up"]
    assert after["components"]["api"]["pid"] != before["components"]["api"]["pid"]
    assert after["components"]["api"]["restarts"] == 0


async def test_an_unknown_component_is_refused_by_name(running: _Running) -> None:
    """The answer lists those there are."""
    await running.start(_daemon("api"))
    [answer] = await running.ask({"do": "stop", "component": "apiserver"})
    assert answer == {"error": "there is no component 'apiserver'; there are: api"}


async def test_nobody_awaits_what_is_not_awaited(running: _Running) -> None:
    """A stand-in that fails does not fail the cluster."""
    failing = Component(name="moto", argv=("false",), check=Check.HTTP, awaited=False)
    running.works["moto"] = False
    await running.start(_daemon("api"), failing)
    await running.until(_phase("moto", "failed"))
    status = await running.until(lambda status: status["up"])
    assert status["failed"] == []
