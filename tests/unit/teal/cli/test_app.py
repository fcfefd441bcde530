"""The command line says where traffic is, and by its exit status whether all is at rest."""

import json
from pathlib import Path
from typing import Any

import pytest

from teal.cli.app import app
from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.spec.bake import BakePlan
from tests.unit.conftest import FakeApiServer

MAPS = "/api/v1/namespaces/teal/configmaps"
PLAN = BakePlan(services={}, seconds=300, error_percent=5, samples=0, window=60)


def flip(stage: Stage) -> Flip:
    """From blue to green."""
    return Flip(
        number=1,
        origin=Colour.BLUE,
        to=Colour.GREEN,
        version="1.1.0",
        by="somebody",
        begun="2026-01-01T00:00:00+00:00",
        stage=stage,
        plan=PLAN,
    )


def config_map(data: dict[str, str]) -> tuple[int, Any]:
    """As the API server answers it."""
    return 200, {"metadata": {"name": "any", "resourceVersion": "1"}, "data": data}


@pytest.mark.parametrize(
    ("live", "confirmed", "stage", "status"),
    [
        ("green", "green", Stage.CONFIRMED, 0),
        ("green", "green", Stage.REFUSED, 0),
        ("green", "blue", Stage.BAKING, 3),  # under way
        ("green", "blue", Stage.STUCK, 3),
        ("blue", "green", Stage.CONFIRMED, 3),  # where nobody confirmed it
        ("red", "green", Stage.CONFIRMED, 3),  # no colour at all
    ],
)
def test_the_status_says_whether_all_is_at_rest(  # noqa: PLR0913 - a table's columns
    api_server: FakeApiServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    live: str,
    confirmed: str,
    stage: Stage,
    status: int,
) -> None:
    """Traffic, the record and the history agree, and nobody has to go on with anything."""
    api_server.service("backend", live)
    api_server.answers[f"{MAPS}/teal-confirmed"] = config_map({"colour": confirmed})
    history = History(flips=(flip(stage),)).model_dump_json(by_alias=True)
    api_server.answers[f"{MAPS}/teal-history"] = config_map({"flips.json": history})
    (tmp_path / "kubeconfig").write_text(api_server.kubeconfig)
    with pytest.raises(SystemExit) as ended:
        app(["status", "--kubeconfig", str(tmp_path / "kubeconfig"), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert ended.value.code == status
    assert (said["confirmed"], said["atRest"], said["last"]["stage"]) == (confirmed, status == 0, stage)
    assert live in said["live"]["backend"]
