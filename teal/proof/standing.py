"""Reads how many endpoints each service of a flip set has, in both colours, before its other gates and after them."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from teal import gates
from teal.gates.endpoints import needed
from teal.model.colours import Colour
from teal.model.live import Endpoint, LiveAutoscaler, LiveService, LiveSlot
from teal.model.verdict import Outcome, Verdict
from teal.proof.sources import Evidence
from teal.routers.base import Router
from teal.spec.gates import GatePlan

COMING_SECONDS = 30.0
"""How long to wait for pods that were asked for and are not ready: twice an autoscaler's default period."""

PAUSE_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The endpoints of one service: those that serve, and those that could."""

    live: Colour | None
    ready: Sequence[Endpoint]
    """The destination's ready endpoints."""
    needed: int
    capacity: Verdict
    autoscaler: LiveAutoscaler | None = None
    """The live colour's autoscaler; None where it has none, or where the destination is live already."""
    release: str = ""
    """What the destination's Deployment makes its pods from: it differs once somebody has written another template."""

    def with_way_back(self) -> "Standing":
        """Return the same, with a capacity that fails where the live colour's autoscaler may take its pods away."""
        if self.live is None or self.autoscaler is None:
            return self
        return replace(self, capacity=gates.with_way_back(self.capacity, self.live, self.autoscaler))

    def since(self, before: "Standing") -> Verdict:
        """Return the capacity, which fails where the release is another than the one that was there before."""
        if self.release == before.release:
            return self.capacity
        seen = f"{self.capacity.seen}, and somebody has replaced its release while the gates were asked"
        return replace(self.capacity, outcome=Outcome.FAILED, seen=seen, needed="the release that the gates judged")


@dataclass(frozen=True, kw_only=True, slots=True)
class Looking:
    """Whom to ask, and about which colour; the fields are those of `teal.proof.prove.prove`."""

    cluster: Evidence
    router: Router | None
    destination: Colour
    share: int
    carried: Mapping[str, int] | None
    wait: bool

    async def standings(self, services: Mapping[str, GatePlan]) -> Mapping[str, Standing]:
        """Return each service's endpoints; waits up to `COMING_SECONDS` for pods that were asked for."""
        give_up = time.monotonic() + COMING_SECONDS
        workers = [name for name, plan in services.items() if plan.worker is not None]
        while True:
            # Lists of both colours are read, so that ten services need as many requests as one.
            live, ready, autoscalers, slots = await asyncio.gather(
                (self.router or self.cluster).live_services(),
                self.cluster.endpoints(workers),
                self.cluster.autoscalers(),
                self.cluster.slots(),
            )
            found = {
                name: self._standing(
                    name,
                    live.get(name),
                    ready,
                    autoscalers,
                    slots.get((name, self.destination)),
                    worker=name in workers,
                )
                for name in services
            }
            short = {name: each for name, each in found.items() if each.capacity.outcome is not Outcome.PASSED}
            if not short or not self.wait or time.monotonic() > give_up:
                return found
            coming = await asyncio.gather(
                *(self.cluster.pods_asked_for(f"{name}-{self.destination}") for name in short)
            )
            if any(pods < each.needed for pods, each in zip(coming, short.values(), strict=True)):
                return found  # the missing pods were not asked for, so waiting would not help
            await asyncio.sleep(PAUSE_SECONDS)

    def _standing(  # noqa: PLR0913 - what was read of one service, from five places
        self,
        service: str,
        live: LiveService | None,
        ready: Mapping[str, Sequence[Endpoint]],
        autoscalers: Mapping[str, LiveAutoscaler],
        slot: LiveSlot | None,
        *,
        worker: bool,
    ) -> Standing:
        colour = live.colour if live is not None else None
        here, others = (ready.get(f"{service}-{each}", ()) for each in (self.destination, self.destination.other))
        serving = {None: 0, self.destination: len(here), self.destination.other: len(others)}[colour]
        if self.carried is not None:  # its record says live already: the colour beside it is compared
            colour, serving = self.destination.other if self.carried else None, self.carried.get(service, 0)
        autoscaler = autoscalers.get(f"{service}-{colour}") if colour is not self.destination else None
        wanted = autoscaler.desired if autoscaler is not None else 0
        serving, wanted = (math.ceil(each * self.share / 100) for each in (serving, wanted))
        capacity = gates.capacity(
            service,
            self.destination,
            ready=len(here),
            live=colour,
            live_ready=serving,
            live_wanted=wanted,
            outdated=slot.outdated if slot is not None else 0,
            worker=worker,
        )
        need = needed(live_ready=serving, live_wanted=wanted)
        release = slot.release if slot is not None else ""
        return Standing(live=colour, ready=here, needed=need, capacity=capacity, autoscaler=autoscaler, release=release)
