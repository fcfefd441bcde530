"""How a service's live traffic is directed, as far as a flip has to keep it with its record. Pure.

A selector and an HTTPRoute are found by their service's name. What AWS has is
named by ARNs that nobody knows before it is made: they are kept with the flip,
so that traffic can be put back by somebody who has nothing but that record.
"""

import math
from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from teal.colours import Colour, colour_of

ACTIVE = "teal/active"
"""Tag or annotation of what splits traffic by weights: the colour that is live, whatever share the other one has."""

OF_SERVICE = "teal/service"
"""Tag of everything in AWS that is of one service."""

ROLE = "teal/role"
"""Tag of a listener rule: what it is for."""

LIVE = "live"
"""Role of the rule whose weights are a service's live traffic."""


class RouterKind(StrEnum):
    """What directs live traffic."""

    SERVICE = "service"
    """A Service's selector."""
    ALB = "alb"
    """The weights of a listener rule of an AWS Application Load Balancer."""
    GATEWAY = "gateway"
    """The weights of an HTTPRoute of the Gateway API."""


class AlbRoute(BaseModel):
    """One service's listener rule and what it leads to."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    region: str
    rule: str
    """Its ARN."""
    groups: Mapping[Colour, str]
    """ARN of each colour's target group."""
    door: str = ""
    """URL of the listener that the rule is of, by the load balancer's own name."""


def alarm_prefix(service: str, colour: Colour) -> str:
    """What the names of the alarms on a colour's target group begin with."""
    return f"{service}-{colour}-"


class Split(BaseModel):
    """How a router shares out a service's requests: weights, in whatever unit the router has."""

    model_config = ConfigDict(frozen=True)

    weights: Mapping[Colour, int]
    said: Colour | None = None
    """The colour that is live by the router's own tag or annotation."""
    strangers: Mapping[str, int] = Field(default_factory=dict[str, int])
    """Weights of what is no colour of the service, by its name."""

    @property
    def colour(self) -> Colour | None:
        """The live one: what has all the traffic; what the router's tag says where both have some.

        None where somebody else has a share, or nobody has one.
        """
        having = [colour for colour in Colour if self.weights.get(colour, 0) > 0]
        if any(self.strangers.values()) or not having:
            return None
        if len(having) == 1:
            return having[0]
        if self.said is not None:
            return self.said
        blue, green = (self.weights[colour] for colour in (Colour.BLUE, Colour.GREEN))
        return None if blue == green else Colour.BLUE if blue > green else Colour.GREEN

    @property
    def share(self) -> int:
        """Percent of the requests that the colour that is not live gets; rounded up, so that a little is not none."""
        total = sum(self.weights.values())
        return math.ceil(100 * self.weights.get(self.colour.other, 0) / total) if self.colour and total else 0

    @property
    def shown(self) -> Mapping[str, str]:
        """The weights as they are compared and shown."""
        return {**{str(colour): str(weight) for colour, weight in sorted(self.weights.items())}, **self._strange}

    @property
    def _strange(self) -> Mapping[str, str]:
        return {name: str(weight) for name, weight in sorted(self.strangers.items())}


def said(marks: Mapping[str, str]) -> Colour | None:
    """The colour that tags or annotations call live; what follows an @ only makes one value unlike the one before."""
    return colour_of(marks.get(ACTIVE, "").partition("@")[0])


def weights(live: Colour, share: int = 0) -> Mapping[Colour, int]:
    """Weights, in percent, that leave the live colour everything but a share."""
    return {live: 100 - share, live.other: share}
