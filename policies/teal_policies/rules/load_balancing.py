"""What directs traffic by weights: AWS's load balancing in the shapes of pulumi-aws 7, and the Gateway API's routes."""

from collections.abc import Iterator, Sequence

from teal.model.labels import LIVE, ROLE
from teal_policies.kinds import HTTP_ROUTE, LISTENER_RULES
from teal_policies.model import Bounds, Finding, Properties, Resource, part, parts


def is_protected(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """No engine may delete it, nor replace it: that is what `protect` is for. Rules beside the live one may go."""
    if resource.is_in(bounds["exemptStacks"]):
        return
    if not resource.protect and resource.tags.get(ROLE, LIVE) == LIVE:
        yield Finding(str(resource), "protect is off", "protect: nothing replaces it", "give it protect=True")
    if resource.delete_before_replace:
        yield Finding(str(resource), "deleteBeforeReplace", "none: it would be gone", "leave the option out")


def both_attached(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """A forward names both colours with their weights; weight 0 keeps a target group's health checked."""
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
    """Nothing stands for both colours. A rule of its own: a preview does not know new target groups' names."""
    del bounds
    key = "name" if resource.type == HTTP_ROUTE else "arn"
    for groups in _splits(resource):
        names = [group[key] for group in groups]
        if len(names) != len({*names}):
            yield Finding(str(resource), "leads to one colour twice", "each of them once", "name both colours")


def _splits(resource: Resource) -> Iterator[Sequence[Properties]]:
    """What each of its forwards names: of a listener, those that forward by default."""
    if resource.type == HTTP_ROUTE:
        yield from (parts(rule, "backendRefs") for rule in parts(resource.spec, "rules"))
        return
    actions = parts(resource.properties, "actions" if resource.type in LISTENER_RULES else "defaultActions")
    yield from (parts(part(action, "forward"), "targetGroups") for action in actions if action.get("type") == "forward")
