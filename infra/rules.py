"""What is refused before anything is touched: changes that would take live traffic its pods away.

The live state decides, not the engine's: what carries traffic now must keep
its slot, its name and its pods until traffic has moved.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from infra.live import Live
from infra.settings import Settings
from infra.settings.slot import State
from teal.errors import RefusedError


def require_safe(settings: Settings, live: Live) -> None:
    """Refuse what would shrink, remove or rename what is live.

    Raises:
        RefusedError: names all of it.
    """
    found = [*_gone(settings, live), *_live_slots(settings, live), *_too_early(settings, live)]
    if found:
        raise RefusedError("refused before anything was touched; nothing was changed:\n  " + "\n  ".join(found))


def _gone(settings: Settings, live: Live) -> Iterator[str]:
    for name in sorted(live.services.keys() - {*settings.services, *settings.removed}):
        yield (
            f"service {name} carries live traffic, and teal:services does not name it: renamed or removed, its traffic "
            f"would end. Next: name it again, or, if it is to go, pulumi config set --path 'teal:removed[0]' {name}"
        )


def _live_slots(settings: Settings, live: Live) -> Iterator[str]:
    colours = {each.colour for name, each in live.services.items() if name in settings.services} - {None}
    for colour in sorted(filter(None, colours)):
        slot = settings.slot(colour)
        leaving = colour is not settings.active_colour
        allowed = {State.RUNNING, State.STOPPED} if leaving else {State.RUNNING}
        if slot is None:
            yield (
                f"slot {colour} is live, and the config has no teal:{colour}: its pods would be deleted under traffic. "
                f"Next: put teal:{colour} back; flip first, remove it in a later update"
            )
        elif slot.state not in allowed:
            yield (
                f"slot {colour} is live, and teal:{colour}.state is {slot.state}: its pods would go under traffic. "
                f"Next: pulumi config set --path teal:{colour}.state running; flip first, retire it in a later update"
            )


def _too_early(settings: Settings, live: Live) -> Iterator[str]:
    """A colour retires when the other one is confirmed and has settled; one that has no pods is retired already."""
    idle = settings.active_colour.other
    slot = settings.slot(idle)
    pods = sum(each.replicas for (_, colour), each in live.slots.items() if colour is idle)
    if slot is None or slot.state is not State.RETIRED or not pods or idle in _live_colours(live):
        return
    remedy = f"Next: pulumi up again later, or pulumi config set --path teal:{idle}.state stopped to end it at once"
    if live.confirmed is not settings.active_colour:
        yield f"slot {idle} is to retire, and {settings.active_colour} is not confirmed yet. {remedy}"
        return
    settled = datetime.fromisoformat(live.record.get("since", live.at)) + timedelta(seconds=settings.settle_seconds)
    if datetime.fromisoformat(live.at) < settled:
        yield (
            f"slot {idle} is to retire, and {settings.active_colour} is confirmed only since "
            f"{live.record.get('since')}: routers have {settings.settle_seconds} s to follow "
            f"(teal:settleSeconds). {remedy}"
        )


def _live_colours(live: Live) -> set[str]:
    return {each.colour for each in live.services.values() if each.colour is not None}
