"""What the plan alone tells. The plan is registered first, so these refuse before anything else is declared."""

from collections.abc import Iterable, Iterator

from policies import plan
from policies.model import Bounds, Finding, Resource
from policies.plan import Plan, Service

WORDS = ("NOTHING", "PREPARE", "FLIP", "RELEASE", "ROLLBACK", "ROLLING", "RETIRE", "UNSAFE")


def is_safe(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Nothing is UNSAFE, and every word is one that this pack knows."""
    del bounds
    its = plan.read(resource.properties)
    judged = [("the flip set", its.word, its.reasons), *((each.name, each.word, each.reasons) for each in its.services)]
    for what, word, reasons in judged:
        if word == "UNSAFE":
            why = "; ".join(reasons) or "no reason given"
            yield Finding(what, f"UNSAFE: {why}", "a plan without UNSAFE", "change the config that the reasons name")
        elif word not in WORDS:
            yield Finding(what, f"word {word!r}", f"one of {', '.join(WORDS)}", "use the policy pack of this program")


def live_colour_stays(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """The colour that carries traffic keeps its release and its pods until traffic has moved."""
    its = plan.read(resource.properties)
    for service in its.services:
        if service.live is not None:
            yield from _live_slot(its, service, service.live, bounds)


def _live_slot(its: Plan, service: Service, live: str, bounds: Bounds) -> Iterator[Finding]:
    slot, leaving = service.slots[live], live != its.active
    what = f"service {service.name}, live colour {live} ({slot.replicas} pods)"
    allowed = ["running", *(["stopped"] if leaving and bounds["allowStopped"] else [])]
    if slot.state not in allowed:
        yield Finding(
            what,
            f"it would be {slot.state}",
            " or ".join(allowed),
            f"keep teal:{live} running, flip first, and end it in a later update",
        )
    elif not leaving and slot.kept < (least := int(bounds["minimumReplicas"])):
        yield Finding(
            what,
            f"it would be asked for {slot.kept} pods",
            f"at least {least} (minimumReplicas)",
            f"raise teal:services.{service.name}.autoscaling.minReplicas, or its replicas",
        )


def one_move_at_a_time(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Pods that are live do not change in the update that moves traffic away: it is what a rollback returns to."""
    del bounds
    its = plan.read(resource.properties)
    for service in its.services:
        changes = service.slots[service.live].changes if service.live and service.live != its.active else ()
        if changes:
            yield Finding(
                f"service {service.name}, live colour {service.live}",
                f"{', '.join(changes)} would change, and traffic would move to {its.active}",
                "one of the two an update",
                f"put teal:{service.live} back, flip, and change it in a later update",
            )


def idle_colour_keeps_its_share(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Until the active colour is confirmed, the other one stays able to take traffic back."""
    its = plan.read(resource.properties)
    if its.confirmed == its.active:
        return
    for service in its.services:
        yield from _idle_slot(its, service, bounds)


def _idle_slot(its: Plan, service: Service, bounds: Bounds) -> Iterable[Finding]:
    slot, active = service.slots[its.idle], service.slots[its.active]
    ended = slot.state == "stopped" and bounds["allowStopped"]
    least = -(-active.kept * int(bounds["percent"]) // 100)
    if slot.replicas and not ended and slot.kept < least:
        confirmed = its.confirmed or "nothing"
        yield Finding(
            f"service {service.name}, idle colour {its.idle} ({slot.replicas} pods)",
            f"it would be {slot.state} with {slot.kept} pods, and {confirmed} is confirmed",
            f"at least {least} pods until {its.active} is confirmed ({bounds['percent']:g} % of its {active.kept})",
            f"keep teal:{its.idle} running and raise autoscaling.idlePercent; retire it in a later update",
        )
