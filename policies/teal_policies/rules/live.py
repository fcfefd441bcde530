"""Requires that what carries live traffic, or is about to, stays the same object and leads where the plan says."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from teal.model.adopted import Adopted, led_to
from teal.model.colours import Colour
from teal.model.labels import COLOUR_LABEL, LIVE, NAME_LABEL, OF_SERVICE, ROLE
from teal.model.routes import said
from teal.model.workers import COLOUR, record
from teal.plans.model import IDLE, Plan, ServicePlan
from teal_policies.kinds import (
    AUTOSCALER,
    CONFIG_MAP,
    CRON_JOB,
    DEPLOYMENT,
    HTTP_ROUTE,
    LISTENER_RULES,
    SERVICE,
    TARGET_GROUPS,
)
from teal_policies.model import Bounds, Finding, Graph, Resource, part
from teal_policies.plan import carrying, of, pods, slot_of

SLOTS = (DEPLOYMENT, CRON_JOB)
"""The types of the objects that make the pods of a colour."""

ROUTE_CHAINS = {
    SERVICE: (f"teal:kubernetes:ServiceSelector${SERVICE}", "active"),
    HTTP_ROUTE: (f"teal:kubernetes:WeightedRoute${HTTP_ROUTE}", "route"),
    CONFIG_MAP: (f"teal:kubernetes:Worker${CONFIG_MAP}", "live"),
}
"""The types from the outermost component to the object, and the end of its name: what an engine knows it by."""

CONFIRMED = "teal-confirmed"


def objects_stay(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require a slot's Deployment or CronJob, and an active Service, to declare nothing that would replace it."""
    del bounds
    service, colour = resource.labels.get(NAME_LABEL), resource.labels.get(COLOUR_LABEL)
    if resource.type in SLOTS and colour:
        yield from _slot_kept(resource, str(service), colour)
    elif service and is_route_of(resource, service):
        chain, ending = ROUTE_CHAINS[resource.type]
        yield from _kept(resource, chain, f"{service}-{ending}")
        if resource.type == SERVICE:
            yield from _service_kept(resource, service)
        if resource.type == CONFIG_MAP and (its := resource.metadata.get("name")) != record(service):
            needed = f"name {record(service)}: in another one the live colour is another one's"
            yield Finding(str(resource), f"name {its}", needed, "keep it")


def _slot_kept(resource: Resource, service: str, colour: str) -> Iterator[Finding]:
    name, its = f"{service}-{colour}", resource.metadata.get("name")
    yield from _kept(resource, f"teal:kubernetes:Slot${resource.type}", name)
    if resource.type == DEPLOYMENT:
        selector = part(resource.spec, "selector", "matchLabels")
        yield from _selects(resource, selector, {NAME_LABEL: service, COLOUR_LABEL: colour})
    if its != name:
        yield Finding(str(resource), f"name {its}", f"name {name}: another name is another object", "keep it")


def _service_kept(resource: Resource, service: str) -> Iterator[Finding]:
    selector = part(resource.spec, "selector")
    adopted = Adopted.of(part(resource.metadata, "annotations"))
    if adopted is None or dict(selector) != dict(adopted.selector):
        yield from _selects(resource, selector, {NAME_LABEL: service, COLOUR_LABEL: selector.get(COLOUR_LABEL, "")})
    if "clusterIP" in resource.spec and "spec.clusterIP" not in resource.ignore_changes:
        seen, needed = "a declared clusterIP", "none: a changed one means another Service"
        yield Finding(str(resource), seen, needed, "leave it out")
    if resource.spec.get("type") == "ExternalName":
        yield Finding(str(resource), "type ExternalName", "a Service that selects pods", "keep frontDoor.type")


def is_route_of(resource: Resource, service: str) -> bool:
    """Return whether it makes a service live: a Service, an HTTPRoute, a listener rule, or the record of a worker."""
    if resource.type == CONFIG_MAP:
        return resource.is_of_worker and resource.labels.get(NAME_LABEL) == service
    if resource.type in ROUTE_CHAINS:
        return resource.metadata.get("name") == service and COLOUR_LABEL not in resource.labels
    if resource.type in LISTENER_RULES:
        return (resource.tags.get(OF_SERVICE), resource.tags.get(ROLE)) == (service, LIVE)
    return False


