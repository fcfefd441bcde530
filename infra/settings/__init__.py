"""The stack config as frozen models: names, bounds and defaults. `infra.config` reads and reports.

A field's `description` is what a wrong value would have caused, its first
`examples` entry the value that the mending command sets.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from infra.settings.alb import Alb
from infra.settings.backing import BackingService
from infra.settings.bake import Bake, Watch
from infra.settings.base import Model, Name, Seconds
from infra.settings.gates import Approval, SkipGates
from infra.settings.gateway import GatewaySettings
from infra.settings.metrics import Prometheus
from infra.settings.network import BackingPeer, require_reachable
from infra.settings.observability import ObservabilitySettings
from infra.settings.routing import RULES, VALUES, CanaryMatch, Percent
from infra.settings.service import ServiceSettings
from infra.settings.slot import Slot, State
from teal.colours import Colour
from teal.routes import RouterKind


class Settings(Model):
    """The whole of a stack's `teal:` config."""

    active_colour: Colour = Field(description="teal would not know where live traffic belongs", examples=["blue"])
    router: RouterKind = Field(
        default=RouterKind.SERVICE, description="there is no such router to move traffic with", examples=["service"]
    )
    alb: Alb | None = None
    """For `router: alb`."""
    gateway: GatewaySettings | None = None
    """For `router: gateway`."""
    canary_weight: Percent = Field(
        default=0, description="another share of live traffic would reach the idle colour", examples=["10"]
    )
    """Percent of live traffic that the idle colour gets, for `router: alb` and `gateway`."""
    canary_match: CanaryMatch | None = None
    """Clients that get the idle colour whenever there is one, for `router: alb` and `gateway`."""
    namespace: Name = Field(default="teal", description="the API server would refuse the namespace", examples=["teal"])
    environment: str = Field(default="", description="pods would report the wrong ENV", examples=["production"])
    region: str = Field(default="", description="pods would report the wrong REGION", examples=["eu-west-1"])
    services: Annotated[Mapping[Name, ServiceSettings], Field(min_length=1)] = Field(
        description="there would be nothing to deliver", examples=['\'{"backend": {"port": 8000}}\'']
    )
    backing: Mapping[Name, BackingService] = Field(
        default_factory=dict[str, BackingService],
        description="pods would not know their backing services",
        examples=['\'{"database": {"kind": "database", "host": "db.example"}}\''],
    )
    observability: ObservabilitySettings = ObservabilitySettings()
    settle_seconds: Seconds = Field(
        default=60, description="the old colour could shrink before every router has followed", examples=["60"]
    )
    """After a flip is confirmed, before the old colour may be retired."""
    prometheus: Prometheus | None = None
    """Without it, metrics gates are refused, and the bake watches the front door alone."""
    approval: Approval | None = None
    """Without it nobody has to say yes to a flip."""
    skip_gates: SkipGates = SkipGates()
    bake: Bake = Bake()
    watch: Watch | None = None
    """Without it, nobody goes on with a flip whose `pulumi up` died until the next `pulumi up`."""
    repair: Colour | None = Field(
        default=None, description="somebody else's change of live traffic would be overwritten", examples=["green"]
    )
    """The colour that somebody else sent live traffic to, and that this update may overwrite. Remove it afterwards."""
    removed: tuple[Name, ...] = Field(
        default=(), description="it would be unclear which service is to go", examples=["'[\"backend\"]'"]
    )
    """Services that are to go although they carry live traffic."""
    blue: Slot | None = None
    green: Slot | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        require_reachable({name: each.network for name, each in self.services.items()}, self.peers)
        if self.watch is not None:
            self.watch.require_way_out(policies=self.policies)
            self.watch.require_believable(self.prometheus)
        require_routable(self)
        return self

    @property
    def chosen(self) -> CanaryMatch | None:
        """Who gets the idle colour now; nobody where it does not run."""
        idle = self.slot(self.active_colour.other)
        return self.canary_match if idle is not None and idle.state is State.RUNNING else None

    @property
    def bake_seconds(self) -> int:
        """Of a bake: nothing shrinks before it has passed, nor before a router that follows late has followed."""
        if self.router is RouterKind.SERVICE:
            return self.bake.seconds
        return max(self.bake.seconds, self.settle_seconds)

    @property
    def policies(self) -> bool:
        """Whether network policies of teal's deny what is not named in the namespace."""
        return any(each.network.policies for each in self.services.values())

    @property
    def peers(self) -> Mapping[str, BackingPeer | None]:
        """Where the backing services' connections go, by name; None where it is not said."""
        return {name: each.network for name, each in self.backing.items()}

    def slot(self, colour: Colour) -> Slot | None:
        """What is declared for a colour; None where it has no release."""
        return self.blue if colour is Colour.BLUE else self.green

    @property
    def active_slot(self) -> Slot:
        """The release that live traffic is declared to reach."""
        slot = self.slot(self.active_colour)
        if slot is None:
            raise ValueError(f"no slot {self.active_colour}: infra.config refuses such a stack")
        return slot


