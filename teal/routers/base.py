"""What a flip, its bake and its way back ask of whatever directs live traffic."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from teal.model.colours import Colour
from teal.model.live import LiveService
from teal.model.verdict import Verdict


class Router(Protocol):
    """Directs the live traffic of a stack's services. Raises `UnreachableError` where it cannot be asked."""

    pace: float
    """Seconds between two looks at where traffic goes, while a bake watches it."""

    async def live_services(self, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        """Where the traffic of each service goes now, by its name.

        Args:
            names: of the services; the right to get these suffices then, and nobody needs to list. None: all.
        """
        ...

    async def move(self, service: str, live: LiveService, colour: Colour) -> None:
        """Put all of a service's traffic onto a colour, by one write, if nobody wrote since it was read.

        Raises:
            ChangedError: somebody did, or what was read is gone: it has to be read again.
            UnreachableError: no answer, or one that says no; the write may have been taken all the same.
        """
        ...

    async def prove(self, services: Iterable[str], destination: Colour, *, share: int, wait: bool) -> Sequence[Verdict]:
        """The router's own gates: what it knows of a colour that the cluster does not.

        Args:
            services: of the flip set.
            destination: the colour that is to get traffic.
            share: percent of the traffic that it is to get.
            wait: False says how it is at this moment.
        """
        ...

    async def capacity(self, carried: Mapping[str, int], back: Colour) -> Sequence[Verdict]:
        """Whether a colour could take traffic back, as the router sees it; each service with what carried it before."""
        ...

    async def ringing(self, services: Iterable[str], colour: Colour) -> Mapping[str, str]:
        """Why a colour is not well, by service, as the router's own alarms have it; empty where nothing rings."""
        ...

    async def between(
        self, before: Mapping[str, LiveService], now: Mapping[str, LiveService]
    ) -> Mapping[str, Sequence[LiveService]]:
        """Every version of what directs a service between two reads of it, oldest first; where nobody keeps them, none.

        Raises:
            UnreachableError: whoever keeps them does not say.
        """
        ...

    def stranger(self, live: LiveService) -> str:
        """Who sent traffic where no flip did."""
        ...

    def door(self, service: str, colour: Colour) -> str:
        """The Service through which the API server reaches what is live."""
        ...
