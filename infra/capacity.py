"""How many pods a colour is asked for, by what is declared and by what is live. Pure.

A colour that is about to go live is asked for as many pods as the live one has
now, if that is more than its minimum, and keeps them until the autoscaler has
had time to see its traffic.
"""

from datetime import datetime, timedelta

from infra.live import Live
from infra.scaling import FLOOR, Capacity
from infra.settings.scaling import Autoscaling
from teal.colours import Colour


def of(scaling: Autoscaling, service: str, colour: Colour, *, active: Colour, live: Live) -> Capacity:
    """What one colour's autoscaler is asked for in this update."""
    if colour is not active:
        return Capacity(minimum=scaling.idle_replicas)
    traffic = live.services.get(service)
    if traffic is not None and traffic.colour is colour.other:
        serving = live.slots.get((service, colour.other))
        if serving is not None and serving.replicas > scaling.min_replicas:
            return Capacity(minimum=serving.replicas, floor=f"{serving.replicas}@{live.at}")
        return Capacity(minimum=scaling.min_replicas)
    return _kept(scaling, live, f"{service}-{colour}") or Capacity(minimum=scaling.min_replicas)


def _kept(scaling: Autoscaling, live: Live, name: str) -> Capacity | None:
    """The demand of an earlier flip, while it is in force."""
    autoscaler = live.autoscalers.get(name)
    floor = autoscaler.annotations.get(FLOOR) if autoscaler else None
    if floor is None:
        return None
    pods, since = floor.split("@", 1)
    ends = datetime.fromisoformat(since) + timedelta(seconds=scaling.scale_down_window_seconds)
    return Capacity(minimum=int(pods), floor=floor) if datetime.fromisoformat(live.at) < ends else None
