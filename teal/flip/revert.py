"""Puts traffic back without an engine: the only write to a router that `pulumi up` does not make.

A bake fails inside an engine's hook, where no resource can be declared, or in the cluster, where there is no engine.
One failed call must not stop a way back. So every step is retried, within a bound, and before every write it is checked
that nobody else has taken the flip.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from teal import gates
from teal.adapters.kubernetes.cluster import Cluster
from teal.flip import guards
from teal.model.colours import Colour
from teal.model.errors import ChangedError, UnreachableError
from teal.model.live import LiveService
from teal.model.verdict import Verdict, unproven
from teal.routers.base import Router

PATIENCE_SECONDS = 60.0
"""How long all attempts of one step may take: three times as long as an API server was seen to shed load."""

CAPACITY_SECONDS = 60.0
"""How long to wait for pods that a way back asked for: an autoscaler acts every 15 s, and a pod needs some seconds."""

PAUSE_SECONDS = 1.0

Read = Callable[[], Awaitable[Mapping[str, LiveService]]]
"""Reads where the traffic of the services in question goes now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A way for traffic onto one colour: the proof that the colour can carry it, and the move."""

    cluster: Cluster
    router: Router
    onto: Colour
    fence: Callable[[], Awaitable[None]]
    """Returns if nobody else has taken the flip; it is awaited right before each write."""
    say: Callable[[str], None]
    ending_seconds: float = 0.0
    """How long the pods of a worker may take to end, beyond `PATIENCE_SECONDS`, before the other colour's may start."""

    async def prove(self, carried: Mapping[str, int], *, loss: float = 0.0) -> Sequence[Verdict]:
        """Prove for a way back that the colour can carry what the other one carries.

        It needs as many ready endpoints as the other colour has, or as carried the same traffic a moment ago: a failing
        release may have scaled out meanwhile. Fewer suffice where that loses fewer requests. A colour that lacks a
        share of its capacity loses at most that share of the requests. So it takes the traffic as soon as that share is
        smaller than the one that fails now, and at least one endpoint is ready.

        Args:
            carried: the ready endpoints that carried the traffic when the flip began, by service.
            loss: the share of answers that fail now, 0 to 1; 0 where that is unknown.

        Returns:
            The last verdicts, not all of which have passed where `CAPACITY_SECONDS` were not enough.

        Raises:
            UnreachableError: the cluster could not be asked within `PATIENCE_SECONDS`.
        """
        begun = time.monotonic()
        while True:
            try:
                verdicts = await self._capacity(carried, loss)
            except UnreachableError:
                if time.monotonic() > begun + PATIENCE_SECONDS:
                    raise
            else:
                if not unproven(verdicts) or time.monotonic() > begun + CAPACITY_SECONDS:
                    return verdicts
            await asyncio.sleep(PAUSE_SECONDS)

    async def _capacity(self, carried: Mapping[str, int], loss: float) -> Sequence[Verdict]:
        ready = await self.cluster.endpoints()

        def count(service: str, colour: Colour) -> int:
            return len(ready.get(f"{service}-{colour}", ()))

        full = {name: max(1, min(count(name, self.onto.other), least)) for name, least in carried.items()}
        least = {name: enough(pods, loss) for name, pods in full.items()}
        verdicts = [
            _fewer(
                gates.capacity(
                    name, self.onto, ready=count(name, self.onto), live=self.onto.other, live_ready=least[name]
                ),
                full[name],
                least[name],
                loss,
            )
            for name in carried
        ]
        return [*verdicts, *await self.router.capacity(least, self.onto)]

    async def move(self, read: Read, sent: Mapping[str, LiveService]) -> Mapping[str, str]:
        """Write where the traffic of services goes that are not on the colour yet, and read it back.

        What fails is retried after another read. A service whose traffic somebody else has moved is left to them, and
        delays none of the others.

        Args:
            read: reads where traffic goes now.
            sent: where traffic was known to go. A flip's own writes need not be in it.

        Returns:
            The services that were left to somebody else: where their traffic goes, and who wrote that.

        Raises:
            UnreachableError: traffic did not move within `PATIENCE_SECONDS`; the message says where it was seen last.
            OvertakenError: somebody else has taken the flip.
        """
        foreign: dict[str, str] = {}
        seen, why = dict[str, LiveService](), ""
        give_up = time.monotonic() + PATIENCE_SECONDS + self.ending_seconds
        while time.monotonic() < give_up:
            wrong = ""
            try:
                seen = dict(await read())
                missing = {name: live for name, live in seen.items() if live.colour is not self.onto or live.share}
                foreign = {
                    name: guards.wrote(live, self.router.stranger(live))
                    for name, live in missing.items()
                    if not guards.may_be_written(live, sent.get(name))
                }
                behind = {name: live for name, live in missing.items() if name not in foreign}
                if not behind:
                    return foreign
                wrong = "; ".join(filter(None, [await self._write(name, live) for name, live in behind.items()]))
            except UnreachableError as error:
                wrong = str(error)
            if wrong:  # otherwise everything was accepted, and is read back at once
                why = wrong
                await asyncio.sleep(PAUSE_SECONDS)
        last = ", ".join(f"{name} on {guards.leads(live)}" for name, live in seen.items()) or "not known"
        raise UnreachableError(
            f"traffic could not be put onto {self.onto} within {PATIENCE_SECONDS:.0f} s: "
            f"{why or 'what was written does not stay'}. It was seen last: {last}"
        )

    async def _write(self, service: str, live: LiveService) -> str:
        """Write one service's traffic once, unless somebody else has taken the flip; return what went wrong."""
        await self.fence()
        try:
            await self.router.move(service, live, self.onto)
        except (ChangedError, UnreachableError) as error:
            return str(error)
        return ""


def enough(pods: int, loss: float) -> int:
    """Return the fewest of so many endpoints that lose fewer requests than are lost now; all where none is lost."""
    return max(1, min(pods, math.floor(pods * (1 - loss)) + 1))


def _fewer(verdict: Verdict, full: int, least: int, loss: float) -> Verdict:
    if least == full:
        return verdict
    return replace(verdict, needed=f"{least} of {full}: {100 * loss:.0f} % of the other colour's answers fail")
