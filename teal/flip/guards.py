"""Checks live state around a write: a known writer explains it before, and traffic has followed after."""

from collections.abc import Collection, Mapping, Sequence

from teal.model.colours import ENGINE, MANAGER, Colour
from teal.model.errors import ForeignChangeError, RefusedError
from teal.model.live import LiveService


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
        live: the active Service as it was read.
        recorded: the colour that the last update left, from the engine's state; None if there was none.
        destination: the colour that this update declares.
        repair: a colour that somebody else may have sent traffic to; their change is overwritten.
        shares: the percentages of the other colour that the last update left or this one declares; 0 is always allowed.

    Raises:
        ForeignChangeError: somebody else wrote the selector.
    """
    if live is None or recorded is None:
        return
    if (live.colour in {recorded, destination} and live.share in {0, *shares}) or is_forgiven(live, repair):
        return
    who = "Somebody else moves this traffic"
    if is_by_a_flip(live):
        who = "An update that this state of the stack does not know moved this traffic (was a backup restored?)"
    whole = live.colour if not live.share else None
    keep = f"to keep it, pulumi config set teal:activeColour {whole}; " if whole else ""
    raise ForeignChangeError(
        f"service {service} leads to {leads(live)}, written by '{live.writer}'; the last "
        f"pulumi up left it on {recorded}. {who}, so it stays there. Next: find out "
        f"who; {keep}to overwrite it, pulumi config set teal:repair {live.colour or recorded}; then pulumi up"
    )


def leads(live: LiveService) -> str:
    """Return where traffic goes, in words: the colour, or the whole selector where it is not a single colour."""
    return str(dict(live.selector) if live.colour is None or live.share else live.colour)


def is_forgiven(live: LiveService, repair: Colour | None) -> bool:
    """Return whether the engine's state need not explain a selector: teal reverted it, or `repair` names the change."""
    return live.writer == MANAGER or (repair is not None and live.colour is repair)


def require_untouched(before: Mapping[str, LiveService], now: Mapping[str, LiveService]) -> None:
    """Refuse to move traffic that somebody else moved while the gates looked: the proof is of another state.

    Raises:
        ForeignChangeError: traffic was moved; the message names the service, where it leads now and who wrote that.
    """
    for service in before.keys() | now.keys():
        was, live = before.get(service), now.get(service)
        if was is not None and live is not None and was.selector == live.selector:
            continue
        who = "teal status" if live is not None and live.writer == MANAGER else "find out who"
        raise ForeignChangeError(
            f"service {service} leads to {wrote(live)}, while the gates looked. Its traffic was not moved by this "
            f"update. Next: {who}, then pulumi up again"
        )


def require_planned(live: Mapping[str, LiveService], planned: Mapping[str, Colour | None], to: Colour) -> None:
    """Refuse a flip of which the engine would move a part: it does not write what went to the destination already.

    Args:
        live: where traffic goes now.
        planned: where each service's traffic went when the update was planned.
        to: the destination.

    Raises:
        RefusedError: traffic has left the destination since.
    """
    left = [name for name, each in live.items() if planned.get(name) is to and each.colour is not to]
    if left:
        raise RefusedError(
            f"live traffic of {', '.join(sorted(left))} has left {to} since this update was planned, so this update "
            "would move the other services alone, and moves nothing. Next: pulumi up again"
        )


def require_unmoved(live: Mapping[str, LiveService], destination: Colour) -> None:
    """Refuse a write by an update that found all traffic at its destination, and therefore proved nothing.

    Raises:
        RefusedError: traffic was moved away since; the message says who did.
    """
    for service, each in live.items():
        if each.colour is destination.other:
            raise RefusedError(
                f"live traffic of {service} goes to {wrote(each)}. It went to {destination} when this update began, so "
                "nothing was proven, and this update has not moved it. Next: teal status, then pulumi up again"
            )


def require_there(live: Mapping[str, LiveService], destination: Colour, flip_set: Collection[str], share: int) -> None:
    """Check that every service's traffic is where it was sent.

    Args:
        live: the active Services as they were read after the write.
        destination: the colour that all traffic was sent to.
        flip_set: the services.
        share: the percentage that the other colour was left; a worker has none.

    Raises:
        RefusedError: some service's traffic is not; the message says who sent it elsewhere.
    """
    elsewhere = [
        f"of {name} goes to {wrote(live.get(name))}"
        for name in flip_set
        if (each := live.get(name)) is None or (each.colour, each.share) != (destination, 0 if each.worker else share)
    ]
    if elsewhere:
        # An engine does not see that somebody deleted what it knows, and makes it anew once it has looked.
        again = "pulumi up again" if all(name in live for name in flip_set) else "pulumi refresh, then pulumi up"
        raise RefusedError(
            f"{destination} is not confirmed: live traffic {', '.join(elsewhere)}. The record of the confirmed "
            f"colour stays as it was. Next: {again}"
        )


def wrote(live: LiveService | None, by: str = "") -> str:
    """Return where traffic goes and who sent it there: `by`, or the writer that the router knows."""
    return f"{leads(live)}, written by '{by or live.writer}'" if live is not None else "nothing: it is gone"


def is_as_sent(sent: LiveService, live: LiveService | None) -> bool:
    """Return whether nobody wrote where traffic goes since it was read; writing it back makes another writer."""
    return live is not None and (live.selector, live.writer) == (sent.selector, sent.writer)


def is_by_a_flip(live: LiveService) -> bool:
    """Return whether an engine's provider or teal itself wrote last."""
    return live.writer.startswith((ENGINE, MANAGER))


def may_be_written(live: LiveService, sent: LiveService | None) -> bool:
    """Return whether a way back may overwrite what directs traffic now: the bake knew it so, or a flip wrote it."""
    return is_by_a_flip(live) or (sent is not None and is_as_sent(sent, live))


def displaced(before: LiveService, versions: Sequence[LiveService]) -> str:
    """Return where somebody else sent traffic between two reads, and who; empty where nobody did.

    Args:
        before: the first read.
        versions: all later versions, the oldest first.
    """
    pairs = zip([before, *versions], versions, strict=False)
    return "; then to ".join(wrote(now) for was, now in pairs if now.selector != was.selector and not is_by_a_flip(now))
