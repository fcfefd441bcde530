"""Reads how a stack stands for whoever looks: once at a time, however many look."""

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
"""For so long what was read is shown to whoever else looks."""

FRESH_AWS_SECONDS = 2.0
"""The same where a load balancer directs traffic: AWS takes few such requests a second, of all of an account."""

COUNT_SECONDS = 2.0
"""Between two questions to Prometheus."""

TREND = 60
"""Answers of Prometheus that are shown as a line: two minutes of them."""


class Eyes:
    """What is seen of one stack."""

    def __init__(self, cluster: Cluster, prometheus: Prometheus | None = None) -> None:
        """Prepare; nothing is asked yet.

        Args:
            cluster: the stack's.
            prometheus: that knows of its requests; None where nobody asks one.
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
        """How the stack stands now; where the cluster does not say, how it stood, and why that is all.

        Raises:
            UnreachableError: the cluster does not say, and never did.
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
        """One flip, by its number, or the last one; with what was told of it.

        Raises:
            NotThereError: it is not remembered.
            UnreachableError: the cluster does not say.
        """
        status, marks = await asyncio.gather(looked(self._cluster), self._cluster.config_map(told.NAME))
        found = [each for each in status.history if number in {None, each.number}]
        if not found:
            which = "no flip" if number is None else f"no flip {number}"
            raise NotThereError(f"{which} is remembered, so there is nothing to show. Next: teal history")
        return Shown(flip=found[-1], until=_now(), told=Told(marks))

    async def approve(self, colour: Colour, releases: Mapping[str, str]) -> str:
        """Say yes to one flip to what was shown of a colour.

        Returns:
            The same in words.

        Raises:
            ChangedError: it is not what was shown any more.
            NotThereError: the colour has no release.
            UnreachableError: the cluster does not say.
        """
        given = await approval.approve_what_runs(self._cluster, colour, releases=releases)
        return approval.said(*given)

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
    """The last one; None where what is kept is none, as a gate would find."""
    try:
        return Approval.read(data) if data else None
    except ValueError:
        return None


def _now() -> datetime:
    return datetime.now(UTC)
