"""What would take traffic's pods, or its way back, is refused; so is what nobody can explain."""

from dataclasses import replace

from teal.plans.model import Word
from teal.schema.migrations import Contracted
from tests.unit.infra.planning.plan_table.rows import GATEWAY, GREEN_LIVE, MIGRATED, NO_AUTOSCALER, TWO, Row, on, since
from tests.unit.infra.worlds import NOW, scaled

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
            "services.web": {"port": 8000, "contract": True},
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
        change={"services.backend.autoscaling": {"enabled": True}, "services.backend.replicas": None},
        word=Word.UNSAFE,
        says=["live with 4 pods that its Deployment declares"],
    ),
    Row(
        what="not if their number is somebody else's already",
        base=NO_AUTOSCALER,
        change={"services.backend.autoscaling": {"enabled": True}, "services.backend.replicas": None},
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
        says=["blue 1.0.0 of backend needs what migrations up to 0003 dropped (its schema goes up to 0001"],
    ),
    Row(
        what="a way down is asked for, and the tool has none",
        base={**MIGRATED, "services.backend.migrations": {"down": None, "downRefused": "Flyway has none"}},
        change={"green.state": "retired", "green.backend.schema": {"expand": "0002", "down": "0001"}},
        word=Word.UNSAFE,
        says=["schema.down 0001 of green 1.1.0 of backend is refused: services.backend.migrations.downRefused says: "],
    ),
]
