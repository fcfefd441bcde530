"""What a listener rule consists of: conditions, priorities, weights. Pure; `teal_infra.traffic.alb` declares it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from teal.model.colours import Colour
from teal.model.labels import OF_SERVICE
from teal.model.routes import Split, said, weights
from teal_infra.settings import Settings
from teal_infra.settings.reach.routing import CanaryMatch
from teal_infra.traffic import Declared

if TYPE_CHECKING:
    from pulumi_aws.lb import ListenerRuleActionArgsDict, ListenerRuleConditionArgsDict

FIRST = 10
"""The priority of the rule of a stack's only service."""


def forward(
    settings: Settings,
    groups: Mapping[Colour, pulumi.Input[str]],
    colour: Colour,
    share: int = 0,
    *,
    order: int = 1,
) -> "ListenerRuleActionArgsDict":
    """Return an action that forwards to both colours, always blue first, so that a flip only changes two numbers."""
    by_colour = weights(colour, share)
    sticky = settings.alb.stickiness_seconds if settings.alb else None
    return {
        "type": "forward",
        "order": order,
        "forward": {
            "target_groups": [{"arn": groups[each], "weight": by_colour[each]} for each in Colour],
            "stickiness": {"enabled": sticky is not None, "duration": sticky or 1},
        },
    }


def conditions(settings: Settings, service: str) -> "list[ListenerRuleConditionArgsDict]":
    """Return the conditions that select a service's requests."""
    routing = settings.services[service].routing
    found: list[ListenerRuleConditionArgsDict] = [{"path_pattern": {"values": list(routing.patterns)}}]
    if routing.hosts:
        found.insert(0, {"host_header": {"values": list(routing.hosts)}})
    return found


def chosen(match: CanaryMatch) -> "ListenerRuleConditionArgsDict":
    """Return the condition that selects the requests which the idle colour answers, whatever its weight."""
    if match.header:
        return {"http_header": {"http_header_name": match.header, "values": [match.value]}}
    # All cookies come in one header, in which a rule can only look for a pattern.
    return {"http_header": {"http_header_name": "Cookie", "values": [f"*{match.cookie}={match.value}*"]}}


def priority(settings: Settings, service: str) -> int:
    """Return the priority of a service's rule on the live listener; its other rules are one before and one after it.

    It depends on the service's own settings only, since a priority that moved with other services would meet theirs.
    """
    own = settings.services[service].routing.priority
    return FIRST if own is None else own


def declared(inputs: Mapping[str, Any]) -> Declared:
    """Return what the inputs of a live rule mean; blue's weight comes first."""
    tags: Mapping[str, str] = inputs.get("tags") or {}
    listed: Sequence[Mapping[str, Any]] = inputs["actions"][0]["forward"]["targetGroups"]
    by_colour = {colour: int(each["weight"]) for colour, each in zip(Colour, listed, strict=True)}
    split = Split(weights=by_colour, said=said(tags))
    return Declared(service=tags[OF_SERVICE], colour=split.colour, share=split.share)
