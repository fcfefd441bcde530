"""Reads the plan that the program registers: what was live, and what this update would do."""

from collections.abc import Iterator

from teal.model.colours import Colour
from teal.plans.model import Plan, ServicePlan, SlotPlan, Word
from teal_policies.kinds import PLAN
from teal_policies.model import Graph, Resource


def told(resource: Resource) -> Plan | None:
    """Return the plan in a plan resource's inputs; None where they are not this update's.

    A program that has nothing to do keeps the inputs as they were (`ignoreChanges`), so that its plan is no change. The
    inputs are an older plan then. The outputs, which stack policies see, are this one's.

    Raises:
        ValueError: the plan does not have the shape, or the words, that this pack knows.
    """
    return None if resource.ignore_changes else Plan.model_validate(resource.properties)


def of(graph: Graph) -> Plan | None:
    """Return the plan in a graph; None where none can be read, which `nothing-escapes` refuses."""
    resources = list(graph.of(PLAN))
    try:
        return Plan.model_validate(resources[0].properties) if len(resources) == 1 else None
    except ValueError:
        return None


def carrying(plan: Plan) -> Iterator[tuple[str, ServicePlan, Colour]]:
    """Yield the name, plan and live colour of each service that carries live traffic and stays."""
    for name, service in plan.services.items():
        if service.live_colour is not None and not is_to_go(service):
            yield name, service, service.live_colour


def is_to_go(service: ServicePlan) -> bool:
    """Return whether a service ends because the stack says so (`teal:removed`); otherwise its plan would be UNSAFE."""
    return service.word is Word.RETIRE and not any(slot.planned for slot in service.slots.values())


def slot_of(service: ServicePlan, colour: Colour) -> SlotPlan:
    """Return one colour of a service; empty where it has neither a release nor a pod."""
    return service.slots.get(colour, SlotPlan())


def state(slot: SlotPlan) -> str:
    """Return what a colour is to be: running, retired, stopped or gone."""
    return slot.planned.state if slot.planned else "gone"


def pods(slot: SlotPlan) -> int:
    """Return how many pods a colour is going to have."""
    return slot.planned.replicas if slot.planned and slot.planned.running else 0
