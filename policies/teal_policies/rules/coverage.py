"""Checks that the other policies had something to judge: what nobody looked at has not passed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from teal.plans.model import Plan, Word
from teal_policies import plan
from teal_policies.kinds import OPAQUE, PLAN, POD_TEMPLATES
from teal_policies.model import Bounds, Finding, Graph, Policy, Properties, StackRule, kind_of
from teal_policies.rules.live import SLOTS, is_route_of

REMEDY = "use the policy pack of this program"


def looked_at(judges: Sequence[Policy]) -> StackRule:
    """Make the rule that each of these policies found a resource of its types, unless it need not."""

    def rule(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
        del bounds
        present = {each.type for each in graph.resources}
        for judge in judges:
            if judge.types and judge.required and not present & {*judge.types}:
                types = ", ".join(judge.types)
                yield Finding(
                    f"policy {judge.name}", "it had nothing to look at", f"a resource of type {types}", REMEDY
                )

    return rule


def known_types(judges: Sequence[Policy]) -> StackRule:
    """Make the rule that every resource of a judged kind, and every one that runs pods, is of a type that is judged."""
    known = {type_: kind_of(type_) for judge in judges for type_ in judge.types}
    kinds = {kind: type_ for type_, kind in known.items()}

    def rule(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
        for each in graph.resources:
            if each.type in known or each.type in bounds["ignored"]:
                continue
            remedy = f"declare it as that, or list {each.type} under nothing-escapes, ignored, in the pack's config"
            kind = each.kind.removesuffix("Patch").removesuffix("List")
            if kind in kinds and each.type.split(":", 1)[0] == kinds[kind].split(":", 1)[0]:
                yield Finding(str(each), f"type {each.type}, at which no policy looks", kinds[kind], remedy)
            elif each.type in OPAQUE or _runs_pods(each.properties):
                types = ", ".join(POD_TEMPLATES)
                yield Finding(str(each), f"type {each.type} runs pods, and no policy looks at it", types, remedy)

    return rule


def _runs_pods(properties: Properties) -> bool:
    """Return whether a resource describes containers, by its shape."""
    inner: Any = properties.get("spec")
    while isinstance(inner, Mapping):
        spec = cast("Properties", inner)
        if spec.get("containers"):
            return True
        inner = next((spec[key] for key in ("jobTemplate", "template", "spec") if key in spec), None)
    return False


def plan_is_there(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Require one plan that can be read and names services, all of which are in the graph."""
    del bounds
    its, plans = plan.of(graph), list(graph.of(PLAN))
    if its is None or not its.services:
        seen = f"{len(plans)} plan resources" + (", which say nothing that could be read" if plans else "")
        yield Finding("the plan", seen, f"one {PLAN} with services: without it live facts are not known", REMEDY)
        return
    if plans[0].ignore_changes and its.word is not Word.NOTHING:
        seen = f"{its.word}, and its inputs are kept from an older one (ignoreChanges)"
        yield Finding("the plan", seen, "inputs of this update: they are judged first", REMEDY)
    for what in _missing(graph, its):
        yield Finding(what, "in the plan, and not among the resources", "each slot and each route", REMEDY)


def _missing(graph: Graph, its: Plan) -> Iterator[str]:
    for name, service in its.services.items():
        colours = [colour for colour, slot in service.slots.items() if slot.planned]
        for colour in colours:
            made = not service.slots[colour].adopted
            if made and not any(each.is_slot_of(name, colour) for each in graph.of(*SLOTS)):
                yield f"what makes the pods of {name}-{colour}"
        if colours and not any(is_route_of(each, name) for each in graph.resources):
            yield f"the route of {name}"
