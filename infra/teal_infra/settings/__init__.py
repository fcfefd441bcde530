"""The stack config as frozen models: names, bounds and defaults. `teal_infra.settings.load` reads and reports.

A field's `description` says what it is, and its `json_schema_extra` (`wrong`) what a wrong value would have caused and
where its default comes from. The mending command sets its first `examples` entry, or else its default. What several
settings have to be together is in `teal_infra.settings.together`.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from teal.model.colours import Colour
from teal.model.routes import RouterKind
from teal.notifications.audience import Audience
from teal_infra.settings.admission import Admission
from teal_infra.settings.bake import Bake, Watch, require_sealed
from teal_infra.settings.base import Model, Name, wrong
from teal_infra.settings.evidence.gates import Approval, SkipGates
from teal_infra.settings.evidence.prometheus import Prometheus
from teal_infra.settings.migrations import require_known, require_ordered
from teal_infra.settings.numbers import Minutes, Seconds
from teal_infra.settings.observability import ObservabilitySettings
from teal_infra.settings.pod.flags import Flags
from teal_infra.settings.reach.alb import Alb
from teal_infra.settings.reach.backing import BackingService
from teal_infra.settings.reach.existing import Adopt, Namespace, NamespaceOrName
from teal_infra.settings.reach.gateway import GatewaySettings
from teal_infra.settings.reach.network import BackingPeer
from teal_infra.settings.reach.notify import Notify
from teal_infra.settings.reach.routing import CanaryMatch, Percent, RouterSettings
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
    )
    alb: Alb | None = Field(default=None, description="The load balancer of `router: alb`, which needs it.")
    gateway: GatewaySettings | None = Field(
        default=None, description="The Gateway of `router: gateway`, which needs it."
    )
    canary_weight: Percent = Field(
        default=0,
        description="The percentage of live traffic that the idle colour gets, under `router: alb` and `gateway`.",
        json_schema_extra=wrong(
            "another share of live traffic would reach the idle colour", source="teal: nobody meets a release unasked"
        ),
        examples=["10"],
    )
    canary_match: CanaryMatch | None = Field(
        default=None,
        description="The clients that get the idle colour whenever it runs, under `router: alb` and `gateway`.",
    )
    place: NamespaceOrName = Field(
        default=Namespace(),
        alias="namespace",
        description="The namespace that the stack keeps everything in: its name, or the object below.",
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
    pods_reachable: bool = Field(
        default=True,
        description=(
            "Whether the API server can connect to pods. Where it cannot (a private control plane, strict mTLS), no "
            "gate and no bake asks one through it: releases are proven by what the kubelets report of them."
        ),
        json_schema_extra=wrong("gates would ask pods in vain, or leave out pods that they could ask"),
        examples=["false"],
    )
    services: Annotated[Mapping[Name, ServiceSettings], Field(min_length=1)] = Field(
        description="The flip set: the services that move from one colour to the other together, by name.",
        json_schema_extra=wrong("there would be nothing to deliver"),
        examples=['\'{"backend": {"port": 8000}}\''],
    )
    backing: Mapping[Name, BackingService] = Field(
        default_factory=dict[str, BackingService],
        description=(
            "The databases, caches and other services that pods connect to, by name. A service's pods are told of those"
            " that it names in `backing`."
        ),
        json_schema_extra=wrong("pods would not know their backing services"),
        examples=['\'{"database": {"kind": "database", "host": "db.example"}}\''],
    )
    flags: Flags | None = Field(
        default=None,
        description=(
            "The feature flags that pods read from a file, in flagd's format. A change of them restarts no pod, and is "
            "no release. Without it, there is no such file."
        ),
    )
    observability: ObservabilitySettings = Field(
        default=ObservabilitySettings(), description="What the stack hands to a Prometheus and a Grafana."
    )
    settle_seconds: Seconds = Field(
        default=60,
        description="How long after a flip was confirmed the old colour has to stay before it may be retired.",
        json_schema_extra=wrong(
            "the old colour could shrink before every router has followed",
            source="teal: a guess with a margin, since AWS names no number",
        ),
    )
    prometheus: Prometheus | None = Field(
        default=None,
        description=(
            "The Prometheus that scrapes the pods. Without it, metrics gates are refused, and a bake watches the front "
            "door, the pods and the router's alarms, but no numbers of live traffic."
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
            "ends them, by `watch` or with the next update that leaves their colour idle."
        ),
        json_schema_extra=wrong("teal would not know what becomes of a refused release's pods"),
        examples=["stop"],
    )
    retire_after_minutes: Minutes | None = Field(
        default=None,
        description=(
            "How many minutes after a flip was confirmed `watch` ends the pods of the colour that traffic left, and no "
            "sooner than `settleSeconds`. Without it they stay, and a rollback finds them warm."
        ),
        json_schema_extra=wrong("the old colour would cost its nodes for ever, or be gone when a rollback needs it"),
        examples=["30"],
    )
    bake: Bake = Field(
        default=Bake(), description="How a flip is watched once traffic has moved, and when it is undone."
    )
    notify: Notify = Field(default=Notify(), description="Who is told of flips. By default nobody is.")
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

    @classmethod
    def of(cls, data: object) -> Self:
        """Read a config by the keys that the documentation names, and by no others.

        Raises:
            ValidationError: something in it is wrong.
        """
        return cls.model_validate(data, by_name=False, by_alias=True)

    @model_validator(mode="after")
    def _sealed(self) -> Self:
        if self.watch is not None:
            self.watch.require_way_out(policies=self.policies)
            self.watch.require_believable(self.prometheus)
        require_sealed("prometheus.url", self.prometheus.url if self.prometheus else None, self.prometheus)
        return self

    @model_validator(mode="after")
    def _migratable(self) -> Self:
        for name, service in self.services.items():
            for colour in Colour:
                slot = self.slot(colour)
                release = slot.services.get(name) if slot else None
                if service.migrations and release and release.database:
                    listed = service.migrations.revisions
                    require_known(listed, release.database, name)
                    require_ordered(listed, release.database, f"{colour}.{name}.schema.")
        return self

    @property
    def namespace(self) -> str:
        """The name of the stack's namespace."""
        return self.place.name

    @property
    def adopted(self) -> Mapping[str, tuple[Colour, Adopt]]:
        """The services one of whose colours has pods that the stack does not make, by name: which colour, and which."""
        return {
            name: (colour, release.adopt)
            for colour in Colour
            if (slot := self.slot(colour)) is not None
            for name, release in slot.services.items()
            if release.adopt is not None
        }

    def adopts(self, service: str, colour: Colour) -> Adopt | None:
        """Return the pods of a colour that the stack does not make; None where it makes them."""
        its, adopt = self.adopted.get(service, (None, None))
        return adopt if its is colour else None

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
    def ends_idle(self) -> bool:
        """Whether the watch may end the pods of the idle colour."""
        asked = self.retire_after_minutes is not None or self.on_refusal is OnRefusal.STOP
        return asked and self.watch is not None

    @property
    def audience(self) -> Audience:
        """Who is told of this stack's flips."""
        return self.notify.audience(self.environment)

    @property
    def bake_seconds(self) -> int:
        """The length of a bake: `settleSeconds` at least if the router follows late, as the old colour may end then."""
        return max(self.bake.seconds, self.settle_seconds) if self.router.spec.follows_late else self.bake.seconds

    @property
    def routed(self) -> Mapping[str, ServiceSettings]:
        """The services that take requests: all except workers."""
        return {name: each for name, each in self.services.items() if each.worker is None}

    @property
    def policies(self) -> bool:
        """Whether network policies of teal's deny what is not named in the namespace."""
        return any(each.network.policies for each in self.services.values())

    def peers(self, service: str) -> Mapping[str, BackingPeer]:
        """Return the peers that a service's pods may connect to, by name: its backing services, and its own."""
        its = self.services[service]
        named = {name: self.backing[name].network for name in its.backing}
        return {name: peer for name, peer in {**named, **its.network.backing}.items() if peer is not None}

    def slot(self, colour: Colour) -> Slot | None:
        """Return what is declared for a colour; None where it has no release."""
        return self.blue if colour is Colour.BLUE else self.green

    @property
    def active_slot(self) -> Slot:
        """The release that live traffic is declared to reach."""
        slot = self.slot(self.active_colour)
        if slot is None:
            raise ValueError(f"no slot {self.active_colour}: teal_infra.settings.load refuses such a stack")
        return slot
