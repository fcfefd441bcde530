"""What the graph tells of the objects that carry, or carried, live traffic: that they stay the objects they are."""

from collections.abc import Iterator, Mapping

from policies.kinds import AUTOSCALER, CONFIG_MAP, DEPLOYMENT, SERVICE
from policies.model import Bounds, Finding, Graph, Resource, part
from policies.plan import carrying, of, pods, slot_of
from teal.colours import COLOUR_LABEL, NAME_LABEL, Colour
from teal.plans.model import Plan, ServicePlan

SLOT_CHAIN = f"teal:kubernetes:Slot${DEPLOYMENT}"
ROUTE_CHAIN = f"teal:kubernetes:ServiceSelector${SERVICE}"
"""Types from the outermost component to the object: with the logical name, what an engine knows a resource by."""

CONFIRMED = "teal-confirmed"


def deployments_stay(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """What an engine or the API server would have to replace, or what would end pods that the plan keeps."""
    del bounds
    plan = of(graph)
    for name, service, live in carrying(plan):
        if plan is not None and slot_of(service, live).planned:
            yield from _deployment(graph, plan, name, live)
            yield from _pods(graph, name, service, plan.active_colour)


def _deployment(graph: Graph, plan: Plan, service: str, colour: str) -> Iterator[Finding]:
    name = f"{service}-{colour}"
    what = f"Deployment {name}, which carries live traffic"
    found = [each for each in graph.of(DEPLOYMENT) if each.is_slot_of(service, colour)]
    if len(found) != 1:
        yield Finding(what, f"{len(found)} of them declared", "exactly one", "declare the live slot as it was")
    for each in found:
        yield from _same(each, what, SLOT_CHAIN, name)
        if each.delete_before_replace:
            yield Finding(what, "deleteBeforeReplace", "none: its pods would be gone", "leave the option out")
        yield from _placed(each, what, name, plan.namespace)
        selector = part(each.spec, "selector", "matchLabels")
        yield from _selects(what, selector, {NAME_LABEL: service, COLOUR_LABEL: colour})


def _pods(graph: Graph, name: str, service: ServicePlan, active: Colour) -> Iterator[Finding]:
    """That resources do not say otherwise than the plan, by which the live colour's pods are judged."""
    planned = pods(slot_of(service, active))
    for each in graph.of(AUTOSCALER, DEPLOYMENT):
        most = each.spec.get("maxReplicas" if each.type == AUTOSCALER else "replicas")
        ends = most is not None and (most < planned if each.type == AUTOSCALER else not most)
        if planned and ends and each.is_slot_of(name, active):
            seen, remedy = f"at most {most:g} pods", "declare what the plan says"
            yield Finding(f"{each}, to carry live traffic", seen, f"{planned}, as the plan says", remedy)


def updated_in_place(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """An active Service declares nothing for which pulumi-kubernetes would make another one."""
    del bounds
    if COLOUR_LABEL in resource.labels or resource.metadata.get("name") != resource.labels.get(NAME_LABEL):
        return  # a colour's preview door, or none of a service's
    what = f"active Service {resource.metadata['name']}"
    if resource.delete_before_replace:
        yield Finding(what, "deleteBeforeReplace", "none: it would be gone for a while", "leave the option out")
    if "clusterIP" in resource.spec:
        yield Finding(what, "a declared clusterIP", "none: a changed one means another Service", "leave it out")
    if resource.spec.get("type") == "ExternalName":
        yield Finding(what, "type ExternalName", "a Service that selects pods", "keep frontDoor.type")


def traffic_stays(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Each service's active Service is the one that is there, and selects the declared colour and nothing else."""
    del bounds
    plan = of(graph)
    for name, _, _ in carrying(plan):
        if plan is not None:
            yield from _route(graph, plan, name)


def _route(graph: Graph, plan: Plan, service: str) -> Iterator[Finding]:
    what = f"active Service {service}, which carries live traffic"
    found = [each for each in graph.of(SERVICE) if each.metadata.get("name") == service]
    if len(found) != 1:
        remedy = f"name {service} in teal:services again"
        yield Finding(what, f"{len(found)} of them declared", "exactly one: without it, traffic ends", remedy)
    for each in found:
        yield from _same(each, what, ROUTE_CHAIN, f"{service}-active")
        yield from _placed(each, what, service, plan.namespace)
        selector = part(each.spec, "selector")
        yield from _selects(what, selector, {NAME_LABEL: service, COLOUR_LABEL: plan.active_colour})


def idle_waits(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """What could shrink the idle colour is changed after the record of the confirmed one, and that after traffic."""
    del bounds
    plan = of(graph)
    if plan is None:
        return
    records = [each for each in graph.of(CONFIG_MAP) if each.metadata.get("name") == CONFIRMED]
    if len(records) != 1:
        remedy = "declare infra.confirmed.Confirmed, once"
        yield Finding(f"ConfigMap {CONFIRMED}", f"{len(records)} of them declared", "exactly one", remedy)
    routes = [each for each in graph.of(SERVICE) if each.metadata.get("name") in plan.services]
    other = plan.active_colour.other
    idle = [each for each in graph.of(DEPLOYMENT, AUTOSCALER) if each.labels.get(COLOUR_LABEL) == other]
    for record in records:
        pairs = [*((each, record) for each in idle), *((record, each) for each in routes)]
        for later, earlier in pairs:
            if not graph.waits_for(later, earlier):
                yield Finding(
                    str(later),
                    f"does not wait for {earlier}",
                    "traffic, then its confirmation, then whatever may shrink the idle colour",
                    f"give it depends_on {earlier}",
                )


def _same(each: Resource, what: str, chain: str, name: str) -> Iterator[Finding]:
    if not each.keeps_identity(chain, name):
        yield Finding(
            what,
            f"declared as {each.urn}",
            f"…::{chain}::{name}, or an alias of that: an engine would create another and delete this one",
            "give it pulumi.Alias with its old name, type and parent",
        )


def _placed(each: Resource, what: str, name: str, namespace: str) -> Iterator[Finding]:
    for key, needed in (("name", name), ("namespace", namespace)):
        if each.metadata.get(key) != needed:
            seen = f"{key} {each.metadata.get(key)}"
            yield Finding(what, seen, f"{key} {needed}: a changed one means another object", f"keep its {key}")


def _selects(what: str, selector: Mapping[str, str], needed: Mapping[str, str]) -> Iterator[Finding]:
    if dict(selector) != needed:
        seen = ", ".join(f"{key}={value}" for key, value in sorted(selector.items())) or "nothing"
        wanted = ", ".join(f"{key}={value}" for key, value in sorted(needed.items()))
        yield Finding(what, f"selects {seen}", f"{wanted}, and nothing else", "leave selectors to teal:activeColour")
