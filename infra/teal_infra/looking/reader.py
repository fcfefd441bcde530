"""Reads how a stack stands for everybody who looks: one reading at a time, however many they are."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.prometheus import Prometheus
from teal.gates.approvals import Approval
from teal.history import approval
from teal.model.colours import Colour
from teal.model.errors import NotThereError, UnreachableError
from teal.model.routes import RouterKind
from teal.notifications import progress, told
from teal.notifications.told import Told
from teal.status import requests
from teal.status.look import looked
from teal_infra.looking.view import Look, Shown

FRESH_SECONDS = 0.3
"""How long one reading is shown to others before the next one is made."""

FRESH_AWS_SECONDS = 2.0
"""The same under `router: alb`: AWS allows few such requests a second in a whole account."""

COUNT_SECONDS = 2.0
"""How long it is between two questions to Prometheus."""

TREND = 60
"""How many answers of Prometheus are shown as a line: two minutes of them."""


class StackReader:
    """The reader of one stack, which everybody who looks at it shares."""

    def __init__(self, cluster: Cluster, prometheus: Prometheus | None = None) -> None:
        """Prepare to look; nothing is asked yet.

        Args:
            cluster: the stack's cluster.
            prometheus: counts the stack's requests; None where nobody asks for them.
        """
        self._cluster = cluster
        self._prometheus = prometheus
        self._turn = asyncio.Lock()
        self._seen: Look | None = None
        self._read_at = self._counted_at = 0.0
        self._requests: requests.Requests | None = None
        self._trend = deque[Mapping[Colour, float]](maxlen=TREND)
        self._counting: asyncio.Task[None] | None = None

    async def look(self) -> Look:
        """Return how the stack stands now; where the cluster does not answer, how it stood before, and why.

        Raises:
            UnreachableError: the cluster does not answer, and never did.
        """
        async with self._turn:
            if self._seen is None or time.monotonic() - self._read_at > _fresh(self._seen):
                try:
                    self._seen = await self._read()
                except UnreachableError as error:
                    if self._seen is None:
                        raise
                    self._seen = replace(self._seen, why=str(error))
                self._read_at = time.monotonic()
            return self._seen

    async def flip(self, number: int | None = None) -> Shown:
        """Return one flip by its number, or the last one, with what was told of it.

        Raises:
            NotThereError: no such flip is remembered.
            UnreachableError: the cluster does not answer.
        """
        status, marks = await asyncio.gather(looked(self._cluster), self._cluster.config_map(told.NAME))
        found = [each for each in status.history if number in {None, each.number}]
        if not found:
            which = "no flip" if number is None else f"no flip {number}"
            raise NotThereError(f"{which} is remembered, so there is nothing to show. Next: teal history")
        return Shown(flip=found[-1], until=_now(), told=Told(marks))

    async def approve(self, colour: Colour, releases: Mapping[str, str]) -> None:
        """Approve what was shown of a colour, for one flip.

        Raises:
            ChangedError: the colour is not what was shown any more.
            NotThereError: the colour has no release.
            UnreachableError: the cluster does not answer.
        """
        await approval.approve_what_runs(self._cluster, colour, releases=releases)

    async def _read(self) -> Look:
        status, data, says = await asyncio.gather(
            looked(self._cluster),
            self._cluster.config_map(approval.NAME),
            self._cluster.config_map(progress.NAME),
        )
        if self._prometheus is not None and (self._counting is None or self._counting.done()):
            self._counting = asyncio.create_task(self._count(self._prometheus))  # nobody waits for a slow one
        now = _now()
        return Look(
            namespace=self._cluster.namespace,
            at=now,
            status=status,
            requests=self._requests,
            trend=(*self._trend,),
            approval=_approval(data),
            progress=progress.read(says, now),
        )

    async def _count(self, prometheus: Prometheus) -> None:
        if time.monotonic() - self._counted_at < COUNT_SECONDS:
            return
        self._counted_at = time.monotonic()
        status = self._seen.status if self._seen is not None else await looked(self._cluster)
        self._requests = await requests.ask(prometheus, self._cluster.namespace, status)
        if not self._requests.why:
            self._trend.append({colour: self._requests.total(colour) for colour in Colour})


def _fresh(seen: Look) -> float:
    last = seen.status.last
    return FRESH_AWS_SECONDS if last is not None and last.plan.router is RouterKind.ALB else FRESH_SECONDS


def _approval(data: Mapping[str, str]) -> Approval | None:
    """Return the last approval; None where what is kept is none that a gate could read."""
    try:
        return Approval.read(data) if data else None
    except ValueError:
        return None


def _now() -> datetime:
    return datetime.now(UTC)
