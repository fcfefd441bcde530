"""How a service's live traffic is directed, as far as a flip has to record it. Pure.

A selector and an HTTPRoute are found by their service's name. What AWS has is named by ARNs that nobody knows before it
is made. They are recorded with the flip, so that traffic can be put back from that record alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from teal.model.colours import Colour, colour_of
from teal.model.labels import ACTIVE
from teal.model.stored import Model


class RouterKind(StrEnum):
    """What directs live traffic."""

    SERVICE = "service"
    """A Service's selector directs it."""
    ALB = "alb"
    """The weights of a listener rule of an AWS Application Load Balancer direct it."""
    GATEWAY = "gateway"
    """The weights of an HTTPRoute of the Gateway API direct it."""

    @property
    def spec(self) -> "RouterSpec":
        """The router's entry, which needs no request."""
        return _SPECS[self]


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """A right at the API server that an account needs to read where traffic goes and to put it back."""

    group: str
    resources: str
    verbs: Sequence[str]
    by_name: bool = True
    """Whether the right is only needed for objects with the services' names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RouterSpec:
    """What is known of a router without a request: the one entry that all of teal reads."""

    module: str
    """The module in `teal.routers`, which reads and writes traffic, and in `teal_infra.traffic`, which declares it."""
    right: Right
    marked_by: Sequence[str]
    """The path in the inputs of the resource whose change moves traffic that no other router's resource has."""
    through_service: bool = False
    """Whether the active Service leads to what is live. If not, the colours' own Services are asked."""
    splits: bool = True
    """Whether it can send a share of the requests, or chosen clients, to the idle colour."""
    follows_late: bool = True
    """Whether requests follow a write only after a while."""
    names_writers: bool = True
    """Whether its API names who wrote where traffic goes."""
    settings: str = ""
    """The key of the settings that it needs; empty where it needs none."""
    lacks: tuple[str, str] = ("", "")
    """The key to set if these settings are missing, and what is unknown without it."""
    readiness_gate: str = ""
    """How the type of the condition begins that the router's controller sets on ready pods; empty where it sets
    none."""
    namespace_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """The labels by which a namespace asks the router's controller for that condition."""


_SPECS: Mapping[RouterKind, RouterSpec] = {
    RouterKind.SERVICE: RouterSpec(
        module="selector",
        right=Right(group="", resources="services", verbs=("get", "patch")),
        marked_by=("spec", "selector"),
        through_service=True,
        splits=False,
        follows_late=False,
    ),
    RouterKind.ALB: RouterSpec(
        module="alb",
        # AWS rights are in the role of whoever asks.
        right=Right(group="elbv2.k8s.aws", resources="targetgroupbindings", verbs=("list",), by_name=False),
        marked_by=("actions",),
        names_writers=False,
        settings="alb",
        lacks=("alb.vpcId", "where the load balancer is to be"),
        readiness_gate="target-health.elbv2.k8s.aws",
        namespace_labels={"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"},
    ),
    RouterKind.GATEWAY: RouterSpec(
        module="gateway",
        right=Right(group="gateway.networking.k8s.io", resources="httproutes", verbs=("get", "patch")),
        marked_by=("spec", "rules"),
        settings="gateway",
        lacks=("gateway.name", "which Gateway takes the traffic"),
    ),
}


class AlbRoute(Model):
    """A service's listener rule, and the target groups that it leads to."""

    region: str
    rule: str
    """The rule's ARN."""
    groups: Mapping[Colour, str]
    """The ARN of each colour's target group."""
    door: str = ""
    """The URL of the rule's listener, with the load balancer's own name."""


def alarm_prefix(service: str, colour: Colour) -> str:
    """Return how the names of the alarms on a colour's target group begin."""
    return f"{service}-{colour}-"


class Split(BaseModel):
    """How a router shares out a service's requests, as weights in the router's own unit."""

    model_config = ConfigDict(frozen=True)

    weights: Mapping[Colour, int]
    said: Colour | None = None
    """The live colour by the router's own tag or annotation."""
    strangers: Mapping[str, int] = Field(default_factory=dict[str, int])
    """The weights of targets that are no colour of the service, by their names."""

    @property
    def colour(self) -> Colour | None:
        """The live colour: the one with all traffic, or the one that the router's tag names where both have some.

        It is None where somebody else has a share, or nobody has one.
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
        """The percentage of requests that the other colour gets, rounded up so that a small share is not 0."""
        total = sum(self.weights.values())
        return math.ceil(100 * self.weights.get(self.colour.other, 0) / total) if self.colour and total else 0

    @property
    def shown(self) -> Mapping[str, str]:
        """The weights in the form in which they are compared and shown."""
        each = [*sorted(self.weights.items()), *sorted(self.strangers.items())]
        return {str(name): str(weight) for name, weight in each}


def said(marks: Mapping[str, str]) -> Colour | None:
    """Return the colour that tags or annotations call live. The part after an @ only tells one write from the next."""
    return colour_of(marks.get(ACTIVE, "").partition("@")[0])


def weights(live: Colour, share: int = 0) -> Mapping[Colour, int]:
    """Return weights in percent that leave the live colour everything except a share."""
    return {live: 100 - share, live.other: share}
