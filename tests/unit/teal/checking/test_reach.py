"""A pod tries the network: what it runs, under whose policies, and what its words come to."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from teal.adapters.kubernetes.access import ClusterAccess
from teal.adapters.kubernetes.cluster import Cluster
from teal.checking import reach
from teal.model.errors import UnreachableError
from teal.model.verdict import Outcome, Verdict
from tests.unit.conftest import FakeApiServer

JOBS = "/apis/batch/v1/namespaces/teal/jobs"
PODS = "/api/v1/namespaces/teal/pods"
NEEDS = {"service": ("backend-green", 80), "database": ("db.example", 5432)}


def ran(server: FakeApiServer, said: str, *, ended: str = "Complete") -> None:
    """Every Job that is made ends so, and its pod says this."""

    def fault(method: str, path: str) -> None:
        if method == "GET" and re.fullmatch(rf"{JOBS}/backend-reach-\w+", path):
            _, made = server.answers[path]
            made["status"] = {"conditions": [{"type": ended, "status": "True", "message": "its end"}]}

    server.fault = fault
    state = {"state": {"terminated": {"message": said}}}
    server.answers[PODS] = (200, {"items": [{"status": {"containerStatuses": [state]}}]})


async def tried(
    server: FakeApiServer, needs: Mapping[str, tuple[str, int] | None] = NEEDS, image: str = "teal:1"
) -> Mapping[str, Verdict]:
    """What came of it, by name."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as cluster:
        return {each.gate: each for each in await reach.reach(cluster, "backend", needs, image)}


async def test_each_connection_is_a_verdict(api_server: FakeApiServer) -> None:
    """As the pod found it."""
    ran(api_server, json.dumps({"service": [True, "connected"], "database": [False, "db.example is not found"]}))
    found = await tried(api_server)
    assert {name: (each.outcome, each.seen) for name, each in found.items()} == {
        "reach.service": (Outcome.PASSED, "connected"),
        "reach.database": (Outcome.FAILED, "db.example is not found"),
    }


async def test_its_pod_is_under_the_policies_of_the_service_and_behind_no_service_of_it(
    api_server: FakeApiServer,
) -> None:
    """By its labels; and it may do nothing."""
    ran(api_server, "{}")
    await tried(api_server)
    (job,) = api_server.written
    template = job["spec"]["template"]
    assert template["metadata"]["labels"]["app.kubernetes.io/name"] == "backend"
    assert template["metadata"]["labels"]["app.kubernetes.io/part-of"] == "teal"
    assert "teal/colour" not in template["metadata"]["labels"]
    assert template["spec"]["automountServiceAccountToken"] is False
    (container,) = template["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert json.loads(container["env"][0]["value"]) == {name: [*each] for name, each in NEEDS.items()}


@pytest.mark.parametrize(
    ("said", "ended", "seen"),
    [
        ("Traceback", "Complete", "the pod succeeded, and did not say what it found: Traceback"),
        ("", "Failed", "the pod failed, and did not say what it found: its end"),
        ("{}", "Complete", "the pod did not say what it found"),
    ],
)
async def test_a_pod_that_says_nothing_proves_nothing(
    api_server: FakeApiServer, said: str, ended: str, seen: str
) -> None:
    """It could not look, which is no pass."""
    ran(api_server, said, ended=ended)
    found = await tried(api_server)
    assert {(each.outcome, each.seen) for each in found.values()} == {(Outcome.ERROR, seen)}


async def test_without_an_image_nobody_tries(api_server: FakeApiServer) -> None:
    """And nothing is made."""
    found = await tried(api_server, image="")
    assert {each.outcome for each in found.values()} == {Outcome.INCONCLUSIVE}
    assert api_server.heard == []


async def test_what_has_no_place_is_told(api_server: FakeApiServer) -> None:
    """The stack does not say where it is, so nobody can go there."""
    found = await tried(api_server, {"queue": None})
    assert {name: each.outcome for name, each in found.items()} == {"reach.queue": Outcome.INCONCLUSIVE}
    assert api_server.heard == []


async def test_who_may_make_no_job_is_told_so(api_server: FakeApiServer) -> None:
    """With the command that says which right is missing."""
    api_server.fault = lambda method, _: 403 if method == "POST" else None
    with pytest.raises(UnreachableError, match="auth can-i create jobs"):
        await tried(api_server)


def test_what_the_pod_runs_finds_out_what_answers(tmp_path: Path) -> None:
    """On this machine: a port that listens, one that does not, and a name that nobody has."""
    script = tmp_path / "script.py"
    log = tmp_path / "log"
    script.write_text(reach.SCRIPT.replace("/dev/termination-log", str(log)))
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_server(("127.0.0.1", 0)) as closed:
        free = closed.getsockname()[1]
        closed.close()
        needs = {
            "there": ["127.0.0.1", listening.getsockname()[1]],
            "away": ["127.0.0.1", free],
            "nowhere": ["nowhere.invalid", 80],
        }
        subprocess.run([sys.executable, script], env={"TEAL_REACH": json.dumps(needs)}, check=True)
    said = json.loads(log.read_text())
    assert {name: well for name, (well, _) in said.items()} == {"there": True, "away": False, "nowhere": False}
    assert "takes no connection" in said["away"][1]
    assert "nowhere.invalid is not found" in said["nowhere"][1]
