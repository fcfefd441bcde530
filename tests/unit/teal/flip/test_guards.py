"""The proof of a flip against a cluster on loopback."""

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import guards
from teal.model.colours import Colour
from teal.model.errors import ForeignChangeError, RefusedError, UnreachableError
from teal.model.live import LiveService
from teal.model.verdict import Outcome, Verdict
from teal.proof import prove
from teal.spec.gates import GatePlan
from tests.unit.conftest import FakeApiServer

GREEN, BLUE = Colour.GREEN, Colour.BLUE
FLIP_SET = {"backend": GatePlan(version="1.1.0", version_path="/deployment/metadata")}
EXPECTED = prove.expected(FLIP_SET)


def access(server: FakeApiServer) -> ClusterAccess:
    """How to reach a fake API server."""
    return ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)


async def outcomes(server: FakeApiServer, flip_set: dict[str, GatePlan] | None = None) -> dict[str, Outcome]:
    """Prove green and say what each gate found."""
    async with Cluster.connect(access(server)) as cluster:
        verdicts = await prove.prove(cluster, None, GREEN, flip_set or FLIP_SET)
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
        verdicts = await prove.prove(cluster, None, GREEN, flip_set)
    with pytest.raises(RefusedError, match=r"version of frontend FAILED: 1 of 1 answered version 0\.9\.0"):
        prove.require(verdicts, expected=EXPECTED, live=BLUE, destination=GREEN, namespace="teal")


async def test_a_pod_that_answers_nonsense_is_an_error_not_a_pass(api_server: FakeApiServer) -> None:
    """A body without a version is evidence of nothing."""
    api_server.pods("backend", "green", ["1.1.0"])
    api_server.answers["/api/v1/namespaces/teal/pods/backend-green-0:8000/proxy/deployment/metadata"] = (200, {"v": 1})
    assert (await outcomes(api_server))["backend version"] is Outcome.ERROR


async def test_an_api_server_that_is_gone_is_unreachable(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known, and the message names the address, the consequence and the next command."""
    monkeypatch.setattr("teal.adapters.kubernetes.cluster.RETRY_SECONDS", 0.2)
    api_server.stop()
    with pytest.raises(
        UnreachableError, match=rf"{api_server.url}.*this step went no further.*Next: kubectl cluster-info"
    ):
        await outcomes(api_server)


async def test_credentials_that_have_expired_are_to_be_renewed(api_server: FakeApiServer) -> None:
    """An account that is not known any more cannot ask for its rights."""
    api_server.answers["/api/v1/namespaces/teal/services"] = (401, {"kind": "Status", "message": "Unauthorized"})
    with pytest.raises(UnreachableError, match=r"answered 401 .*Next: kubectl auth whoami, and log in again"):
        await outcomes(api_server)


async def test_a_forbidden_read_is_unreachable(api_server: FakeApiServer) -> None:
    """A 403 says that nothing may be known, and which right is missing; it is no empty cluster."""
    said = {"kind": "Status", "message": 'cannot list resource "services"'}
    api_server.answers["/api/v1/namespaces/teal/services"] = (403, said)
    with pytest.raises(
        UnreachableError, match=r"answered 403 to GET /\S+ \(cannot list resource \"services\"\), so nothing"
    ):
        await outcomes(api_server)


def test_no_verdict_at_all_is_a_refusal() -> None:
    """Removing the evidence never lets traffic through."""
    with pytest.raises(RefusedError, match="capacity of backend: no verdict came back"):
        prove.require([], expected=EXPECTED, live=BLUE, destination=GREEN, namespace="teal")


def test_a_refusal_is_one_line_with_evidence_and_next_command() -> None:
    """An engine prints the text of an exception and nothing else."""
    verdict = Verdict(gate="capacity", service="backend", outcome=Outcome.FAILED, seen="0 ready", needed="2")
    with pytest.raises(RefusedError) as refused:
        prove.require([verdict], expected=EXPECTED, live=BLUE, destination=GREEN, namespace="shop")
    text = str(refused.value)
    assert "\n" not in text
    assert "capacity of backend FAILED: 0 ready; needed: 2" in text
    assert "kubectl -n shop get pods,services -l teal/colour=green" in text


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
        guards.require_known("backend", found, recorded=recorded, destination=GREEN)
    else:
        with pytest.raises(ForeignChangeError, match="written by 'kubectl-patch'"):
            guards.require_known("backend", found, recorded=recorded, destination=GREEN)


async def test_traffic_that_did_not_move_is_not_confirmed(api_server: FakeApiServer) -> None:
    """Reading back compares the live selector with the declared colour, and names who wrote another one."""
    api_server.service("backend", "blue", writer="kubectl-patch")
    async with Cluster.connect(access(api_server)) as cluster:
        live = await cluster.live_services()
    with pytest.raises(RefusedError, match="live traffic of backend goes to blue, written by 'kubectl-patch'"):
        guards.require_there(live, GREEN, FLIP_SET, 0)
    with pytest.raises(RefusedError, match=r"frontend goes to nothing.* Next: pulumi refresh, then pulumi up"):
        guards.require_there(live, BLUE, ["frontend"], 0)
    guards.require_there(live, BLUE, FLIP_SET, 0)


def at(colour: str, writer: str) -> LiveService:
    """A version of an active Service."""
    return LiveService(
        colour=Colour(colour) if colour in set(Colour) else None,
        selector={"teal/colour": colour},
        annotations={},
        resource_version="1",
        writer=writer,
    )


ENGINE = "pulumi-kubernetes-0123"


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ([], ""),
        ([at("green", ENGINE)], ""),
        ([at("blue", "kube-controller"), at("green", ENGINE)], ""),  # it wrote something else
        # Pulumi's provider makes the fields its own first, and writes then.
        ([at("red", "kubectl-patch"), at("red", ENGINE), at("green", ENGINE)], "'red'}, written by 'kubectl-patch'"),
        ([at("green", "kubectl-edit"), at("green", ENGINE)], "green, written by 'kubectl-edit'"),
        (
            [at("red", "a"), at("blue", "b"), at("green", ENGINE)],
            "by 'a'; then to blue, written by 'b'",
        ),
    ],
)
def test_what_a_write_overwrote_is_read_from_the_versions_before_it(versions: list[LiveService], said: str) -> None:
    """By the writer of the first version that leads elsewhere: the last one is the engine's whatever happened."""
    found = guards.displaced(at("blue", ENGINE), versions)
    assert found.endswith(said)
    assert bool(found) is bool(said)
