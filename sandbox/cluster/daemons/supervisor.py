"""The sandbox's first process: starts the cluster's components in order, keeps them running, answers on a socket.

Process 1 of the sandbox's process namespace: when it ends, however it ends, the kernel ends everything else. It
builds nothing and removes nothing. `sandbox.cluster.start` runs it, as
`python -m sandbox.cluster.daemons.supervisor NAME WORK_TREE`.

Protocol on `control.sock`: one JSON object a line. Requests: `{"do": "status"}`, `{"do": "watch"}` (a status at
every change until the cluster is up or failed), `{"do": "start" | "stop" | "restart", "component": NAME}` (answered
when done). Every answer is a status (`Status.to_json`) or `{"error": TEXT}`.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox.cluster.control import listen
from sandbox.cluster.daemons.checks import Checker
from sandbox.cluster.daemons.component import Check, Component
from sandbox.cluster.daemons.components import components
from sandbox.cluster.daemons.mounts import hide_host
from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.cluster.layout import Layout

_CHECK_INTERVAL_S = 0.05
_RESTART_DELAY_S = 1.0  # as systemd's default is 0.1 s and the kubelet's 10 s; enough for a port to be free
_STOP_GRACE_S = 2.0  # the API server alone takes longer: it waits for watches that nobody ends
_HEARTBEAT_S = 1.0  # a watcher is told as often that nothing changed, so that it can tell slow from dead
_LAST_LINES = 5


@dataclass
class State:
    """What is known of one component; `since` is a Unix time."""

    phase: str = "waiting"  # waiting, starting, running, done, stopped, failed
    since: float = 0.0
    pid: int | None = None  # in the sandbox's process namespace
    restarts: int = 0
    message: str = ""


class Supervisor:
    """Runs the components of one sandbox."""

    def __init__(
        self, layout: Layout, wanted: Sequence[Component], holds: Callable[[Component], Awaitable[bool]]
    ) -> None:
        """Nothing is started yet.

        Args:
            layout: where logs and the control socket are.
            wanted: what is to run.
            holds: looks whether a component works now; called again until it says yes.
        """
        self._layout = layout
        self._components = {component.name: component for component in wanted}
        self._states = {name: State(since=time.time()) for name in self._components}
        self._wanted = set(self._components)
        self._processes: dict[int, tuple[str, subprocess.Popen[bytes]]] = {}
        self._changed = asyncio.Condition()
        self._holds = holds
        self._environ = layout.sandbox.environ()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Start everything and serve until killed."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        loop.add_signal_handler(signal.SIGTERM, os._exit, 0)  # the kernel ends the rest
        with listen(self._layout.control) as listener:
            server = await asyncio.start_unix_server(self._serve, sock=listener)
            for name in self._components:
                self._spawn(self._bring_up(name))
            await server.serve_forever()

    def _spawn(self, work: Any) -> None:  # noqa: ANN401 - a coroutine's type parameters say nothing here
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- components ---------------------------------------------------------------------------------------------

    def _set(self, name: str, phase: str, **fields: Any) -> None:  # noqa: ANN401 - fields of State
        state = self._states[name]
        state.phase, state.since = phase, time.time()
        for field, value in fields.items():
            setattr(state, field, value)
        self._spawn(self._announce())

    async def _announce(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds; it is looked at whenever a component changes."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _bring_up(self, name: str) -> None:
        """Start a component when those before it are there, and see it come up."""
        component = self._components[name]
        await self.wait(lambda: all(self._states[before].phase in {"running", "done"} for before in component.after))
        self._set(name, "starting", message="")
        if component.argv:
            self._start_process(component)
        if component.check is Check.EXITS:
            return  # _reap sees it end
        while self._states[name].phase == "starting":
            if await self._holds(component):
                self._set(name, "running")
                return
            await asyncio.sleep(_CHECK_INTERVAL_S)

    def _start_process(self, component: Component) -> None:
        path = self._layout.logs / f"{component.name}.log"
        with path.open("ab") as log:
            try:
                process = subprocess.Popen(  # noqa: S603 - no shell; the commands are those of components.py
                    component.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environ,
                    cwd="/",
                )
            except OSError as error:
                self._set(component.name, "failed", message=f"cannot be run: {error}")
                return
        self._processes[process.pid] = (component.name, process)
        self._states[component.name].pid = process.pid

    def _reap(self) -> None:
        """Collect every child that ended: our own, and those of others that were left to process 1."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            name, process = self._processes.pop(ended.si_pid, (None, None))
            if name is None or process is None:
                os.waitpid(ended.si_pid, 0)
                continue
            self._ended(name, process.wait())

    def _ended(self, name: str, code: int) -> None:
        state = self._states[name]
        if name not in self._wanted:
            self._set(name, "stopped", pid=None)
        elif self._components[name].check is Check.EXITS and code == 0:
            self._set(name, "done", pid=None)
        elif state.phase == "running":
            self._set(name, "waiting", pid=None, restarts=state.restarts + 1, message=_reason(code))
            self._spawn(self._restart_later(name))
        else:
            self._set(name, "failed", pid=None, message=f"{_reason(code)}; {self._last_lines(name)}")

    async def _restart_later(self, name: str) -> None:
        await asyncio.sleep(_RESTART_DELAY_S)
        if name in self._wanted and self._states[name].phase == "waiting":
            await self._bring_up(name)

    def _last_lines(self, name: str) -> str:
        path = self._layout.logs / f"{name}.log"
        lines = path.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return f"the last lines of {path}:\n" + "\n".join(f"    {line}" for line in lines)

    # -- commands -----------------------------------------------------------------------------------------------

    async def stop(self, name: str) -> None:
        """End a component and keep it ended."""
        self._wanted.discard(name)
        pid = self._states[name].pid
        if pid is None:
            self._set(name, "stopped")
            return
        os.kill(pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(self.wait(lambda: self._states[name].phase == "stopped"), _STOP_GRACE_S)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            await self.wait(lambda: self._states[name].phase == "stopped")

    async def start(self, name: str) -> None:
        """Start a component that was stopped or failed, and wait until it is there."""
        if self._states[name].pid is None:
            self._wanted.add(name)
            await self._bring_up(name)

    def status(self) -> dict[str, Any]:
        """Everything there is to know, ready for JSON."""
        awaited = {name: state.phase for name, state in self._states.items() if self._components[name].awaited}
        missing = [name for name, phase in awaited.items() if phase not in {"running", "done"}]
        return {
            "up": not missing,
            "missing": missing,
            "failed": [name for name, phase in awaited.items() if phase == "failed"],
            "components": {name: asdict(state) for name, state in self._states.items()},
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def answer(content: object) -> None:
            writer.write(json.dumps(content).encode() + b"\n")
            await writer.drain()

        with contextlib.suppress(ConnectionError, json.JSONDecodeError):
            request = json.loads(await reader.readline())
            name = request.get("component", "")
            match request.get("do"):
                case "status":
                    await answer(self.status())
                case "watch":
                    await self._watch(answer)
                case "start" | "stop" | "restart" if not self._components.get(name, _NOTHING).argv:
                    await answer({"error": f"there is no component {name!r}; there are: {', '.join(self._components)}"})
                case "start" | "stop" | "restart" as verb:
                    if verb != "start":
                        await self.stop(name)
                    if verb != "stop":
                        await self.start(name)
                    await answer(self.status())
                case unknown:
                    await answer({"error": f"unknown request {unknown!r}"})
        writer.close()

    async def _watch(self, answer: Any) -> None:  # noqa: ANN401 - a local function
        while True:
            status = self.status()
            await answer(status)
            if status["up"] or status["failed"]:
                return
            async with self._changed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _HEARTBEAT_S)


_NOTHING = Component(name="", argv=(), check=Check.EXITS)


def _reason(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"


def main() -> None:
    """Hide the host, then supervise."""
    name, work_tree = sys.argv[1], Path(sys.argv[2])
    hide_host(keep=[work_tree, WORK_TREE, Path(sys.prefix), Path(sys.base_prefix)])
    layout = Layout(Sandbox.load(name, work_tree=work_tree))
    archives = tuple(sorted(path.resolve() for path in layout.images.iterdir()))
    wanted = components(layout.sandbox, python=sys.executable, archives=archives)
    asyncio.run(Supervisor(layout, wanted, Checker(layout).holds).run())


if __name__ == "__main__":
    main()
