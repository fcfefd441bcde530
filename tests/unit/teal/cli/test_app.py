"""The command line says where traffic is, and by its exit status whether all is at rest."""

import json
import subprocess
import sys
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
        app(["status", "--namespace", "teal", "--kubeconfig", str(tmp_path / "kubeconfig"), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert ended.value.code == status
    assert (said["confirmed"], said["atRest"], said["last"]["stage"]) == (confirmed, status == 0, stage)
    assert live in said["live"]["backend"]


IMPORTED = """
import sys
from teal.cli import main
{before}
sys.argv = ["teal", *{args!r}]
try:
    main()
finally:
    print(*sorted(each for each in {names!r} if sys.modules.get(each)), file=sys.stderr)
"""
MOVED = """
from teal.flip.rollback import Rollback
async def go(*_):
    raise SystemExit
Rollback.go = go
"""
AFTER = {"pulumi", "teal_infra.settings", "teal_infra.planning", "teal.plans.render", "rich.progress", "rich.live"}
NEVER = {"boto3", "apprise", "grpc", "h2", "pulumi_aws", "pulumi_kubernetes"}


@pytest.mark.parametrize(
    ("args", "before", "names"),
    [
        (("status",), "", NEVER | AFTER | {"teal_infra"}),
        (("rollback", "--yes"), MOVED, NEVER | AFTER),  # up to where it moves traffic
        (("validate", "Pulumi.dev.yaml"), "", NEVER | {"pulumi"}),
        (("--help",), "", NEVER | {"pulumi"}),
    ],
)
def test_what_a_command_has_no_time_to_import(
    tmp_path: Path, args: tuple[str, ...], before: str, names: set[str]
) -> None:
    """Each of these takes tens of milliseconds, Pulumi a second."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "kubeconfig").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(args=args, before=before, names=names)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin", "KUBECONFIG": str(tmp_path / "kubeconfig"), "PULUMI_STACK": "dev"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == "", done.stderr


def test_outside_of_a_project_a_namespace_has_to_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No stack is chosen there, and the one that teal would guess is nobody's."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        app(["status"])
    assert ended.value.code == 2
    assert "no stack was named" in (said := capsys.readouterr().err)
    assert said.rstrip().endswith("outside of a project, --namespace NAMESPACE")
