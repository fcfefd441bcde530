"""Reports the stages that a flip's owner records: in the background, in order, each once.

A flip waits for none of this. A task beside the flip's own reports what was recorded, and notes it in
`teal.notifications.told` only after that. So whoever goes on with the flip of a dead owner reports what is missing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping

import httpx2

from teal.adapters import receivers
from teal.adapters.kubernetes import access, events
from teal.adapters.kubernetes.access import ClusterAccess
from teal.adapters.kubernetes.events import Happening
from teal.adapters.receivers import Message
from teal.history.model import Flip, History, Stage
from teal.history.store import Records
from teal.model.errors import UnreachableError
from teal.notifications import told
from teal.notifications.audience import Audience
from teal.notifications.messages import message, passed
from teal.notifications.told import Told

OVER_SECONDS = 8.0
"""How long to wait for messages when a flip has ended. Later ones are left to the watch, or to the next update."""

LEFT_SECONDS = 12.0
"""How long after a flip's end its owner is certainly not telling any more: longer than `OVER_SECONDS`."""

UNDER_WAY = frozenset({Stage.PROVEN, Stage.BAKING, Stage.REVERTING})
"""The stages after which the same process goes on, so that nobody waits for their messages."""

Tell = Callable[[Message, Mapping[str, str], Mapping[str, str]], Awaitable[frozenset[str]]]
"""Tells people and machines by their URLs, and returns the names of those who accepted it."""


class Notifier:
    """Reports the flips of one process."""

    def __init__(
        self, audience: Audience, cluster: ClusterAccess, say: Callable[[str], None], tell: Tell | None = None
    ) -> None:
        """Prepare to report; nobody is told yet.

        Args:
            audience: who is told of what.
            cluster: the cluster in which it is noted.
            say: is called with a line about each receiver that could not be told.
            tell: how they are told; by default in a separate process.
        """
        self._audience = audience
        self._cluster = cluster
        self._say = say
        self._tell = tell or receivers.tell
        self._waiting: deque[tuple[Flip, Stage, bool]] = deque()
        self._met: set[tuple[int, str, Stage]] = set()
        self._unwritten: dict[str, str | None] = {}
        self._under_way = False
        self._task: asyncio.Task[None] | None = None

    def recorded(self, flip: Flip, history: History) -> None:
        """Report a flip that was just recorded, and earlier ones that ended without a report.

        It returns at once.
        """
        if self._audience.nobody:
            return
        self._under_way = flip.stage in UNDER_WAY
        ended = (each for each in history.flips if each.number < flip.number and not each.stage.open)
        self._add(ended, own=False)
        self._add([flip], own=True)

    async def catch_up(self, records: Records) -> None:
        """Report flips that ended without a report, since their owner died or was stopped; then wait as `over` does."""
        if self._audience.nobody:
            return
        try:
            history = (await records.load()).history
            async with access.client(self._cluster) as http:
                missing = any(self._missing(history, await told.read(http, records.namespace)))
        except UnreachableError as error:
            self._say(f"it is not known whether people were told of all flips: {error}")
        else:
            if missing:
                await asyncio.sleep(LEFT_SECONDS)  # their owner may be telling of it now
                self._add((each for each in history.flips if not each.stage.open), own=False)
        await self.over()

    async def over(self) -> None:
        """Wait briefly for messages about a flip with which this process does not go on."""
        if self._task is None or self._under_way:
            return
        done, _ = await asyncio.wait({self._task}, timeout=OVER_SECONDS)
        if not done:
            self._say(
                f"not all of teal:notify were told within {OVER_SECONDS:.0f} s: the watch, or the next update, tells "
                "the rest"
            )

    def _missing(self, history: History, known: Told) -> Iterable[Stage]:
        ended = (each for each in history.flips if not each.stage.open and known.covers(each))
        return (stage for each in ended for stage in self._heard(each) if not known.has(each, stage))

    def _heard(self, flip: Flip) -> Iterable[Stage]:
        return filter(self._audience.listens, passed(flip))

    def _add(self, flips: Iterable[Flip], *, own: bool) -> None:
        for flip in flips:
            for stage in self._heard(flip):
                if (met := (flip.number, flip.begun, stage)) not in self._met:
                    self._met.add(met)
                    self._waiting.append((flip, stage, own))
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            async with access.client(self._cluster) as http:
                known = await self._known(http)
                while self._waiting:
                    flip, stage, own = self._waiting.popleft()
                    if known.has(flip, stage) or not (own or known.covers(flip)):
                        continue
                    await self._tell_all(http, flip, stage)
                    await self._note(http, known.marking(flip, stage))
                    known = known.marked(flip, stage)
        except Exception as error:  # noqa: BLE001 - whatever it is: no flip fails because somebody was not told
            self._say(f"people were not told of flips any more: {type(error).__name__}")

    async def _known(self, http: httpx2.AsyncClient) -> Told:
        try:
            return await told.read(http, self._cluster.namespace)
        except UnreachableError as error:  # people are told nevertheless, of a flip of this process
            self._say(f"it is not known who was told of which flip, so somebody may be told again: {error}")
            return Told()

    async def _tell_all(self, http: httpx2.AsyncClient, flip: Flip, stage: Stage) -> None:
        people, machines = self._audience.people(stage), self._audience.machines
        text = message(flip, stage, self._audience, self._cluster.namespace)
        if self._audience.kubernetes_events:
            await self._show_event(http, flip, stage, text)
        taken = await self._tell(text, people, machines) if people or machines else frozenset[str]()
        if missing := sorted({*people, *machines} - taken):
            self._say(
                f"{', '.join(missing)} of teal:notify could not be told that flip {flip.number} is {stage}; the flip "
                "goes on. Next: see that the receiver answers, and that its URL is right (pulumi config get "
                "teal:notify)"
            )

    async def _show_event(self, http: httpx2.AsyncClient, flip: Flip, stage: Stage, text: Message) -> None:
        what = Happening(
            key=text.event["id"],
            reason=stage.capitalize(),
            message=text.title,
            at=text.event["time"],
            warning=text.mood in {"warning", "failure"},
        )
        through = flip.plan.router.spec.through_service
        for name in flip.plan.doors:
            try:
                await events.record(http, self._cluster.namespace, name if through else f"{name}-{flip.to}", what)
            except UnreachableError as error:
                self._say(f"Kubernetes has no event of flip {flip.number} on {name}; the flip goes on: {error}")

    async def _note(self, http: httpx2.AsyncClient, marks: Mapping[str, str | None]) -> None:
        self._unwritten |= marks
        try:
            await told.write(http, self._cluster.namespace, self._unwritten)
        except UnreachableError as error:  # the next mark takes it along
            self._say(f"it was not noted who was told, so somebody may be told again: {error}")
        else:
            self._unwritten.clear()
