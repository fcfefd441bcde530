"""What the graph tells of the objects that carry, or carried, live traffic: that they stay the objects they are."""

from collections.abc import Iterator, Mapping

from policies import plan
from policies.kinds import AUTOSCALER, CONFIG_MAP, DEPLOYMENT, SERVICE
from policies.model import Bounds, Finding, Graph, Resource, part
from policies.plan import Plan
from policies.plan import Service as Planned
from teal.colours import COLOUR_LABEL, NAME_LABEL

SLOT_CHAIN = f"teal:kubernetes:Slot${DEPLOYMENT}"
ROUTE_CHAIN = f"teal:kubernetes:ServiceSelector${SERVICE}"
"""Types from the outermost component to the object: with the logical name, what an engine knows a resource by."""

CONFIRMED = "teal-confirmed"


def deployments_stay(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """What an engine or the API server would have to replace: another identity, name, namespace or selector."""
    del bounds
    its = plan.of(graph)
    for service in its.services if its else ():
        if its and service.live and service.slots[service.live].exists and service.slots[service.live].planned:
            yield from _deployment(graph, its, service.name, service.live)


def _deployment(graph: Graph, its: Plan, service: str, colour: str) -> Iterator[Finding]:
    name = f"{service}-{colour}"
    what = f"Deployment {name}, which carries live traffic"
    found = [each for each in graph.of(DEPLOYMENT) if each.is_slot_of(service, colour)]
    if len(found) != 1:
        yield Finding(what, f"{len(found)} of them declared", "exactly one", "declare the live slot as it was")
    for each in found:
        yield from _same(each, what, SLOT_CHAIN, name)
        yield from _placed(each, what, name, its.namespace)
        selector = {NAME_LABEL: service, COLOUR_LABEL: colour}
        yield from _selects(each, what, part(each.spec, "selector", "matchLabels"), selector)


def pods_stay(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Live traffic keeps as many pods as it has: the live colour is not capped below, a flip asks for no fewer."""
    its = plan.of(graph)
    for service in its.services if its else ():
        if its and service.live:
            yield from _capacity(graph, its, service, service.live, bounds)


def _capacity(graph: Graph, its: Plan, service: Planned, live: str, bounds: Bounds) -> Iterator[Finding]:
    flips = live != its.active
    slot = service.slots[live]
    has, percent = (slot.ready, int(bounds["flipPercent"])) if flips else (slot.replicas, 100)
    needed = -(-has * percent // 100)
    declared = [each for each in graph.of(DEPLOYMENT, AUTOSCALER) if each.is_slot_of(service.name, its.active)]
    for each in declared:
        key = "replicas" if each.type == DEPLOYMENT else "minReplicas" if flips else "maxReplicas"
        pods = each.spec.get(key)
        scaled = any(other.type == AUTOSCALER for other in declared)
        if pods is not None and pods < needed and not (each.type == DEPLOYMENT and scaled):
            yield Finding(
                f"{each}, to carry live traffic",
                f"{key} {pods:g}; live colour {live} has {has} pods",
                f"at least {needed}" + (f" ({percent} %, flipPercent)" if flips else ""),
                f"raise teal:services.{service.name}.autoscaling.{key}, or its replicas",
            )


def traffic_stays(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Each service's active Service is the one that is there, and selects the declared colour and nothing else."""
    del bounds
    its = plan.of(graph)
    for service in its.services if its else ():
        if its and service.live:
            yield from _route(graph, its, service.name)


def _route(graph: Graph, its: Plan, service: str) -> Iterator[Finding]:
    what = f"active Service {service}, which carries live traffic"
    found = [each for each in graph.of(SERVICE) if each.metadata.get("name") == service]
    if len(found) != 1:
        remedy = f"name {service} in teal:services again"
        yield Finding(what, f"{len(found)} of them declared", "exactly one: without it, traffic ends", remedy)
    for each in found:
        yield from _same(each, what, ROUTE_CHAIN, f"{service}-active")
        yield from _placed(each, what, service, its.namespace)
        yield from _selects(each, what, part(each.spec, "selector"), {NAME_LABEL: service, COLOUR_LABEL: its.active})
        if each.spec.get("type") == "ExternalName":
            yield Finding(what, "type ExternalName", "a Service that selects pods", "keep frontDoor.type")


def idle_waits(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """What could shrink the idle colour is changed after the record of the confirmed one, and that after traffic."""
    del bounds
    its = plan.of(graph)
    if its is None:
        return
    records = [each for each in graph.of(CONFIG_MAP) if each.metadata.get("name") == CONFIRMED]
    if len(records) != 1:
        remedy = "declare infra.confirmed.Confirmed, once"
        yield Finding(f"ConfigMap {CONFIRMED}", f"{len(records)} of them declared", "exactly one", remedy)
    names = {service.name for service in its.services}
    routes = [each for each in graph.of(SERVICE) if each.metadata.get("name") in names]
    idle = [each for each in graph.of(DEPLOYMENT, AUTOSCALER) if each.labels.get(COLOUR_LABEL) == its.idle]
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
    if each.delete_before_replace:
        yield Finding(what, "deleteBeforeReplace", "none: it would be gone for a while", "leave the option out")


def _placed(each: Resource, what: str, name: str, namespace: str) -> Iterator[Finding]:
    for key, needed in (("name", name), ("namespace", namespace)):
        if each.metadata.get(key) != needed:
            seen = f"{key} {each.metadata.get(key)}"
            yield Finding(what, seen, f"{key} {needed}: a changed one means another object", f"keep its {key}")


def _selects(each: Resource, what: str, selector: Mapping[str, str], needed: Mapping[str, str]) -> Iterator[Finding]:
    del each
    if dict(selector) != needed:
        seen = ", ".join(f"{key}={value}" for key, value in sorted(selector.items())) or "nothing"
        wanted = ", ".join(f"{key}={value}" for key, value in sorted(needed.items()))
        yield Finding(what, f"selects {seen}", f"{wanted}, and nothing else", "leave selectors to teal:activeColour")
