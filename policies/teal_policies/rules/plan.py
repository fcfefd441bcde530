"""Judges the plan alone. It is registered first, so these rules refuse before anything else is declared."""

from collections.abc import Iterator

from teal.model.colours import Colour
from teal.plans.model import IDLE, Plan, ServicePlan, Word
from teal_policies.model import Bounds, Finding, Resource
from teal_policies.plan import carrying, pods, slot_of, state, told


def is_safe(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Refuse a plan that is UNSAFE."""
    del bounds
    plan = told(resource)
    if plan is not None and plan.word is Word.UNSAFE:
        why = "; ".join(plan.reasons) or "no reason given"
        yield Finding("the plan", f"UNSAFE: {why}", "any other word", "change the config that the reasons name")


def live_colour_stays(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require the live colour to keep its release and its pods until traffic has moved to as many."""
    plan = told(resource)
    if plan is None:
        return
    for name, service, live in carrying(plan):
        yield from _live_slot(plan, name, service, live, bounds)


def _live_slot(plan: Plan, name: str, service: ServicePlan, live: Colour, bounds: Bounds) -> Iterator[Finding]:
    slot, active = slot_of(service, live), slot_of(service, plan.active_colour)
    leaving = live is not plan.active_colour
    has = 0 if slot.now is None else slot.now.ready if leaving else slot.now.replicas
    allowed = ["running", *(["stopped"] if leaving and bounds["allowStopped"] else [])]
    if state(slot) not in allowed and not (
        leaving and state(slot) == IDLE
    ):  # a worker stops once the move is confirmed
        yield Finding(
            f"service {name}, live colour {live} ({has} pods)",
            f"it would be {state(slot)}",
            " or ".join(allowed),
            f"keep teal:{live} running, flip first, and end it in a later update",
        )
        return
    bound = "flipPercent" if leaving else "keepPercent"
    least = max(_share(has, bounds[bound]), int(bounds["minimumReplicas"]))
    if pods(active) < least:
        yield Finding(
            f"service {name}, live colour {live} ({has} pods)",
            f"{plan.active_colour} would have {pods(active)} pods",
            f"at least {least} ({bounds[bound]:g} % of them, {bound}; minimumReplicas {bounds['minimumReplicas']:g})",
            f"raise teal:services.{name}.autoscaling.minReplicas and maxReplicas, or its replicas",
        )


def one_move_at_a_time(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Refuse to change live pods in the update that moves traffic away from them, since a rollback returns to them."""
    del bounds
    plan = told(resource)
    if plan is None:
        return
    for name, service, live in carrying(plan):
        slot = slot_of(service, live)
        if live is not plan.active_colour and slot.changes and pods(slot):
            yield Finding(
                f"service {name}, live colour {live}",
                f"{', '.join(slot.changes)} would change, and traffic would move to {plan.active_colour}",
                "one of the two an update",
                f"put teal:{live} back, flip, and change it in a later update",
            )


def idle_colour_keeps_its_share(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require the idle colour to be able to take traffic back until the active one is confirmed."""
    plan = told(resource)
    if plan is None or plan.confirmed_colour is plan.active_colour:
        return
    idle = plan.active_colour.other
    for name, service, _ in carrying(plan):
        slot, active = slot_of(service, idle), slot_of(service, plan.active_colour)
        ended = state(slot) == IDLE or (state(slot) == "stopped" and bounds["allowStopped"])
        least = _share(pods(active), bounds["percent"])
        if slot.now and slot.now.replicas and not ended and pods(slot) < least:
            yield Finding(
                f"service {name}, idle colour {idle} ({slot.now.replicas} pods)",
                f"it would be {state(slot)} with {pods(slot)} pods, and {plan.active_colour} is not confirmed",
                f"at least {least} pods until then ({bounds['percent']:g} % of {plan.active_colour}'s {pods(active)})",
                f"keep teal:{idle} running and raise autoscaling.idlePercent; retire it in a later update",
            )


def _share(of: int, percent: float) -> int:
    """Return the share, rounded up."""
    return -(-of * int(percent) // 100)
