"""The plan that the program registers, as rules read it: what was live, and what this update would do."""

from collections.abc import Iterator

from teal.model.colours import Colour
from teal.plans.model import Plan, ServicePlan, SlotPlan, Word
from teal_policies.kinds import PLAN
from teal_policies.model import Graph, Resource


def told(resource: Resource) -> Plan | None:
    """The plan in a plan resource's inputs; None where they are not this update's.

    A program that has nothing to do leaves the inputs as they were
    (`ignoreChanges`), so that its plan is no change: they are an older plan's,
    and the outputs, which stack policies see, are this one's.

    Raises:
        ValueError: it is not of the shape, or in the words, that this pack knows.
    """
    return None if resource.ignore_changes else Plan.model_validate(resource.properties)


def of(graph: Graph) -> Plan | None:
    """The plan in a graph; None where it has none, or not one that could be read: `nothing-escapes` refuses that."""
    resources = list(graph.of(PLAN))
    try:
        return Plan.model_validate(resources[0].properties) if len(resources) == 1 else None
    except ValueError:
        return None


def carrying(plan: Plan) -> Iterator[tuple[str, ServicePlan, Colour]]:
    """The services that carry live traffic and are to go on doing so: name, plan, live colour."""
    for name, service in plan.services.items():
        if service.live_colour is not None and not is_to_go(service):
            yield name, service, service.live_colour


def is_to_go(service: ServicePlan) -> bool:
    """Whether a service ends because the stack says so (`teal:removed`): else its plan would be UNSAFE."""
    return service.word is Word.RETIRE and not any(slot.planned for slot in service.slots.values())


def slot_of(service: ServicePlan, colour: Colour) -> SlotPlan:
    """One colour of a service; empty where there is neither a release nor a pod of it."""
    return service.slots.get(colour, SlotPlan())


def state(slot: SlotPlan) -> str:
    """What a colour is to do: running, retired, stopped, or gone."""
    return slot.planned.state if slot.planned else "gone"


def pods(slot: SlotPlan) -> int:
    """Pods that a colour is going to have."""
    return slot.planned.replicas if slot.planned and slot.planned.running else 0
