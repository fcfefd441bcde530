"""A stack file says which migrations there are, and a cluster on loopback has their Jobs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from teal.cli.app import app
from tests.unit.conftest import FakeApiServer

JOBS = "/apis/batch/v1/namespaces/teal/jobs"
RECORD = "/api/v1/namespaces/teal/configmaps"
LISTED = ["0001", "0002", "0003", "0004", "0005"]


class World:
    """A stack file, and the cluster that it names."""

    def __init__(self, folder: Path, cluster: FakeApiServer, capsys: pytest.CaptureFixture[str]) -> None:
        """Blue at 0001 is live, green at 0003 is idle, and the Jobs of both have run."""
        self.cluster, self._capsys = cluster, capsys
        self.file = folder / "Pulumi.dev.yaml"
        (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        self._config: dict[str, Any] = {
            "kubernetes:kubeconfig": cluster.kubeconfig,
            "teal:activeColour": "blue",
            "teal:services": {"backend": {"migrations": {"revisions": LISTED}}, "frontend": {}},
            "teal:blue": slot("1.0.0", expand="0001"),
            "teal:green": slot("1.1.0", expand="0003"),
        }
        self.jobs(job("blue", "1.0.0", "expand", "0001"), job("green", "1.1.0", "expand", "0003"))
        self.write()

    def write(self, **changed: Any) -> None:  # noqa: ANN401 - values of the config
        """Write the file, with some of its keys changed."""
        self._config |= {f"teal:{key}": each for key, each in changed.items()}
        self.file.write_text(yaml.safe_dump({"config": self._config}))

    def schema(self, colour: str) -> Mapping[str, Any]:
        """What the file says of it."""
        return yaml.safe_load(self.file.read_text())["config"][f"teal:{colour}"]["backend"]["schema"]

    def jobs(self, *items: Mapping[str, Any]) -> None:
        """What Jobs there are."""
        self.cluster.answers[JOBS] = (200, {"items": [*items]})

    def contracted(self, revision: str, by: str) -> None:
        """Let there be records of a contraction."""
        for name, data in (("contracting", {}), ("contracted", {"by": by})):
            path = f"{RECORD}/backend-{name}"
            self.cluster.answers[path] = (
                200,
                {"metadata": {"name": name, "resourceVersion": "1"}, "data": {"revision": revision, **data}},
            )

    def teal(self, command: str, *args: str) -> tuple[int, str]:
        """The exit status of a command about the file, and what it says."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app(["migrations", command, *args, "--stack", "dev"])
        said = self._capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err


def slot(version: str, *, state: str = "running", **schema: str) -> Mapping[str, Any]:
    """What a slot says."""
    backend = {"image": f"backend:{version}", "schema": schema}
    return {"version": version, "state": state, "backend": backend, "frontend": {"image": f"frontend:{version}"}}


def job(colour: str, version: str, phase: str, revision: str, became: str = "Complete") -> Mapping[str, Any]:
    """A Job as the API server lists it."""
    marks = {
        "app.kubernetes.io/name": "backend-migrations",
        "app.kubernetes.io/component": "migrations",
        "app.kubernetes.io/version": version,
        "teal/colour": colour,
    }
    env = [{"name": "SCHEMA_REVISION", "value": revision}, {"name": "SCHEMA_PHASE", "value": phase}]
    pod = {
        "initContainers": [{"name": "up", "command": ["migrate"]}, {"name": "proxy"}],
        "containers": [{"name": "verify", "command": ["look"], "env": env, "image": f"backend:{version}"}],
        "serviceAccountName": "backend",
    }
    labels = {**marks, "job-name": "x", "controller-uid": "y", "batch.kubernetes.io/controller-uid": "y"}
    return {
        "metadata": {
            "name": f"backend-{colour}-{phase}-abc",
            "labels": marks,
            "creationTimestamp": "2026-11-29T10:00:00Z",
        },
        "spec": {"activeDeadlineSeconds": 600, "template": {"metadata": {"labels": labels}, "spec": pod}},
        "status": {"conditions": [{"type": became, "status": "True", "message": f"it is {became}"}]},
    }


@pytest.fixture
def world(
    tmp_path: Path, api_server: FakeApiServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> World:
    """As above, and whoever types is in its project's folder."""
    monkeypatch.chdir(tmp_path)
    return World(tmp_path, api_server, capsys)
