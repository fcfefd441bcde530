"""A row: what was deployed, what has become of it since, what changes, and what the plan says of that.

Unless a row says otherwise, blue 1.0.0 is live and confirmed with three pods,
green 1.1.0 is warm and was never live, and one key of the config changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from teal_infra.planning import plan
from teal_infra.planning.live import Live

from teal.adapters.kubernetes.jobs import MigrationJob
from teal.history.model import Stage
from teal.model.colours import MANAGER
from teal.plans.model import Plan, Word
from tests.unit.infra.declaring import CALLERS
from tests.unit.infra.migrating.conftest import job
from tests.unit.infra.worlds import BASE, edited, flip, service, settings, settled

Change = Mapping[str, Any]
GREEN_LIVE: Change = {"activeColour": "green"}
TWO: Change = {
    "services.frontend": {"port": 8000, "contract": True},
    "blue.frontend": {"image": "registry.example/frontend:1.0.0"},
    "green.frontend": {"image": "registry.example/frontend:1.1.0"},
}
NO_AUTOSCALER: Change = {"services.backend.autoscaling": {"enabled": False}, "services.backend.replicas": 4}
GATEWAY: Change = {
    "router": "gateway",
    "gateway": {"name": "public"},
    "services.backend.network": CALLERS["network"],
}
MIGRATED: Change = {
    "services.backend.migrations": {"revisions": ["0001", "0002", "0003"]},
    "blue.backend.schema": {"expand": "0001"},
    "green.backend.schema": {"expand": "0002"},
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One change."""

    what: str
    change: Change
    word: Word
    says: Sequence[str] = ()
    """What its reasons say, each in one of them; none of them says anything else."""
    base: Change = field(default_factory=dict[str, Any])
    """What was deployed, beyond the usual."""
    found: Callable[[Live], Live] = lambda live: live
    """What has become of it since."""

    @property
    def plan(self) -> Plan:
        """What the program says of it."""
        deployed = edited(BASE, self.base)
        return plan.make(settings(edited(deployed, self.change)), self.found(settled(deployed)))


def on(colour: str | None, writer: str = "pulumi-kubernetes-1") -> Callable[[Live], Live]:
    """Traffic goes to a colour, because of somebody; the record says what it said."""
    return lambda live: replace(live, services={name: service(colour, writer) for name in live.services})


def unfinished(stage: Stage, change: Change = GREEN_LIVE) -> Callable[[Live], Live]:
    """A flip to green that an update left at a stage, its traffic moved."""

    def left(live: Live) -> Live:
        entry = flip(settings(edited(BASE, change)), live, stage)
        return replace(on("green")(live), history=live.history.with_flip(entry))

    return left


def put_back(live: Live) -> Live:
    """A flip to green whose bake failed."""
    entry = flip(settings(edited(BASE, GREEN_LIVE)), live, Stage.REVERTED, reason="9 % of the answers failed")
    return replace(on("blue", MANAGER)(live), history=live.history.with_flip(entry))


def was_live(change: Change) -> Callable[[Live], Live]:
    """Another release was live and confirmed before."""

    def before(live: Live) -> Live:
        entry = flip(settings(edited(BASE, change)), live)
        return replace(live, history=live.history.with_flip(entry))

    return before


def migrated(*steps: tuple[str, str, str, str]) -> Callable[[Live], Live]:
    """The Jobs of both colours' migrations have run, or these: colour, version, phase and revision of each."""
    ran = steps or (("blue", "1.0.0", "expand", "0001"), ("green", "1.1.0", "expand", "0002"))
    return lambda live: replace(live, ran=[MigrationJob.model_validate(job(*step)) for step in ran])


def since(time: str, colour: str = "blue") -> Callable[[Live], Live]:
    """Confirmed at another time, or of another colour."""
    return lambda live: replace(live, record={**live.record, "since": time, "colour": colour})


def halfway(colour: str) -> Callable[[Live], Live]:
    """A rollout of a colour got stuck with one pod left to replace."""

    def stuck(live: Live) -> Live:
        slots = {key: replace(slot, outdated=1) if key[1] == colour else slot for key, slot in live.slots.items()}
        return replace(live, slots=slots)

    return stuck


def both(*steps: Callable[[Live], Live]) -> Callable[[Live], Live]:
    """One after the other."""

    def all_of_them(live: Live) -> Live:
        for step in steps:
            live = step(live)
        return live

    return all_of_them