def _leads_to(route: Resource) -> str | None:
    """Return the colour that has a route's live traffic, as the route declares it."""
    if route.type == SERVICE:
        return led_to(part(route.spec, "selector"), part(route.metadata, "annotations"))
    if route.type == CONFIG_MAP:
        return part(route.properties, "data").get(COLOUR)
    return said(part(route.metadata, "annotations")) or said(route.tags)


def _kept(resource: Resource, chain: str, name: str) -> Iterator[Finding]:
    if not resource.keeps_identity(chain, name):
        yield Finding(
            str(resource),
            f"declared as {resource.urn}",
            f"…::{chain}::{name}, or an alias of that: an engine would create another and delete this one",
            "give it pulumi.Alias with its old name, type and parent",
        )
    if resource.delete_before_replace:
        yield Finding(str(resource), "deleteBeforeReplace", "none: it would be gone for a while", "leave it out")


def _selects(resource: Resource, selector: Mapping[str, str], needed: Mapping[str, str]) -> Iterator[Finding]:
    if dict(selector) != needed:
        seen = ", ".join(f"{key}={value}" for key, value in sorted(selector.items())) or "nothing"
        wanted = ", ".join(f"{key}={value}" for key, value in sorted(needed.items()))
        remedy = "leave selectors to teal_infra.labels"
        yield Finding(str(resource), f"selects {seen}", f"{wanted}, and nothing else", remedy)


