"""Live traffic stays where it is and its pods as they are: what changes is idle, or was named to go."""

from teal.model.colours import MANAGER
from teal.plans.model import Word
from tests.unit.infra.planning.plan_table.rows import MIGRATED, NO_AUTOSCALER, TWO, Row, halfway, migrated, on, since
from tests.unit.infra.worlds import BASE, NOW, scaled, unstamped

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
    Row(what="migrations that ran already", base=MIGRATED, found=migrated(), change={}, word=Word.NOTHING),
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
    Row(
        what="a schema further on for the idle colour, of the same image",
        base=MIGRATED,
        found=migrated(),
        change={"green.backend.schema": {"expand": "0003"}},
        word=Word.PREPARE,
        says=["the schema is expanded to 0003 for green 1.1.0"],
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
