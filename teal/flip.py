"""The proof of a flip: measures the destination, lets the gates decide, says what came of it.

Runs inside the engine's hook, for the whole flip set at once: one service that
is not proven keeps all of them where they are.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from teal import gates
from teal.colours import MANAGER, Colour
from teal.errors import ForeignChangeError, RefusedError
from teal.gates import Answer
from teal.kube import Endpoint, LiveService
from teal.verdict import Outcome, Verdict, unproven

DEADLINE_SECONDS = 60.0
"""For all gates of a flip set together. Nothing waits for ever."""

COMING_SECONDS = 30.0
"""For pods that were asked for and are not ready yet: twice an autoscaler's default period."""

PAUSE_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What the stack says that one service of the destination colour is."""

    version: str
    version_path: str
    """Path at which a pod says what it is (docs/contract.md)."""


class Evidence(Protocol):
    """Who can be asked: `teal.kube.Cluster`, or a fake in tests."""

    async def live_service(self, name: str) -> LiveService | None:
        """Where a service's traffic goes now."""
        ...

    async def ready_endpoints(self, service: str) -> Sequence[Endpoint]:
        """The ready addresses behind a Service."""
        ...

    async def pods_asked_for(self, name: str) -> int:
        """Pods that a colour's Deployment has been asked for."""
        ...

    async def ask(self, endpoint: Endpoint, path: str) -> Answer:
        """What one pod says of itself."""
        ...


async def measure(cluster: Evidence, service: str, destination: Colour, declared: Declared) -> Sequence[Verdict]:
    """Run every gate of one service; pods that are on their way are waited for, up to `COMING_SECONDS`."""
    live = await cluster.live_service(service)
    colour = live.colour if live is not None else None
    give_up = time.monotonic() + COMING_SECONDS
    while True:
        ready, live_ready = await asyncio.gather(
            cluster.ready_endpoints(f"{service}-{destination}"),
            cluster.ready_endpoints(f"{service}-{colour}") if colour is not None else _nothing(),
        )
        enough = gates.capacity(service, destination, ready=len(ready), live=colour, live_ready=len(live_ready))
        if enough.outcome is Outcome.PASSED or time.monotonic() > give_up:
            break
        if await cluster.pods_asked_for(f"{service}-{destination}") < max(1, len(live_ready)):
            break  # what is missing is not on its way: waiting would not help
        await asyncio.sleep(PAUSE_SECONDS)
    answers = await asyncio.gather(*(cluster.ask(endpoint, declared.version_path) for endpoint in ready))
    return (enough, gates.version(service, destination, declared.version, answers))


async def prove(cluster: Evidence, destination: Colour, flip_set: Mapping[str, Declared]) -> Sequence[Verdict]:
    """Measure the whole flip set concurrently; every gate comes back with a verdict.

    Raises:
        UnreachableError: the cluster could not be asked.
    """

    async def one(service: str, declared: Declared) -> Sequence[Verdict]:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await measure(cluster, service, destination, declared)
        except TimeoutError:
            seen = f"no answer within {DEADLINE_SECONDS:.0f} s"
            return (Verdict(gate="deadline", service=service, outcome=Outcome.ERROR, seen=seen, needed="an answer"),)

    measured = await asyncio.gather(*(one(service, declared) for service, declared in flip_set.items()))
    return tuple(verdict for verdicts in measured for verdict in verdicts)


def require(verdicts: Sequence[Verdict], *, live: Colour | None, destination: Colour, namespace: str) -> None:
    """Let pass what is proven.

    Raises:
        RefusedError: some verdict is not `PASSED`, or there is none at all.
    """
    failed = unproven(verdicts)
    if verdicts and not failed:
        return
    why = "; ".join(str(verdict) for verdict in failed) or "no gate ran"
    raise RefusedError(
        f"flip from {live or 'nothing'} to {destination} refused. {why}. Nothing moved: live traffic stays on "
        f"{live or 'nothing'}. Next: kubectl -n {namespace} get pods -l teal/colour={destination}, mend that slot, "
        "then pulumi up again"
    )


def require_known(
    service: str,
    live: LiveService | None,
    *,
    recorded: Colour | None,
    destination: Colour,
    repair: Colour | None = None,
) -> None:
    """Refuse to overwrite a selector that neither the last update nor this one explains.

    Args:
        service: the service's name.
        live: the active Service as read.
        recorded: the colour that the last update left, by the engine's state; None if there was none.
        destination: the colour that this update declares.
        repair: a colour that somebody else may have sent traffic to.

    Raises:
        ForeignChangeError: somebody else wrote the selector.
    """
    if live is None or recorded is None or live.colour in {recorded, destination}:
        return
    if live.writer == MANAGER or (repair is not None and live.colour is repair):
        return  # teal's own revert, which no engine's state knows of; or somebody else's change, given up by name
    raise ForeignChangeError(
        f"service {service} leads to {live.colour or dict(live.selector)}, written by '{live.writer}'; the last "
        f"pulumi up left it on {recorded}. Somebody else moves this traffic, so nothing was changed. Next: find out "
        f"who; to overwrite it, pulumi config set teal:repair {live.colour or recorded}, then pulumi up"
    )


async def read_back(cluster: Evidence, destination: Colour, flip_set: Mapping[str, Declared]) -> None:
    """See that every service's traffic is where it was sent.

    Raises:
        RefusedError: some service's is not.
        UnreachableError: the cluster could not be asked.
    """
    for service in flip_set:
        live = await cluster.live_service(service)
        if live is None or live.colour is not destination:
            seen = live.colour if live is not None else "nothing"
            raise RefusedError(
                f"{destination} is not confirmed: live traffic of {service} goes to {seen}. The record of the "
                "confirmed colour stays as it was. Next: pulumi up again"
            )


async def _nothing() -> Sequence[Endpoint]:
    return ()
