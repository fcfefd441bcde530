"""What is live changes in place."""

from dataclasses import replace

from teal.history.model import Stage
from teal.plans.model import Word
from tests.unit.infra.planning.plan_table.rows import GREEN_LIVE, MIGRATED, Row, halfway, migrated, unfinished

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
            "services.backend.backing": ["db"],
            "backing": {
                "db": {"kind": "database", "host": "a.example", "network": {"cidrs": ["10.0.0.1/32"], "ports": [5432]}}
            },
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
        what="and so do the annotations by which a controller or a cloud knows a front door",
        change={"services.backend.metadata": {"frontDoor": {"annotations": {"example.com/scheme": "internal"}}}},
        word=Word.ROLLING,
        says=["around live pods, without a restart of them, changes: metadata"],
    ),
    Row(
        what="what a release needs no more is dropped from the database that both colours use",
        base=MIGRATED,
        found=migrated(),
        change={"blue.backend.schema": {"expand": "0001", "contract": "0002"}},
        word=Word.ROLLING,
        says=["the schema is contracted, once nobody needs what that drops for good, to 0002 for blue 1.0.0"],
    ),
    Row(
        what="so is what a release brought that has no pods any more",
        base={**MIGRATED, "green.state": "retired"},
        found=migrated(),
        change={"green.backend.schema": {"expand": "0002", "down": "0001"}},
        word=Word.ROLLING,
        says=["the schema goes down, with what was written since, to 0001 for green 1.1.0"],
    ),
    Row(
        what="a schema further on for what is live",
        base=MIGRATED,
        found=migrated(("green", "1.1.0", "expand", "0002")),
        change={},
        word=Word.ROLLING,
        says=["the schema is expanded to 0001 for blue 1.0.0"],
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
        what="somebody deleted the live colour's Deployment",
        change={},
        found=lambda live: replace(live, slots={key: each for key, each in live.slots.items() if key[1] == "green"}),
        word=Word.ROLLING,
        says=[
            "pods of blue, which is live, are gone, and are made anew; if the update does not find what Pulumi knows"
        ],
    ),
    Row(
        what="the live colour changes before its flip is confirmed: mending it in place",
        change={**GREEN_LIVE, "green.backend.env": {"A": "1"}},
        found=unfinished(Stage.STUCK),
        word=Word.ROLLING,
        says=["pods of green, which is live, are replaced in place: env", "flip 2 was not brought to its end (STUCK)"],
    ),
]
