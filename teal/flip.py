"""What is asked of the live state around a write: that it was explained before, and followed after."""

from collections.abc import Collection, Mapping
from typing import Protocol

from teal.colours import MANAGER, Colour
from teal.errors import ForeignChangeError, RefusedError
from teal.live import LiveService


class Traffic(Protocol):
    """Who can be asked: a router, or a fake in tests."""

    async def live_services(self) -> Mapping[str, LiveService]:
        """Where each service's traffic goes now."""
        ...


def require_known(  # noqa: PLR0913 - what is live, and everything that may explain it
    service: str,
    live: LiveService | None,
    *,
    recorded: Colour | None,
    destination: Colour,
    repair: Colour | None = None,
    shares: Collection[int] = (),
) -> None:
    """Refuse to overwrite a selector that neither the last update nor this one explains.

    Args:
        service: the service's name.
        live: the active Service as read.
        recorded: the colour that the last update left, by the engine's state; None if there was none.
        destination: the colour that this update declares.
        repair: a colour that somebody else may have sent traffic to.
        shares: of the other colour, in percent, that the last update left or this one declares; none is always one.

    Raises:
        ForeignChangeError: somebody else wrote the selector.
    """
    if live is None or recorded is None:
        return
    if (live.colour in {recorded, destination} and live.share in {0, *shares}) or is_forgiven(live, repair):
        return
    raise ForeignChangeError(
        f"service {service} leads to {leads(live)}, written by '{live.writer}'; the last "
        f"pulumi up left it on {recorded}. Somebody else moves this traffic, so nothing was changed. Next: find out "
        f"who; to overwrite it, pulumi config set teal:repair {live.colour or recorded}, then pulumi up"
    )


def leads(live: LiveService) -> str:
    """Where traffic goes, in words; the whole selector where it is no colour, or more than one."""
    return str(dict(live.selector) if live.colour is None or live.share else live.colour)


def is_forgiven(live: LiveService, repair: Colour | None) -> bool:
    """Whether no engine's state has to explain a selector: teal's own revert, or a change given up by name."""
    return live.writer == MANAGER or (repair is not None and live.colour is repair)


def require_untouched(before: Mapping[str, LiveService], now: Mapping[str, LiveService]) -> None:
    """Refuse to move what somebody else moved while the gates looked: what they proved is no longer what is live.

    Raises:
        ForeignChangeError: names the service, where it leads now and who wrote that.
    """
    for service in before.keys() | now.keys():
        was, live = before.get(service), now.get(service)
        if was is not None and live is not None and was.selector == live.selector:
            continue
        where, writer = (leads(live), live.writer) if live is not None else ("nothing", "nobody")
        raise ForeignChangeError(
            f"service {service} leads to {where} now, written by '{writer}' while the gates looked. Nothing was moved "
            "by this update. Next: find out who, then pulumi up again"
        )


async def read_back(
    cluster: Traffic, destination: Colour, flip_set: Collection[str], *, share: int = 0
) -> Mapping[str, LiveService]:
    """See that every service's traffic is where it was sent, and say what was read.

    Args:
        cluster: whom to ask.
        destination: the colour that all traffic was sent to.
        flip_set: the services.
        share: percent that the other colour was left.

    Raises:
        RefusedError: some service's is not.
        UnreachableError: the cluster could not be asked.
    """
    live = await cluster.live_services()
    elsewhere = [
        f"of {name} goes to {leads(live[name]) if name in live else 'nothing'}"
        for name in flip_set
        if name not in live or (live[name].colour, live[name].share) != (destination, share)
    ]
    if elsewhere:
        raise RefusedError(
            f"{destination} is not confirmed: live traffic {', '.join(elsewhere)}. The record of the confirmed "
            "colour stays as it was. Next: pulumi up again"
        )
    return live
