"""The interface to what directs live traffic, as a flip, its bake and its way back use it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from teal.model.colours import Colour
from teal.model.live import LiveService
from teal.model.verdict import Verdict


class Router(Protocol):
    """Directs the live traffic of a stack's services. Methods raise `UnreachableError` where there is no answer."""

    pace: float
    """The seconds between two reads of where traffic goes, while a bake watches it."""

    async def live_services(self, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        """Return where the traffic of each service goes now, by its name.

        Args:
            names: the services, and none but these are returned; the right to get them by name suffices then. None
                lists all, which needs that right.
        """
        ...

    async def move(self, service: str, live: LiveService, colour: Colour) -> None:
        """Put all of a service's traffic onto a colour with one write, unless somebody wrote since it was read.

        Raises:
            ChangedError: somebody did, or the object is gone: it has to be read again.
            UnreachableError: there was no answer, or a refusal; the write may have been taken nevertheless.
        """
        ...

    async def prove(self, services: Iterable[str], destination: Colour, *, share: int, wait: bool) -> Sequence[Verdict]:
        """Judge a colour by the router's own gates: what it knows and the cluster does not.

        Args:
            services: the services of the flip set.
            destination: the colour that is to get traffic.
            share: the percentage of traffic that it is to get.
            wait: whether to wait for what is not ready yet; False reports the present state.
        """
        ...

    async def capacity(self, carried: Mapping[str, int], back: Colour) -> Sequence[Verdict]:
        """Judge whether a colour could take traffic back, by the router; `carried` is what carried it before."""
        ...

    async def ringing(self, services: Iterable[str], colour: Colour) -> Mapping[str, str]:
        """Return why a colour is not well, by service, from the router's own alarms; empty where none rings."""
        ...

    async def between(
        self, before: Mapping[str, LiveService], now: Mapping[str, LiveService]
    ) -> Mapping[str, Sequence[LiveService]]:
        """Return all versions of a service's traffic between two reads, the oldest first; none where nobody keeps them.

        Raises:
            UnreachableError: they could not be read.
        """
        ...

    def stranger(self, live: LiveService) -> str:
        """Return who sent traffic where no flip did."""
        ...

    def door(self, service: str, colour: Colour) -> str:
        """Return the Service through which the API server reaches what is live."""
        ...
