"""What directs traffic in AWS: load balancer, listener, rule, target group; shapes of pulumi-aws 7."""

from collections.abc import Iterator

from policies.kinds import LISTENER_RULES
from policies.model import Bounds, Finding, Properties, Resource, parts


def is_protected(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """No engine may delete it, nor replace it: that is what `protect` is for."""
    del bounds
    if not resource.protect:
        yield Finding(str(resource), "protect is off", "protect: nothing replaces it", "give it protect=True")
    if resource.delete_before_replace:
        yield Finding(str(resource), "deleteBeforeReplace", "none: it would be gone", "leave the option out")


def both_attached(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """A forward names every colour's target group with its weight; weight 0 keeps the group's health checked."""
    needed = int(bounds["targetGroups"])
    for action in _forwards(resource):
        groups = parts(action, "forward", "targetGroups")
        weights = [group.get("weight") for group in groups]
        if len(groups) != needed:
            yield Finding(
                str(resource),
                f"forwards to {len(groups) or 1} target group(s)",
                f"{needed} with weights: one that is in no rule is not health-checked",
                "name both colours' target groups in forward.targetGroups, the idle one with weight 0",
            )
        elif None in weights or not any(weights):
            yield Finding(
                str(resource),
                f"weights {', '.join('none' if each is None else f'{each:g}' for each in weights)}",
                "a weight for each target group, and one above 0",
                "give the active colour's target group 100, the idle one's 0",
            )


def attached_once(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """No target group stands for both colours. A rule of its own: a preview does not know new groups' names."""
    del bounds
    for action in _forwards(resource):
        names = [group["arn"] for group in parts(action, "forward", "targetGroups")]
        if len(names) != len({*names}):
            yield Finding(
                str(resource), "forwards to one target group twice", "one for each colour", "name both colours' groups"
            )


def _forwards(resource: Resource) -> Iterator[Properties]:
    """The actions that send traffic on: of a rule all of them, of a listener those that forward by default."""
    key = "actions" if resource.type in LISTENER_RULES else "defaultActions"
    return (each for each in parts(resource.properties, key) if each.get("type") == "forward")
