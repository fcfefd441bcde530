"""Requires what directs traffic by weights to be safe: load balancing as pulumi-aws 7 has it, Gateway API routes."""

from collections.abc import Iterator, Sequence

from teal.model.labels import LIVE, ROLE
from teal_policies.kinds import HTTP_ROUTE, LISTENER_RULES
from teal_policies.model import Bounds, Finding, Properties, Resource, part, parts


def is_protected(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require `protect`, so that no engine deletes or replaces it. Rules beside the live one may go."""
    if resource.is_in(bounds["exemptStacks"]):
        return
    if not resource.protect and resource.tags.get(ROLE, LIVE) == LIVE:
        yield Finding(str(resource), "protect is off", "protect: nothing replaces it", "give it protect=True")
    if resource.delete_before_replace:
        yield Finding(str(resource), "deleteBeforeReplace", "none: it would be gone", "leave the option out")


def both_attached(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require a forward to name both colours with weights; weight 0 keeps a target group's health checked."""
    needed = int(bounds["colours"])
    for groups in _splits(resource):
        weights = [group.get("weight") for group in groups]
        if len(groups) != needed:
            yield Finding(
                str(resource),
                f"leads to {len(groups) or 1} of the colours",
                f"{needed}, with weights: a target group that is in no rule is not health-checked",
                "name both colours, the idle one with weight 0",
            )
        elif None in weights or not any(weights):
            yield Finding(
                str(resource),
                f"weights {', '.join('none' if each is None else f'{each:g}' for each in weights)}",
                "a weight for each colour, and one above 0",
                "give the active colour 100, the idle one 0",
            )


def attached_once(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require that no target stands for both colours; a rule of its own, since a preview lacks new targets' names."""
    del bounds
    key = "name" if resource.type == HTTP_ROUTE else "arn"
    for groups in _splits(resource):
        names = [group[key] for group in groups]
        if len(names) != len({*names}):
            yield Finding(str(resource), "leads to one colour twice", "each of them once", "name both colours")


def _splits(resource: Resource) -> Iterator[Sequence[Properties]]:
    """Yield the targets of each of its forwards; of a listener, those of its default actions. A redirect has none."""
    if resource.type == HTTP_ROUTE:
        rules = parts(resource.spec, "rules")
        yield from (its for rule in rules if (its := parts(rule, "backendRefs")) or not parts(rule, "filters"))
        return
    actions = parts(resource.properties, "actions" if resource.type in LISTENER_RULES else "defaultActions")
    yield from (parts(part(action, "forward"), "targetGroups") for action in actions if action.get("type") == "forward")
