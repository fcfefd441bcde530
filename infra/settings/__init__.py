"""The stack config as frozen models: names, bounds and defaults. `infra.config` reads and reports.

A field's `description` is what a wrong value would have caused, its first
`examples` entry the value that the mending command sets.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.backing import BackingService
from infra.settings.bake import Bake, Watch
from infra.settings.base import Model, Name, Seconds
from infra.settings.gates import Approval, SkipGates
from infra.settings.metrics import Prometheus
from infra.settings.network import BackingPeer, require_reachable
from infra.settings.observability import ObservabilitySettings
from infra.settings.service import ServiceSettings
from infra.settings.slot import Slot
from teal.colours import Colour


class Settings(Model):
    """The whole of a stack's `teal:` config."""

    active_colour: Colour = Field(description="teal would not know where live traffic belongs", examples=["blue"])
    router: Literal["service"] = Field(
        default="service", description="there is no such router to move traffic with", examples=["service"]
    )
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
        return self

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