def require_routable(settings: Settings) -> None:
    """Refuse a router that lacks its settings, or settings that the router has no way to follow.

    Raises:
        PydanticCustomError: names the first problem; its field is where to mend it.
    """
    kind, idle = settings.router, settings.active_colour.other
    slot = settings.slot(idle)
    off = slot is None or slot.state is not State.RUNNING
    alb, weight = settings.alb, settings.canary_weight
    if kind is RouterKind.ALB and alb is None:
        raise _clash("alb.vpcId", "router is alb, and nothing says where the load balancer is to be")
    if kind is RouterKind.GATEWAY and settings.gateway is None:
        raise _clash("gateway.name", "router is gateway, and nothing says which Gateway takes the traffic")
    if kind is RouterKind.SERVICE and (weight or settings.canary_match):
        key = "canaryWeight" if weight else "canaryMatch"
        raise _clash("router", f"{key} is set, and a Service's selector leads to one colour alone")
    if weight == 100:  # noqa: PLR2004 - percent
        raise _clash(
            "canaryWeight", f"all of the traffic is no canary but a flip: activeColour is what makes {idle} live"
        )
    if weight and off:
        raise _clash("canaryWeight", f"{idle} does not run, and {weight} % of live traffic would reach nobody")
    if alb is not None and (alb.stickiness_seconds or 0) > settings.settle_seconds:
        what = (
            f"clients stay with a colour for {alb.stickiness_seconds} s (alb.stickinessSeconds), and it may go before"
        )
        raise _clash("settleSeconds", what)
    if kind is RouterKind.ALB:
        _require_rules(settings)


def _require_rules(settings: Settings) -> None:
    """Refuse services of which a load balancer could make no rules, or not reach the pods.

    Priorities that followed from what else there is would meet whenever a service comes or goes: AWS moves no rule past
    another.
    """
    taken: dict[int, str] = {}
    for name, service in settings.services.items():
        routing, where = service.routing, f"services.{name}.routing.priority"
        if service.network.policies and not any(each.cidrs for each in service.network.callers.values()):
            callers = f"services.{name}.network.callers.load-balancer.cidrs[0]"
            raise _clash(callers, f"router is alb, and network.callers of {name} names no address of the load balancer")
        if routing.values + (settings.canary_match is not None) > VALUES:
            what = f"hosts and paths of {name} take more than the {VALUES} values that a rule may have"
            raise _clash(f"services.{name}.routing.paths[0]", what)
        if len(settings.services) > 1 and routing.priority is None:
            raise _clash(where, f"{name} shares a load balancer, and does not say when its rule is asked")
        own = routing.priority or 0
        if near := next((other for each, other in taken.items() if abs(own - each) < RULES), None):
            what = (
                f"{own} is less than {RULES} from that of {near}, and each service has a rule before and after its own"
            )
            raise _clash(where, what)
        taken[own] = name


def _clash(field: str, what: str) -> PydanticCustomError:
    return PydanticCustomError("clash", "{what}", {"field": field, "what": what})