def traffic_stays(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Require live traffic to keep its route, which leads to the active colour, and the pods of its Deployment."""
    del bounds
    plan = of(graph)
    if plan is None:
        return
    for name, service, live in carrying(plan):
        yield from _route(graph, plan, name)
        yield from _target_groups(graph, name, {live, plan.active_colour})
        if slot_of(service, live).planned and not slot_of(service, live).adopted:
            yield from _deployment(graph, plan, name, live)
            yield from _pods(graph, name, service, plan.active_colour)


def _route(graph: Graph, plan: Plan, service: str) -> Iterator[Finding]:
    what = f"the route of {service}, which carries live traffic"
    found = [each for each in graph.resources if is_route_of(each, service)]
    if len(found) != 1:
        remedy = f"name {service} in teal:services again"
        yield Finding(what, f"{len(found)} of them declared", "exactly one: without it, traffic ends", remedy)
    for each in found:
        if each.type in ROUTE_CHAINS:
            yield from _placed(each, what, plan.namespace)
        if (colour := _leads_to(each)) != plan.active_colour:
            remedy = "leave where it leads to teal:activeColour"
            yield Finding(str(each), f"leads to {colour}", f"{plan.active_colour}, as the plan says", remedy)


def _target_groups(graph: Graph, service: str, colours: AbstractSet[str]) -> Iterator[Finding]:
    for group in graph.of(*TARGET_GROUPS):
        its = group.tags.get(OF_SERVICE), group.tags.get(COLOUR_LABEL)
        if its[0] == service and its[1] in colours and not group.protect:
            what, remedy = f"{group}, which carries live traffic", "give it protect=True"
            yield Finding(what, "protect is off", "protect: nothing replaces it", remedy)


def _deployment(graph: Graph, plan: Plan, service: str, colour: str) -> Iterator[Finding]:
    found = [each for each in graph.of(*SLOTS) if each.is_slot_of(service, colour)]
    kind = found[0].kind if found else "Deployment"
    what = f"{kind} {service}-{colour}, which carries live traffic"
    if len(found) != 1:
        yield Finding(what, f"{len(found)} of them declared", "exactly one", "declare the live slot as it was")
    for each in found:
        yield from _placed(each, what, plan.namespace)


def _placed(each: Resource, what: str, namespace: str) -> Iterator[Finding]:
    if (seen := each.metadata.get("namespace")) != namespace:
        needed = f"namespace {namespace}: in another one it is another object"
        yield Finding(what, f"namespace {seen}", needed, "keep teal:namespace")


def _pods(graph: Graph, name: str, service: ServicePlan, active: Colour) -> Iterator[Finding]:
    """Yield resources that give the live colour fewer pods than the plan, by which these are judged."""
    planned = pods(slot_of(service, active))
    for each in graph.of(AUTOSCALER, DEPLOYMENT):
        most = each.spec.get("maxReplicas" if each.type == AUTOSCALER else "replicas")
        ends = most is not None and (most < planned if each.type == AUTOSCALER else not most)
        if planned and ends and each.is_slot_of(name, active):
            seen, remedy = f"at most {most:g} pods", "declare what the plan says"
            yield Finding(f"{each}, to carry live traffic", seen, f"{planned}, as the plan says", remedy)


def workers_take_turns(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Require a worker's idle colour to start no pods, and its active one none before its record calls it live."""
    del bounds
    its = of(graph)
    if its is None:
        return
    for name, service in its.services.items():
        idle = slot_of(service, its.active_colour.other).planned
        if idle is not None and idle.state == IDLE:
            yield from _turn(graph, name, its.active_colour)


def _turn(graph: Graph, service: str, active: Colour) -> Iterator[Finding]:
    records = [each for each in graph.of(CONFIG_MAP) if is_route_of(each, service)]
    for each in graph.of(*SLOTS):
        idle = each.is_slot_of(service, active.other)
        if idle and each.type == CRON_JOB and each.spec.get("suspend") is not True:
            needed = f"suspend: true; {active} is active, and what is due would be run twice"
            yield Finding(str(each), "it would run its schedule", needed, "leave that to the program")
        if idle and each.type == DEPLOYMENT and each.spec.get("replicas") != 0:
            needed = f"replicas 0: {active} is active, and two colours would take its work"
            yield Finding(str(each), "it would have pods", needed, "leave its number to the program")
        for record_of in records if each.is_slot_of(service, active) else ():
            if not graph.waits_for(each, record_of):
                needed = "the record of what is live first: by it a flip whose update died is undone"
                yield Finding(str(each), f"does not wait for {record_of}", needed, f"give it depends_on {record_of}")


def _keeps(resource: Resource, plan: Plan, colour: Colour) -> bool:
    """Return whether it is an autoscaler that asks for no fewer pods than its colour has, and so comes first."""
    if resource.type != AUTOSCALER:
        return False
    now = [slot_of(each, colour).now for name, each in plan.services.items() if resource.is_slot_of(name, colour)]
    least = resource.spec.get("minReplicas")
    return least is not None and all(each is not None and 0 < each.replicas <= least for each in now) and bool(now)


def idle_waits(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Require what could shrink the idle colour to wait for the record of the confirmed one, and that for traffic."""
    del bounds
    plan = of(graph)
    if plan is None:
        return
    records = [each for each in graph.of(CONFIG_MAP) if each.metadata.get("name") == CONFIRMED]
    if len(records) != 1:
        remedy = "declare teal_infra.hooks.confirmed.Confirmed, once"
        yield Finding(f"ConfigMap {CONFIRMED}", f"{len(records)} of them declared", "exactly one", remedy)
    routes = [each for each in graph.resources for name in plan.services if is_route_of(each, name)]
    other = plan.active_colour.other
    idle = [
        each
        for each in graph.of(*SLOTS, AUTOSCALER)
        if each.labels.get(COLOUR_LABEL) == other and not _keeps(each, plan, other)
    ]
    for confirmed in records:
        pairs = [*((each, confirmed) for each in idle), *((confirmed, each) for each in routes)]
        for later, earlier in pairs:
            if not graph.waits_for(later, earlier):
                yield Finding(
                    str(later),
                    f"does not wait for {earlier}",
                    "traffic, then its confirmation, then whatever may shrink the idle colour",
                    f"give it depends_on {earlier}",
                )
