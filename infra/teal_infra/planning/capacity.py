"""Computes how many pods a colour is asked for, from what is declared and what is live. Pure.

A colour that is about to go live is asked for as many pods as the live one has now, if that is more than its minimum.
It keeps them until the autoscaler has had time to see its traffic. A colour that traffic leaves keeps its pods,
whatever its autoscaler makes of the quiet, until an update finds the move confirmed: traffic may have to go back,
however long the bake.
"""

from datetime import datetime, timedelta

from teal.model.colours import Colour
from teal.model.labels import FLOOR
from teal_infra.components.scaling import Capacity
from teal_infra.planning.live import Live
from teal_infra.settings import Settings
from teal_infra.settings.scaling import Autoscaling
from teal_infra.settings.slot import State


def of(scaling: Autoscaling, service: str, colour: Colour, *, active: Colour, live: Live) -> Capacity:
    """Return what one colour's autoscaler is asked for in this update."""
    if colour is not active:
        kept = leaving(service, colour, active=active, live=live)
        if kept > scaling.idle_replicas:
            return Capacity(minimum=kept, floor=f"{kept}@{live.at}")
        return Capacity(minimum=scaling.idle_replicas)  # as without a flip: the next update has nothing to change
    traffic = live.services.get(service)
    if traffic is not None and traffic.colour is colour.other:
        serving = live.slots.get((service, colour.other))
        if serving is not None and serving.replicas > scaling.min_replicas:
            return Capacity(minimum=serving.replicas, floor=f"{serving.replicas}@{live.at}")
        return Capacity(minimum=scaling.min_replicas)
    name, under_way = f"{service}-{colour}", live.history.open
    if under_way is not None and under_way.origin is colour and name in live.autoscalers:
        # Traffic is back, and the flip that left is still to be ended: until then nothing shrinks.
        return Capacity(minimum=max(scaling.min_replicas, live.autoscalers[name].minimum))
    return _kept(scaling, live, name) or Capacity(minimum=scaling.min_replicas)


def of_others(service: str, colour: Colour, *, active: Colour, live: Live, stopped: bool) -> int:
    """Return the pods of a colour that another autoscaler scales: those that it has; for a flip, as many as live.

    It is 1 where nobody has scaled it yet, or where the stack ended it (`stopped`), as is Kubernetes' own default.
    """
    here, there = live.slots.get((service, colour)), live.slots.get((service, colour.other))
    has = 1 if here is None or stopped else here.replicas
    traffic = live.services.get(service)
    flips = colour is active and traffic is not None and traffic.colour is colour.other
    return max(has, there.replicas) if flips and there is not None else has


def leaving(service: str, colour: Colour, *, active: Colour, live: Live) -> int:
    """Return the pods that a colour keeps because traffic leaves it, or may return to it; 0 where it need not."""
    slot, traffic, under_way = live.slots.get((service, colour)), live.services.get(service), live.history.open
    has_traffic = traffic is not None and traffic.colour is colour
    may_return = under_way is not None and under_way.origin is colour
    if colour is active or slot is None or slot.adopted or not slot.replicas or not (has_traffic or may_return):
        return 0
    autoscaler = live.autoscalers.get(f"{service}-{colour}")
    return max(slot.replicas, autoscaler.minimum if autoscaler and not has_traffic else 0)


def asked_to_keep(settings: Settings, service: str, live: Live) -> int:
    """Return the pods that the autoscaler of the colour that traffic leaves is asked for before it moves; 0 for none.

    That of a colour that ends in this update is asked for nothing where its minimum keeps them already. It stays as it
    is until then, since an engine deletes last of all, and only in an update that succeeds.
    """
    colour = settings.active_colour.other
    kept = leaving(service, colour, active=colour.other, live=live)
    slot, autoscaler = settings.slot(colour), live.autoscalers.get(f"{service}-{colour}")
    ends = slot is None or slot.state is not State.RUNNING
    return 0 if ends and autoscaler is not None and autoscaler.minimum >= kept else kept


def _kept(scaling: Autoscaling, live: Live, name: str) -> Capacity | None:
    """Return an earlier flip's demand while it is in force."""
    autoscaler = live.autoscalers.get(name)
    if autoscaler is None or autoscaler.floor is None:
        return None
    pods, since = autoscaler.floor
    ends = since + timedelta(seconds=scaling.scale_down_window_seconds)
    kept = Capacity(minimum=pods, floor=autoscaler.annotations[FLOOR])
    return kept if datetime.fromisoformat(live.at) < ends else None
