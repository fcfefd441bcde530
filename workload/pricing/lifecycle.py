"""Where an instance stands between its start and its end: ready, closing connections, draining, drained.

Pure state with a clock: it neither listens nor ends the process (server.py), nor writes headers (edge.py).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True)
class Drain:
    """A drain that began: instants are seconds of the lifecycle's clock."""

    started_at: datetime
    timeout_seconds: int
    lingers_until: float
    deadline: float
    exits: bool
    """Whether the process ends when the drain is over; otherwise it waits, drained, for SIGTERM."""


class Lifecycle:
    """The state that probes report and answers carry."""

    def __init__(self, *, linger_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin the life of an instance.

        Args:
            linger_seconds: how long new requests are still served once a drain began.
            clock: seconds that never go backwards.
        """
        self.started_at = datetime.now(UTC)
        self.active_requests = 0
        """Requests in flight, those about the instance itself (health, metrics, deployment) not counted."""
        self.drain: Drain | None = None
        self._linger_seconds = linger_seconds
        self._clock = clock
        self._born = clock()
        self._closing_until = self._born

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._born

    def begin_drain(self, timeout_seconds: int, *, exits: bool) -> Drain:
        """Begin a drain, or tighten the one under way: the earlier deadline holds, and who wants an end gets it."""
        now = self._clock()
        deadline = now + timeout_seconds
        if self.drain is None:
            self.drain = Drain(
                started_at=datetime.now(UTC),
                timeout_seconds=timeout_seconds,
                lingers_until=now + self._linger_seconds,
                deadline=deadline,
                exits=exits,
            )
        else:
            self.drain = replace(
                self.drain, deadline=min(self.drain.deadline, deadline), exits=self.drain.exits or exits
            )
        return self.drain

    def close_connections(self, seconds: float) -> None:
        """Have kept-alive connections ended, each with its next answer, for `seconds` from now; 0 ends that."""
        self._closing_until = self._clock() + seconds

    @property
    def closes_connections(self) -> bool:
        """Whether an answer given now is the last on its connection."""
        return self.drain is not None or self._clock() < self._closing_until

    @property
    def drained(self) -> bool:
        """Whether nothing is in flight and nobody should still come."""
        return self.drain is not None and not self.active_requests and self._clock() >= self.drain.lingers_until

    @property
    def over(self) -> bool:
        """Whether the process shall end now: drained, or out of time, and asked to end."""
        if self.drain is None or not self.drain.exits:
            return False
        return self.drained or self._clock() >= self.drain.deadline

    @property
    def remaining_seconds(self) -> float:
        """What is left of the drain's time; 0 without a drain."""
        return 0.0 if self.drain is None else max(0.0, self.drain.deadline - self._clock())
