"""The proof of a flip against a cluster on loopback."""

import pytest

from teal import flip, measure
from teal.colours import Colour
from teal.errors import ForeignChangeError, RefusedError, UnreachableError
from teal.gates.plan import GatePlan
from teal.kube import Cluster, ClusterAccess
from teal.verdict import Outcome, Verdict
from tests.unit.conftest import FakeApiServer

GREEN, BLUE = Colour.GREEN, Colour.BLUE
FLIP_SET = {"backend": GatePlan(version="1.1.0", version_path="/deployment/metadata")}
EXPECTED = measure.expected(FLIP_SET)


def access(server: FakeApiServer) -> ClusterAccess:
    """How to reach a fake API server."""
    return ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)


async def outcomes(server: FakeApiServer, flip_set: dict[str, GatePlan] | None = None) -> dict[str, Outcome]:
    """Prove green and say what each gate found."""
    async with Cluster.connect(access(server)) as cluster:
        verdicts = await measure.prove(cluster, None, GREEN, flip_set or FLIP_SET)
    return {f"{verdict.service} {verdict.gate}": verdict.outcome for verdict in verdicts}


async def test_a_ready_destination_of_the_declared_version_is_proven(api_server: FakeApiServer) -> None:
    """Both gates pass on two ready pods that answer as declared."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0", "1.0.0"])
    api_server.pods("backend", "green", ["1.1.0", "1.1.0"])
    assert await outcomes(api_server) == {"backend capacity": Outcome.PASSED, "backend version": Outcome.PASSED}


async def test_endpoints_that_are_not_ready_count_for_nothing(api_server: FakeApiServer) -> None:
    """Unready pods are neither capacity nor worth asking."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0"])
    api_server.pods("backend", "green", ["1.1.0"], ready=False)
    assert await outcomes(api_server) == {"backend capacity": Outcome.FAILED, "backend version": Outcome.INCONCLUSIVE}


async def test_one_unproven_service_keeps_the_whole_flip_set(api_server: FakeApiServer) -> None:
    """A frontend of the wrong version refuses the backend's move too."""
    for service, version in (("backend", "1.1.0"), ("frontend", "0.9.0")):
        api_server.service(service, "blue")
        api_server.pods(service, "blue", ["1.0.0"])
        api_server.pods(service, "green", [version])
    flip_set: dict[str, GatePlan] = dict.fromkeys(("backend", "frontend"), FLIP_SET["backend"])
    async with Cluster.connect(access(api_server)) as cluster:
        verdicts = await measure.prove(cluster, None, GREEN, flip_set)
    with pytest.raises(RefusedError, match=r"version of frontend FAILED: 1 of 1 answered version 0\.9\.0"):
        measure.require(verdicts, expected=EXPECTED, live=BLUE, destination=GREEN, namespace="teal")


async def test_a_pod_that_answers_nonsense_is_an_error_not_a_pass(api_server: FakeApiServer) -> None:
    """A body without a version is evidence of nothing."""
    api_server.pods("backend", "green", ["1.1.0"])
    api_server.answers["/api/v1/namespaces/teal/pods/backend-green-0:8000/proxy/deployment/metadata"] = (200, {"v": 1})
    assert (await outcomes(api_server))["backend version"] is Outcome.ERROR


async def test_an_api_server_that_is_gone_is_unreachable(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known, and the message names the address, the consequence and the next command."""
    monkeypatch.setattr("teal.kube.RETRY_SECONDS", 0.2)
    api_server.stop()
    with pytest.raises(UnreachableError, match=rf"{api_server.url}.*nothing was changed.*Next: kubectl cluster-info"):
        await outcomes(api_server)


async def test_a_forbidden_read_is_unreachable(api_server: FakeApiServer) -> None:
    """A 403 says that nothing may be known; it is no empty cluster."""
    api_server.answers["/api/v1/namespaces/teal/services"] = (403, {})
    with pytest.raises(UnreachableError, match="answered 403"):
        await outcomes(api_server)


def test_no_verdict_at_all_is_a_refusal() -> None:
    """Removing the evidence never lets traffic through."""
    with pytest.raises(RefusedError, match="capacity of backend: no verdict came back"):
        measure.require([], expected=EXPECTED, live=BLUE, destination=GREEN, namespace="teal")


def test_a_refusal_is_one_line_with_evidence_and_next_command() -> None:
    """An engine prints the text of an exception and nothing else."""
    verdict = Verdict(gate="capacity", service="backend", outcome=Outcome.FAILED, seen="0 ready", needed="2")
    with pytest.raises(RefusedError) as refused:
        measure.require([verdict], expected=EXPECTED, live=BLUE, destination=GREEN, namespace="shop")
    text = str(refused.value)
    assert "\n" not in text
    assert "capacity of backend FAILED: 0 ready; needed: 2" in text
    assert "kubectl -n shop get pods -l teal/colour=green" in text


@pytest.mark.parametrize(
    ("live", "recorded", "explained"),
    [("blue", BLUE, True), ("green", BLUE, True), ("blue", GREEN, False), ("red", BLUE, False), ("blue", None, True)],
)
async def test_a_selector_that_no_update_explains_is_refused_by_name(
    api_server: FakeApiServer, live: str, recorded: Colour | None, *, explained: bool
) -> None:
    """Live is what the last update left, or already the destination; everything else names its writer."""
    api_server.service("backend", live, writer="kubectl-patch")
    async with Cluster.connect(access(api_server)) as cluster:
        found = await cluster.live_service("backend")
    if explained:
        flip.require_known("backend", found, recorded=recorded, destination=GREEN)
    else:
        with pytest.raises(ForeignChangeError, match="written by 'kubectl-patch'"):
            flip.require_known("backend", found, recorded=recorded, destination=GREEN)


async def test_traffic_that_did_not_move_is_not_confirmed(api_server: FakeApiServer) -> None:
    """Reading back compares the live selector with the declared colour."""
    api_server.service("backend", "blue")
    async with Cluster.connect(access(api_server)) as cluster:
        with pytest.raises(RefusedError, match="live traffic of backend goes to blue"):
            await flip.read_back(cluster, GREEN, FLIP_SET)
        await flip.read_back(cluster, BLUE, FLIP_SET)
