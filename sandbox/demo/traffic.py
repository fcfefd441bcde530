"""The demo's companions: the loads and the watch, from their start to their end, and what they have seen so far."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Final, Self

from sandbox.demo.errors import DemoError
from sandbox.load.records import Follower, Mode
from sandbox.load.writes import Write, read_writes
from sandbox.report.seen import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.demo.doors import Door, Doors
    from sandbox.demo.user import User

_PATH: Final = "/pricing"
_LIMIT_SECONDS: Final = 1800  # a load ends by itself, whatever becomes of the demo
_PATIENCE_SECONDS: Final = 15
_END_SECONDS: Final = 20  # requests in flight have 5 s
_NANO: Final = 1_000_000_000


class Companion:
    """One process beside the demo."""

    def __init__(self, user: User, name: str, module: str, options: list[str]) -> None:
        """Start `module`; its record is the file `name`, and its complaints are in a log, beside the stack's config."""
        self.out = user.config.parent / name
        self._log = self.out.with_suffix(".log")
        self.out.unlink(missing_ok=True)
        self._process = user.start([sys.executable, "-m", module, *options, "--out", str(self.out)], stderr=self._log)

    def require_alive(self) -> None:
        """Raise DemoError if the process is gone."""
        if self._process.poll() is not None:
            raise DemoError(
                f"{self.out.stem} ended by itself with exit status {self._process.returncode}, so nothing more can be "
                f"measured: {self._log.read_text(encoding='utf-8').strip() or 'it said nothing'}. "
                "Next: the same command again"
            )

    def end(self) -> None:
        """Tell it to end and wait for it."""
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Traffic:
    """Loads in both modes on each front door, and a watch on what directs them, while a `with` block runs."""

    def __init__(self, user: User, doors: Doors, *, rate: int) -> None:
        """Describe it; `rate` is requests per second, per front door and mode."""
        self._user = user
        self._doors = doors
        self._rate = rate
        self._companions: list[Companion] = []
        self._loads: dict[tuple[str, Mode], Companion] = {}
        self._watch: Companion | None = None
        self._ticking = threading.Lock()  # the screen asks from a thread of its own
        self._ticker: dict[tuple[str, Mode], tuple[Follower, deque[tuple[int, str]]]] = {}

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End whatever was started."""
        self.end()

    def watch(self, services: Sequence[str]) -> None:
        """Start the watch, and wait until it has seen these services."""
        module, *options = self._doors.watch()
        self._watch = Companion(self._user, "writes.jsonl", module, options)
        self._companions.append(self._watch)
        what = f"{', '.join(services)} to be seen by the watch"
        self.await_(lambda: all(self.writes(service) for service in services), what, [self._watch])

    def load(self, service: str, door: Door, *modes: Mode, shown: bool = True) -> None:
        """Start loads on a service's front door, and wait until each has been answered.

        Args:
            service: what they are called by.
            door: where they ask.
            modes: one load each.
            shown: whether `last_second` counts them.
        """
        begun: list[Companion] = []
        for mode in modes:
            where = ["--url", f"{door.url}{_PATH}", *(["--host", door.host] if door.host else [])]
            options = [*where, "--mode", mode, "--rate", str(self._rate), "--seconds", str(_LIMIT_SECONDS)]
            companion = Companion(self._user, f"{service}-{mode}.csv", "sandbox.load", options)
            begun.append(companion)
            self._loads[service, mode] = companion
            if shown:
                with self._ticking:
                    self._ticker[service, mode] = (Follower(companion.out), deque())
        self._companions += begun
        for companion in begun:
            follower = Follower(companion.out)
            self.await_(
                lambda follower=follower: any(not record.outcome.lost for record in follower.read()),
                f"an answer at {door.url}{_PATH}",
                [companion],
            )

    def writes(self, service: str) -> list[Write]:
        """Return what the watch has seen of a service's traffic, oldest first."""
        path = self._watch and self._watch.out
        return [write for write in read_writes(path) if write.service == service] if path else []

    def written(self, service: str, colour: str, since_ns: int) -> int:
        """Return the instant at which a service's traffic was seen to be sent to `colour`, at or after `since_ns`.

        Raises:
            DemoError: it was not seen to.
        """
        found: list[int] = []

        def look() -> bool:
            found.extend(
                write.observed_ns
                for write in self.writes(service)
                if write.colour == colour and write.observed_ns >= since_ns and write.exact
            )
            return bool(found)

        self.await_(look, f"the traffic of {service} to be sent to {colour}", [])
        return found[0]

    def end(self, name: str = "") -> None:
        """End all, or those whose name begins so; what is in flight is still recorded."""
        for companion in [each for each in self._companions if each.out.name.startswith(name)]:
            companion.end()
            self._companions.remove(companion)

    def require_alive(self) -> None:
        """Raise DemoError if one of them is gone: what comes would go unseen."""
        for companion in self._companions:
            companion.require_alive()

    def seen(self, service: str, mode: Mode) -> Load | None:
        """Return what a load has recorded."""
        companion = self._loads.get((service, mode))
        return Load.read(companion.out, service) if companion else None

    def answers(self, service: str, begin_ns: int, end_ns: int) -> dict[str, int]:
        """Count answers on new connections by colour, of requests scheduled in an interval."""
        load = self.seen(service, Mode.NEW_CONNECTIONS)
        records = load.records if load else ()
        return Counter(r.colour for r in records if begin_ns <= r.scheduled_ns < end_ns and not r.outcome.lost)

    def last_second(self) -> dict[tuple[str, Mode], Counter[str]]:
        """Count each load's outcomes of the last second: answers by colour, and `lost`."""
        now = time.monotonic_ns()
        counts: dict[tuple[str, Mode], Counter[str]] = {}
        with self._ticking:
            for which, (follower, recent) in self._ticker.items():
                recent.extend((r.scheduled_ns, "lost" if r.outcome.lost else r.colour) for r in follower.read())
                while recent and recent[0][0] < now - _NANO:
                    recent.popleft()
                counts[which] = Counter(what for _, what in recent)
        return counts

    def await_(self, fulfilled: Callable[[], bool], what: str, companions: list[Companion]) -> None:
        """Wait until something is so.

        Raises:
            DemoError: it was not within 15 s, or a companion that it takes has ended.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not fulfilled():
            for companion in companions:
                companion.require_alive()
            if time.monotonic() > deadline:
                raise DemoError(
                    f"waited {_PATIENCE_SECONDS} s for {what}, in vain: what follows could not be measured. "
                    f"Next: make shell NAME={self._user.sandbox.name} CMD='kubectl -n {self._user.namespace} get all'"
                )
            time.sleep(0.02)
