"""The stack config as frozen models: names, bounds and defaults. `teal_infra.settings.load` reads and reports.

A field's `description` says what it is. Its `json_schema_extra` (`wrong`) is what
a wrong value would have caused, its first `examples` entry the value that the
mending command sets.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from teal.model.colours import Colour
from teal.model.routes import RouterKind
from teal_infra.settings.admission import Admission
from teal_infra.settings.bake import Bake, Watch, require_sealed
from teal_infra.settings.base import Model, Name, Seconds, wrong
from teal_infra.settings.evidence.gates import Approval, SkipGates
from teal_infra.settings.evidence.prometheus import Prometheus
from teal_infra.settings.observability import ObservabilitySettings
from teal_infra.settings.reach.alb import Alb
from teal_infra.settings.reach.backing import BackingService
from teal_infra.settings.reach.gateway import GatewaySettings
from teal_infra.settings.reach.network import BackingPeer, require_reachable
from teal_infra.settings.reach.routing import RULES, VALUES, CanaryMatch, Percent, RouterSettings
from teal_infra.settings.service import ServiceSettings
from teal_infra.settings.slot import OnRefusal, Slot, State


class Settings(Model):
    """The whole of a stack's `teal:` config."""

    active_colour: Colour = Field(
        description="The colour that live traffic goes to. Changing it is a flip.",
        json_schema_extra=wrong("teal would not know where live traffic belongs"),
        examples=["blue"],
    )
    router: RouterKind = Field(
        default=RouterKind.SERVICE,
        description=(
            "What directs live traffic: `service` changes the selector of a Service, `gateway` the weights of an "
            "HTTPRoute, and `alb` the weights of a listener rule of an Application Load Balancer."
        ),
        json_schema_extra=wrong("there is no such router to move traffic with"),
        examples=["service"],
    )
    alb: Alb | None = Field(default=None, description="The load balancer of `router: alb`, which needs it.")
    gateway: GatewaySettings | None = Field(
        default=None, description="The Gateway of `router: gateway`, which needs it."
    )
    canary_weight: Percent = Field(
        default=0,
        description="The percentage of live traffic that the idle colour gets, under `router: alb` and `gateway`.",
        json_schema_extra=wrong("another share of live traffic would reach the idle colour"),
        examples=["10"],
    )
    canary_match: CanaryMatch | None = Field(
        default=None,
        description="The clients that get the idle colour whenever it runs, under `router: alb` and `gateway`.",
    )
    namespace: Name = Field(
        default="teal",
        description="The namespace that the stack creates and keeps everything in.",
        json_schema_extra=wrong("the API server would refuse the namespace"),
        examples=["teal"],
    )
    environment: str = Field(
        default="",
        description="What pods find in the variable ENV. By default it is the stack's name.",
        json_schema_extra=wrong("pods would report the wrong ENV"),
        examples=["production"],
    )
    region: str = Field(
        default="",
        description="What pods find in the variable REGION.",
        json_schema_extra=wrong("pods would report the wrong REGION"),
        examples=["eu-west-1"],
    )
    services: Annotated[Mapping[Name, ServiceSettings], Field(min_length=1)] = Field(
        description="The flip set: the services that move from one colour to the other together, by name.",
        json_schema_extra=wrong("there would be nothing to deliver"),
        examples=['\'{"backend": {"port": 8000}}\''],
    )
    backing: Mapping[Name, BackingService] = Field(
        default_factory=dict[str, BackingService],
        description="The databases, caches and other services that the pods connect to, by name.",
        json_schema_extra=wrong("pods would not know their backing services"),
        examples=['\'{"database": {"kind": "database", "host": "db.example"}}\''],
    )
    observability: ObservabilitySettings = Field(
        default=ObservabilitySettings(), description="What the stack hands to a Prometheus and a Grafana."
    )
    settle_seconds: Seconds = Field(
        default=60,
        description=(
            "How long after a flip was confirmed the old colour has to stay before it may be retired, in seconds."
        ),
        json_schema_extra=wrong("the old colour could shrink before every router has followed"),
        examples=["60"],
    )
    prometheus: Prometheus | None = Field(
        default=None,
        description=(
            "The Prometheus that scrapes the pods. Without it, metrics gates are refused, and a bake watches the front"
            " door alone."
        ),
    )
    approval: Approval | None = Field(
        default=None, description="What a person's approval of a flip has to be. Without it, a flip needs nobody's."
    )
    admission: Admission | None = Field(
        default=None,
        description=(
            "Admission policies by which the API server vouches for who approves, and decides who may write the "
            "records of flips. Without it, approvals are self-declared, and whoever has the right to may write the "
            "records."
        ),
    )
    skip_gates: SkipGates = Field(default=SkipGates(), description="Gates that are switched off, each with the reason.")
    on_refusal: OnRefusal = Field(
        default=OnRefusal.KEEP,
        description=(
            "What becomes of the pods of a release that was refused or undone: `keep` leaves them idle, and `stop` "
            "ends them with the next update that leaves their colour idle."
        ),
        json_schema_extra=wrong("teal would not know what becomes of a refused release's pods"),
        examples=["stop"],
    )
    bake: Bake = Field(
        default=Bake(), description="How a flip is watched once traffic has moved, and when it is undone."
    )
    watch: Watch | None = Field(
        default=None,
        description=(
            "A CronJob in the cluster that goes on with a flip whose `pulumi up` died. Without it, the next `pulumi "
            "up` does."
        ),
    )
    repair: Colour | None = Field(
        default=None,
        description=(
            "The colour that somebody else sent live traffic to, and that this update may overwrite. It is to be "
            "removed afterwards."
        ),
        json_schema_extra=wrong("somebody else's change of live traffic would be overwritten"),
        examples=["green"],
    )
    removed: tuple[Name, ...] = Field(
        default=(),
        description="The services that are to go although they carry live traffic.",
        json_schema_extra=wrong("it would be unclear which service is to go"),
        examples=["'[\"backend\"]'"],
    )
    blue: Slot | None = Field(default=None, description="The release in the blue slot. Without it, blue has no pods.")
    green: Slot | None = Field(
        default=None, description="The release in the green slot. Without it, green has no pods."
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        require_reachable({name: each.network for name, each in self.services.items()}, self.peers)
        if self.watch is not None:
            self.watch.require_way_out(policies=self.policies)
            self.watch.require_believable(self.prometheus)
        require_sealed("prometheus.url", self.prometheus.url if self.prometheus else None, self.prometheus)
        require_routable(self)
        asked = [name for name, each in self.services.items() if each.bake_metrics and self.prometheus is None]
        if asked:
            raise _clash("prometheus.url", f"services.{asked[0]}.bakeMetrics asks a Prometheus, and there is none")
        return self

    @property
    def chosen(self) -> CanaryMatch | None:
        """Who gets the idle colour now; nobody where it does not run."""
        idle = self.slot(self.active_colour.other)
        return self.canary_match if idle is not None and idle.state is State.RUNNING else None

    @property
    def of_router(self) -> RouterSettings | None:
        """The settings of the router itself; None where it has none."""
        named = self.router.spec.settings
        return getattr(self, named) if named else None

    @property
    def bake_seconds(self) -> int:
        """Of a bake: nothing shrinks before it has passed, nor before a router that follows late has followed."""
        return max(self.bake.seconds, self.settle_seconds) if self.router.spec.follows_late else self.bake.seconds

    @property
    def routed(self) -> Mapping[str, ServiceSettings]:
        """The services that are asked for something."""
        return {name: each for name, each in self.services.items() if each.worker is None}

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
            raise ValueError(f"no slot {self.active_colour}: teal_infra.settings.load refuses such a stack")
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
    if kind.spec.settings and settings.of_router is None:
        key, lacking = kind.spec.lacks
        raise _clash(key, f"router is {kind}, and nothing says {lacking}")
    if not kind.spec.splits and (weight or settings.canary_match):
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
    for name, service in settings.routed.items():
        routing, where = service.routing, f"services.{name}.routing.priority"
        if service.network.policies and not any(each.cidrs for each in service.network.callers.values()):
            callers = f"services.{name}.network.callers.load-balancer.cidrs[0]"
            raise _clash(callers, f"router is alb, and network.callers of {name} names no address of the load balancer")
        if routing.values + (settings.canary_match is not None) > VALUES:
            what = f"hosts and paths of {name} take more than the {VALUES} values that a rule may have"
            raise _clash(f"services.{name}.routing.paths[0]", what)
        if len(settings.routed) > 1 and routing.priority is None:
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
