"""What a change of the config comes to, in a word and with its reasons: a table to be read as a specification.

Unless a row says otherwise, blue 1.0.0 is live and confirmed with three pods,
green 1.1.0 is warm and was never live, and one key of the config changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from infra import plan
from infra.live import Live
from teal.colours import MANAGER
from teal.history import Stage
from teal.migrations import Contracted
from teal.plans.model import Plan, Word
from tests.unit.infra.worlds import (
    BASE,
    NOW,
    edited,
    flip,
    scaled,
    service,
    settings,
    settled,
    unstamped,
)

Change = Mapping[str, Any]
GREEN_LIVE: Change = {"activeColour": "green"}
TWO: Change = {
    "services.frontend": {"port": 8000},
    "blue.frontend": {"image": "registry.example/frontend:1.0.0"},
    "green.frontend": {"image": "registry.example/frontend:1.1.0"},
}
NO_AUTOSCALER: Change = {"services.backend.autoscaling": {"enabled": False}, "services.backend.replicas": 4}
GATEWAY: Change = {"router": "gateway", "gateway": {"name": "public"}}
MIGRATED: Change = {
    "services.backend.migrations": {},
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


NOTHING = [
    Row(what="nothing changes", change={}, word=Word.NOTHING),
    Row(what="how long a flip is watched is not a pod's", change={"bake": {"seconds": 60}}, word=Word.NOTHING),
    Row(
        what="what a flip will be asked for is not a pod's either",
        change={"services.backend.gates": {"smoke": {}}, "approval": {"maxAgeSeconds": 60}},
        word=Word.NOTHING,
    ),
    Row(what="alert bounds", change={"services.backend.alerts": {"errorPercent": 1}}, word=Word.NOTHING),
    Row(what="only outputs show a door's host", change={"services.backend.frontDoor.host": "a.b"}, word=Word.NOTHING),
    Row(
        what="a stack of a teal that kept no parts claims nothing that it cannot know",
        change={"services.backend.network": {"prometheus": {"cidrs": ["10.9.0.0/16"]}}},
        found=unstamped,
        word=Word.NOTHING,
    ),
    Row(
        what="the autoscaler has scaled live up meanwhile",
        change={},
        found=lambda live: scaled(live, "blue", 9),
        word=Word.NOTHING,
    ),
    Row(
        what="somebody has scaled live up by hand; nobody writes what is declared as it was",
        base=NO_AUTOSCALER,
        change={},
        found=lambda live: scaled(live, "blue", 9),
        word=Word.NOTHING,
    ),
    Row(
        what="a bake failed, and traffic is back on blue, which the config has followed",
        change={},
        found=on("blue", MANAGER),
        word=Word.NOTHING,
    ),
    Row(
        what="an idle colour that is retired already stays so",
        base={"green.state": "retired"},
        change={},
        word=Word.NOTHING,
    ),
    Row(
        what="live pods are down, and nothing changes",
        change={},
        found=lambda it: scaled(it, "blue", 3, ready=0),
        word=Word.NOTHING,
    ),
]

PREPARE = [
    Row(
        what="a new image for the idle colour",
        change={"green.backend.image": "registry.example/backend:1.2.0"},
        word=Word.PREPARE,
        says=["green changes: image"],
    ),
    Row(
        what="a new release for the idle colour",
        change={"green.version": "1.2.0", "green.backend.image": "registry.example/backend:1.2.0"},
        word=Word.PREPARE,
        says=["green changes: image, version (1.1.0 → 1.2.0)"],
    ),
    Row(
        what="a variable of the idle colour",
        change={"green.backend.env": {"LOG_LEVEL": "debug"}},
        word=Word.PREPARE,
        says=["green changes: env"],
    ),
    Row(
        what="a password of the idle colour, which no reason shows",
        change={"green.backend.secrets": {"TOKEN": "hunter2"}},
        word=Word.PREPARE,
        says=["green changes: secrets"],
    ),
    Row(
        what="a second colour is made",
        base={"green": None},
        change={"green": BASE["green"]},
        word=Word.PREPARE,
        says=["green 1.1.0 is made"],
    ),
    Row(
        what="a retired colour is started again",
        base={"green.state": "retired"},
        change={"green.state": "running"},
        word=Word.PREPARE,
        says=["green 1.1.0 is started, with 3 pods"],
    ),
    Row(
        what="a retired colour is started with another release",
        base={"green.state": "retired"},
        change={"green.state": "running", "green.version": "1.2.0"},
        word=Word.PREPARE,
        says=["green changes: version (1.1.0 → 1.2.0), with 3 pods"],
    ),
    Row(
        what="an idle colour's rollout got stuck, and goes on",
        change={},
        found=halfway("green"),
        word=Word.PREPARE,
        says=["the last rollout of green goes on: 1 pod not replaced yet"],
    ),
    Row(
        what="the idle colour of a teal that kept no parts: that it changes is known, not what",
        change={"green.backend.image": "registry.example/backend:1.2.0"},
        found=unstamped,
        word=Word.PREPARE,
        says=["green changes: unrecorded"],
    ),
    Row(
        what="one of two services",
        base=TWO,
        change={"green.frontend.image": "registry.example/frontend:1.2.0"},
        word=Word.PREPARE,
        says=["frontend: green changes: image"],
    ),
]

FLIP = [
    Row(
        what="the active colour",
        change=GREEN_LIVE,
        word=Word.FLIP,
        says=["live traffic goes from blue 1.0.0 to green 1.1.0"],
    ),
    Row(
        what="the active colour of two services at once",
        base=TWO,
        change=GREEN_LIVE,
        word=Word.FLIP,
        says=["live traffic goes from blue 1.0.0 to green 1.1.0"],
    ),
    Row(
        what="a flip whose update died before its record was written is brought to its end",
        base={},
        change=GREEN_LIVE,
        found=unfinished(Stage.BAKING),
        word=Word.FLIP,
        says=["live traffic is on green already, and flip 2 was not brought to its end (BAKING)"],
    ),
    Row(
        what="traffic where the config wants it, and nobody has confirmed that",
        change=GREEN_LIVE,
        found=on("green"),
        word=Word.FLIP,
        says=["live traffic is on green already, and nobody confirmed that"],
    ),
    Row(
        what="a flip that moved half of its services",
        base=TWO,
        change=GREEN_LIVE,
        found=lambda live: replace(live, services={**live.services, "backend": service("green")}),
        word=Word.FLIP,
        says=["backend: live traffic is on green already", "frontend: live traffic goes from blue"],
    ),
    Row(
        what="somebody else's change is overwritten, because the stack says so",
        change={"activeColour": "blue", "repair": "green"},
        base=GREEN_LIVE,
        found=both(on("green", "kubectl-edit"), since(NOW, "green")),
        word=Word.FLIP,
        says=["what 'kubectl-edit' wrote is overwritten (teal:repair)", "live traffic goes from green 1.1.0 to blue"],
    ),
    Row(
        what="more pods serve than the destination is to have: the gate will say no, and the plan says so before",
        base=NO_AUTOSCALER,
        change=GREEN_LIVE,
        found=lambda live: scaled(live, "blue", 6),
        word=Word.FLIP,
        says=["live traffic goes from blue", "green is to have 4 pods, and blue serves with 6: the capacity gate will"],
    ),
    Row(
        what="a destination that somebody scaled to none: no autoscaler brings it back",
        change=GREEN_LIVE,
        found=lambda live: scaled(live, "green", 0),
        word=Word.FLIP,
        says=["live traffic goes from blue", "green is to have 0 pods, and blue serves with 3: the capacity gate will"],
    ),
    Row(
        what="what somebody else wrote is where the last update left it: nothing of theirs is overwritten",
        change=GREEN_LIVE,
        found=on("blue", "kubectl-edit"),
        word=Word.FLIP,
        says=["live traffic goes from blue 1.0.0 to green 1.1.0"],
    ),
    Row(
        what="once more what was put back: with why",
        change=GREEN_LIVE,
        found=put_back,
        word=Word.FLIP,
        says=["live traffic goes from blue", "the last try, flip 2, came to REVERTED: 9 % of the answers failed"],
    ),
    Row(
        what="the old colour is stopped with the flip: an emergency",
        change={**GREEN_LIVE, "blue.state": "stopped"},
        word=Word.FLIP,
        says=["live traffic goes from blue", "blue 1.0.0 is stopped: its 3 pods go, right after the move"],
    ),
]

CANARY = [
    Row(
        what="a share of live traffic",
        base=GATEWAY,
        change={"canaryWeight": "10"},
        word=Word.FLIP,
        says=["green 1.1.0 gets 10 % of live traffic; now it has 0 %"],
    ),
    Row(
        what="some clients by name",
        base=GATEWAY,
        change={"canaryMatch": {"header": "X-Canary", "value": "always"}},
        word=Word.FLIP,
        says=["clients with header X-Canary: always get green"],
    ),
    Row(
        what="they no longer do",
        base=GATEWAY,
        change={},
        found=lambda live: replace(live, record={**live.record, "chosen": "header X-Canary: always"}),
        word=Word.ROLLBACK,
        says=["clients with header X-Canary: always no longer get green"],
    ),
    Row(
        what="paths of a service change around its pods",
        base=GATEWAY,
        change={"services.backend.routing": {"paths": ["/api"]}},
        word=Word.ROLLING,
        says=["around live pods, without a restart of them, changes: routing"],
    ),
]

RELEASE = [
    Row(
        what="the first update of an empty cluster",
        change={},
        found=lambda _: Live(at=NOW),
        word=Word.RELEASE,
        says=["nothing is live yet: blue 1.0.0 gets the traffic", "green 1.1.0 is made"],
    ),
    Row(
        what="the idle colour and the active one",
        change={**GREEN_LIVE, "green.version": "1.2.0"},
        word=Word.RELEASE,
        says=["green changes: version (1.1.0 → 1.2.0); then live traffic goes from blue 1.0.0 to green 1.2.0"],
    ),
    Row(
        what="a retired colour that was never live",
        base={"green.state": "retired"},
        change={**GREEN_LIVE, "green.state": "running"},
        word=Word.RELEASE,
        says=["green 1.1.0 is started, with 3 pods; then live traffic goes"],
    ),
    Row(
        what="a colour whose rollout is still under way",
        change=GREEN_LIVE,
        found=halfway("green"),
        word=Word.RELEASE,
        says=["the last rollout of green goes on: 1 pod not replaced yet; then live traffic goes"],
    ),
    Row(
        what="a service is added to the flip set",
        base={},
        change=TWO,
        word=Word.RELEASE,
        says=[
            "frontend: blue was confirmed, and no traffic of it is found",
            "frontend: green 1.1.0 is made",
        ],
    ),
    Row(
        what="one service of the destination changes: the word is the flip set's",
        base=TWO,
        change={**GREEN_LIVE, "green.frontend.env": {"A": "1"}},
        word=Word.RELEASE,
        says=["frontend: green changes: env; then live traffic goes", "backend: live traffic goes from blue"],
    ),
]

ROLLBACK = [
    Row(
        what="back to the release that was live before",
        base=GREEN_LIVE,
        change={"activeColour": "blue"},
        found=was_live({}),
        word=Word.ROLLBACK,
        says=["live traffic goes from green 1.1.0 to blue 1.0.0, which was confirmed before"],
    ),
    Row(
        what="back to it when it is retired",
        base={**GREEN_LIVE, "blue.state": "retired"},
        change={"activeColour": "blue", "blue.state": "running"},
        found=was_live({}),
        word=Word.ROLLBACK,
        says=["which was confirmed before, whose pods are started first"],
    ),
    Row(
        what="away from a flip that was never confirmed",
        change={},
        found=unfinished(Stage.STUCK),
        word=Word.ROLLBACK,
        says=["live traffic goes from green 1.1.0 to blue 1.0.0, which was confirmed before"],
    ),
    Row(
        what="not back: what was live before has become another release",
        base=GREEN_LIVE,
        change={"activeColour": "blue", "blue.backend.env": {"A": "1"}},
        found=was_live({}),
        word=Word.RELEASE,
        says=["blue changes: env; then live traffic goes from green 1.1.0 to blue 1.0.0"],
    ),
]

ROLLING = [
    Row(
        what="the live colour's image",
        change={"blue.backend.image": "registry.example/backend:1.0.1", "blue.version": "1.0.1"},
        word=Word.ROLLING,
        says=["pods of blue, which is live, are replaced in place: image, version (1.0.0 → 1.0.1)"],
    ),
    Row(
        what="a variable of the live colour",
        change={"blue.backend.env": {"LOG_LEVEL": "debug"}},
        word=Word.ROLLING,
        says=["pods of blue, which is live, are replaced in place: env"],
    ),
    Row(
        what="a password of the live colour",
        base={"blue.backend.secrets": {"TOKEN": "hunter1"}},
        change={"blue.backend.secrets": {"TOKEN": "hunter2"}},
        word=Word.ROLLING,
        says=["pods of blue, which is live, are replaced in place: secrets"],
    ),
    Row(
        what="resources are both colours'",
        change={"services.backend.resources": {"requests": {"cpu": "1"}}},
        word=Word.ROLLING,
        says=["pods of blue, which is live, are replaced in place: resources", "green changes: resources"],
    ),
    Row(
        what="so are probes, the port and the shutdown",
        change={
            "services.backend.probes": {"readiness": {"periodSeconds": 5}},
            "services.backend.port": 9000,
            "services.backend.shutdown": {"gracePeriodSeconds": 60},
        },
        word=Word.ROLLING,
        says=["are replaced in place: port, probes, shutdown", "green changes: port, probes, shutdown"],
    ),
    Row(
        what="ENV and REGION",
        change={"region": "eu-west-1"},
        word=Word.ROLLING,
        says=["pods of blue, which is live, are replaced in place: environment", "green changes: environment"],
    ),
    Row(
        what="a backing service's address",
        base={
            "backing": {
                "db": {"kind": "database", "host": "a.example", "network": {"cidrs": ["10.0.0.1/32"], "ports": [5432]}}
            }
        },
        change={"backing.db.host": "b.example"},
        word=Word.ROLLING,
        says=["pods of blue, which is live, are replaced in place: env", "green changes: env"],
    ),
    Row(
        what="both slots at once leave no way back that is as it was",
        change={"blue.backend.env": {"A": "1"}, "green.backend.env": {"A": "1"}},
        word=Word.ROLLING,
        says=["pods of blue, which is live, are replaced in place: env", "green changes: env"],
    ),
    Row(
        what="network policies change around live pods",
        change={"services.backend.network": {"prometheus": {"cidrs": ["10.9.0.0/16"]}}},
        word=Word.ROLLING,
        says=["around live pods, without a restart of them, changes: network"],
    ),
    Row(
        what="so does a front door",
        change={"services.backend.frontDoor.port": 8080},
        word=Word.ROLLING,
        says=["around live pods, without a restart of them, changes: frontDoor"],
    ),
    Row(
        what="more pods at least",
        change={"services.backend.autoscaling": {"minReplicas": 5}},
        word=Word.ROLLING,
        says=["changes: capacity", "blue, which is live, goes from 3 to 5 pods", "green goes from 3 to 5 pods"],
    ),
    Row(
        what="the live colour changes while the idle one retires",
        change={"blue.backend.env": {"A": "1"}, "green.state": "retired"},
        word=Word.ROLLING,
        says=["pods of blue, which is live, are replaced in place: env", "green 1.1.0 is retired: its 3 pods go"],
    ),
    Row(
        what="a stuck rollout of what is live goes on",
        change={},
        found=halfway("blue"),
        word=Word.ROLLING,
        says=["the last rollout of blue goes on: 1 pod not replaced yet"],
    ),
    Row(
        what="the live colour changes before its flip is confirmed: mending it in place",
        change={**GREEN_LIVE, "green.backend.env": {"A": "1"}},
        found=unfinished(Stage.STUCK),
        word=Word.ROLLING,
        says=["pods of green, which is live, are replaced in place: env", "flip 2 was not brought to its end (STUCK)"],
    ),
]

RETIRE = [
    Row(
        what="the idle colour retires",
        change={"green.state": "retired"},
        word=Word.RETIRE,
        says=["green 1.1.0 is retired: its 3 pods go"],
    ),
    Row(
        what="it is stopped at once, though its flip is not confirmed",
        change={"green.state": "stopped"},
        found=since(NOW),
        word=Word.RETIRE,
        says=["green 1.1.0 is stopped: its 3 pods go"],
    ),
    Row(
        what="it is removed",
        change={"green": None},
        word=Word.RETIRE,
        says=["green 1.1.0 has no release any more: its 3 pods go"],
    ),
    Row(
        what="a service that is to go, by name",
        base=TWO,
        change={"removed": ["frontend"], "services.frontend": None, "blue.frontend": None, "green.frontend": None},
        word=Word.RETIRE,
        says=["frontend: it goes, and its live traffic on blue with it (teal:removed)"],
    ),
]

UNSAFE = [
    Row(
        what="a colour ends that has a share of live traffic",
        base=GATEWAY,
        change={"green.state": "retired"},
        found=lambda live: replace(live, services={"backend": replace(live.services["backend"], share=10)}),
        word=Word.UNSAFE,
        says=["slot green is to end, and it has the requests of 10 % of live traffic"],
    ),
    Row(
        what="traffic moves, and a share of it is to stay",
        base=GATEWAY,
        change={**GREEN_LIVE, "canaryWeight": "10"},
        word=Word.UNSAFE,
        says=["live traffic of backend is to go to green, and teal:canaryWeight is 10"],
    ),
    Row(
        what="the live slot changes and is left in one update",
        change={**GREEN_LIVE, "blue.backend.env": {"A": "1"}},
        word=Word.UNSAFE,
        says=["slot blue of backend is live, teal:activeColour is green, and pods of blue change as well (env)"],
    ),
    Row(
        what="so does what both colours share",
        change={**GREEN_LIVE, "services.backend.port": 9000},
        word=Word.UNSAFE,
        says=["pods of blue change as well (port)"],
    ),
    Row(
        what="the live slot is removed",
        change={**GREEN_LIVE, "blue": None},
        word=Word.UNSAFE,
        says=["slot blue is live, and the config has no teal:blue"],
    ),
    Row(
        what="the live slot retires with the flip",
        change={**GREEN_LIVE, "blue.state": "retired"},
        word=Word.UNSAFE,
        says=["slot blue is live, and teal:blue.state is retired"],
    ),
    Row(
        what="a service that is live is renamed",
        base=TWO,
        change={
            "services.frontend": None,
            "services.web": {"port": 8000},
            "blue.frontend": None,
            "green.frontend": None,
            "blue.web": {"image": "registry.example/frontend:1.0.0"},
            "green.web": {"image": "registry.example/frontend:1.0.0"},
        },
        word=Word.UNSAFE,
        says=["frontend: service frontend carries live traffic, and teal:services does not name it"],
    ),
    Row(
        what="the autoscaler may keep fewer pods than live has",
        change={"services.backend.autoscaling": {"maxReplicas": 5}},
        found=lambda live: scaled(live, "blue", 8),
        word=Word.UNSAFE,
        says=["live with 8 pods, and teal:services.backend.autoscaling.maxReplicas leaves it 5"],
    ),
    Row(
        what="fewer pods are declared than live has",
        base=NO_AUTOSCALER,
        change={"services.backend.replicas": 2},
        word=Word.UNSAFE,
        says=["live with 4 pods, and teal:services.backend.replicas leaves it 2"],
    ),
    Row(
        what="the autoscaler is switched off below what it has scaled to",
        change=NO_AUTOSCALER,
        found=lambda live: scaled(live, "blue", 8),
        word=Word.UNSAFE,
        says=["live with 8 pods, and teal:services.backend.replicas leaves it 4"],
    ),
    Row(
        what="an autoscaler takes over pods that the Deployment declares: for a moment there would be one",
        base=NO_AUTOSCALER,
        change={"services.backend.autoscaling": {"enabled": True}},
        word=Word.UNSAFE,
        says=["live with 4 pods that its Deployment declares"],
    ),
    Row(
        what="not if their number is somebody else's already",
        base=NO_AUTOSCALER,
        change={"services.backend.autoscaling": {"enabled": True}},
        found=lambda live: scaled(live, "blue", 5),
        word=Word.ROLLING,
        says=["changes: capacity"],
    ),
    Row(
        what="the old colour retires before the new one is confirmed",
        change={"green.state": "retired"},
        found=since(NOW, "green"),
        word=Word.UNSAFE,
        says=["slot green is to retire, and blue is not confirmed yet"],
    ),
    Row(
        what="or before it has settled",
        change={"green.state": "retired"},
        found=since("2026-01-01T11:59:30+00:00"),
        word=Word.UNSAFE,
        says=["blue is confirmed only since 2026-01-01T11:59:30"],
    ),
    Row(
        what="somebody else moved traffic",
        change={},
        found=on("green", "kubectl-edit"),
        word=Word.UNSAFE,
        says=["live traffic of backend goes to green, and 'kubectl-edit' wrote that"],
    ),
    Row(
        what="somebody else sent traffic nowhere",
        change={},
        found=on(None, "kubectl-edit"),
        word=Word.UNSAFE,
        says=["'kubectl-edit' wrote that"],
    ),
    Row(
        what="a schema that was contracted is no longer what a colour needs",
        base=MIGRATED,
        change={},
        found=lambda live: replace(
            live, contracted={"backend": Contracted(begun="0003", done="0003", by="blue 1.0.0")}
        ),
        word=Word.UNSAFE,
        says=["0003"],
    ),
]


TABLE = [*NOTHING, *PREPARE, *FLIP, *CANARY, *RELEASE, *ROLLBACK, *ROLLING, *RETIRE, *UNSAFE]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_a_change_comes_to_a_word_and_its_reasons(row: Row) -> None:
    """The word; and a reason for each that is expected, in that order, and no other."""
    found = row.plan
    assert found.word is row.word, found.reasons
    assert len(found.reasons) == len(row.says), found.reasons
    for reason, said in zip(found.reasons, row.says, strict=True):
        assert said in reason


def test_the_table_has_every_word() -> None:
    """And at least forty changes."""
    assert {row.word for row in TABLE} == set(Word)
    assert len(TABLE) >= 40
