"""What a listener rule says: conditions, priorities, weights. Pure; `infra.traffic.alb` declares it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from infra.settings import Settings
from infra.traffic import Declared
from teal.colours import Colour, colour_of
from teal.routes import ACTIVE, Split, weights

if TYPE_CHECKING:
    from pulumi_aws.lb import ListenerRuleActionArgsDict, ListenerRuleConditionArgsDict

SERVICE = "teal/service"
"""Tag of everything in AWS that is of one service."""

STEP = 10
"""Between the priorities of two services' rules: their other rules fit in."""


def forward(
    settings: Settings,
    groups: Mapping[Colour, pulumi.Input[str]],
    colour: Colour,
    share: int = 0,
    *,
    order: int = 1,
) -> "ListenerRuleActionArgsDict":
    """To both colours, always; blue first, so that a flip is nothing but two numbers."""
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
    """Which requests are a service's."""
    routing = settings.services[service].routing
    found: list[ListenerRuleConditionArgsDict] = [{"path_pattern": {"values": list(routing.patterns)}}]
    if routing.hosts:
        found.insert(0, {"host_header": {"values": list(routing.hosts)}})
    return found


def chosen(settings: Settings) -> "ListenerRuleConditionArgsDict":
    """Which requests the idle colour answers, whatever its weight.

    Raises:
        ValueError: the stack chooses nobody.
    """
    match = settings.chosen
    if match is None:
        raise ValueError("nobody is chosen")
    if match.header:
        return {"http_header": {"http_header_name": match.header, "values": [match.value]}}
    # All cookies come in one header, and a pattern is all that a rule can look for in it.
    return {"http_header": {"http_header_name": "Cookie", "values": [f"*{match.cookie}={match.value}*"]}}


def priority(settings: Settings, service: str) -> int:
    """Of a service's rule on the live listener: as the stack says, or by its place among the services."""
    own = settings.services[service].routing.priority
    return own if own is not None else STEP * (1 + list(settings.services).index(service))


def test_priority(settings: Settings, service: str) -> int:
    """Of the first of a service's rules on the test listener: services in the order in which live traffic has them."""
    return STEP * sorted(settings.services, key=lambda each: priority(settings, each)).index(service) + 1


def declared(inputs: Mapping[str, Any]) -> Declared:
    """What a live rule's inputs say, as the engine knows them: blue's weight comes first."""
    tags: Mapping[str, str] = inputs.get("tags") or {}
    listed: Sequence[Mapping[str, Any]] = inputs["actions"][0]["forward"]["targetGroups"]
    by_colour = {colour: int(each["weight"]) for colour, each in zip(Colour, listed, strict=True)}
    split = Split(weights=by_colour, said=colour_of(tags.get(ACTIVE)))
    return Declared(service=tags[SERVICE], colour=split.colour, share=split.share)
