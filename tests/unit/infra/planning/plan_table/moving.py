"""Live traffic moves, or a share of it does."""

from dataclasses import replace

from teal_infra.planning.live import Live

from teal.history.model import Stage
from teal.plans.model import Word
from tests.unit.infra.planning.plan_table.rows import (
    GATEWAY,
    GREEN_LIVE,
    MIGRATED,
    NO_AUTOSCALER,
    TWO,
    Row,
    both,
    halfway,
    migrated,
    on,
    put_back,
    since,
    unfinished,
    was_live,
)
from tests.unit.infra.worlds import NOW, scaled, service

FLIP = [
    Row(
        what="the active colour",
        change=GREEN_LIVE,
        word=Word.FLIP,
        says=["live traffic goes from blue 1.0.0 to green 1.1.0"],
    ),
    Row(
        what="the active colour, and what is around live pods meanwhile: a reason of its own",
        change={**GREEN_LIVE, "services.backend.frontDoor.port": 8080},
        word=Word.FLIP,
        says=[
            "live traffic goes from blue 1.0.0 to green 1.1.0",
            "around live pods, without a restart of them, changes: frontDoor",
        ],
    ),
    Row(
        what="the active colour, and what the new one needs no more",
        base=MIGRATED,
        found=migrated(),
        change={**GREEN_LIVE, "blue.state": "stopped"}
        | {"green.backend.schema": {"expand": "0002", "contract": "0003"}},
        word=Word.FLIP,
        says=["live traffic goes from blue", "is stopped: its 3 pods go, right after", "the schema is contracted"],
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
        what="traffic where the config wants it, confirmed by a flip whose record was deleted or not written",
        change=GREEN_LIVE,
        found=both(on("green"), was_live(GREEN_LIVE)),
        word=Word.FLIP,
        says=["green already, and flip 2 was confirmed, but ConfigMap teal-confirmed does not say so"],
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
        change=TWO,
        word=Word.RELEASE,
        says=[
            "frontend: blue is live, and no flip has moved this service yet",
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
