"""How a service's live traffic is directed, as far as a flip has to keep it with its record. Pure.

A selector and an HTTPRoute are found by their service's name. What AWS has is
named by ARNs that nobody knows before it is made: they are kept with the flip,
so that traffic can be put back by somebody who has nothing but that record.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from teal.model.colours import Colour, colour_of
from teal.model.labels import ACTIVE


class RouterKind(StrEnum):
    """What directs live traffic."""

    SERVICE = "service"
    """A Service's selector."""
    ALB = "alb"
    """The weights of a listener rule of an AWS Application Load Balancer."""
    GATEWAY = "gateway"
    """The weights of an HTTPRoute of the Gateway API."""

    @property
    def spec(self) -> "RouterSpec":
        """What is known of it without asking it."""
        return _SPECS[self]


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """What an account has to be allowed of the API server, to read where traffic goes and to put it back."""

    group: str
    resources: str
    verbs: Sequence[str]
    by_name: bool = True
    """Whether the services' names are all that it is needed for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RouterSpec:
    """What is known of a router without asking it: the one entry that all of teal reads."""

    module: str
    """Of `teal.routers`, which reads and writes it, and of `teal_infra.traffic`, which declares it."""
    right: Right
    marked_by: Sequence[str]
    """Where the inputs of the resource whose change moves traffic have what no other router's have."""
    through_service: bool = False
    """Whether the active Service leads to what is live. Elsewhere the colours' own Services are asked."""
    splits: bool = True
    """Whether it can give a share of the requests, or chosen clients, to the idle colour."""
    follows_late: bool = True
    """Whether requests follow a write only after a while."""
    names_writers: bool = True
    """Whether its API says who wrote where traffic goes."""
    settings: str = ""
    """The key of the settings that it needs; empty where it needs none."""
    lacks: tuple[str, str] = ("", "")
    """The key to set where these are missing, and what nothing says then."""
    readiness_gate: str = ""
    """What the condition's type begins with that the router's controller sets on ready pods; empty: it sets none."""
    namespace_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """By which the namespace asks the router's controller for that condition."""


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
        # Of AWS, the role of whoever asks has to say.
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
