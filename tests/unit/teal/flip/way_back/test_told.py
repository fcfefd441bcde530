"""A way back that does not come about says why, and where traffic stays."""

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import revert
from teal.model.errors import RefusedError, UnreachableError
from teal.routers.selector import SelectorRouter
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import BLUE, DOOR, RECORD, failing, finish, written

pytestmark = pytest.mark.usefixtures("patience")


@pytest.mark.parametrize(
    ("found", "error", "said"),
    [
        ("garbage{", UnreachableError, r"bake of backend FAILED.*traffic stays on green, which fails.*history repair"),
        (
            None,
            RefusedError,
            r"deleted the record of flip 1 .*traffic stays on green, .*even if that fails\. Next: pulumi",
        ),
    ],
    ids=["unreadable", "deleted"],
)
async def test_a_way_back_that_cannot_be_recorded_says_where_traffic_stays(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, found: str | None, error: type[Exception], said: str
) -> None:
    """Somebody spoils the record during the bake: that is not all that has to be known."""
    monkeypatch.setattr(revert, "PATIENCE_SECONDS", 0.1)
    declared = await failing(api_server)

    def fault(method: str, path: str) -> int | None:
        if f"{method} {path}" == f"GET {DOOR}" and RECORD in api_server.answers:
            if found is None:
                del api_server.answers[RECORD]
            else:
                kept = api_server.answers[RECORD][1]
                kept["data"]["flips.json"] = found
                kept["metadata"]["resourceVersion"] = "9000"
        return None

    api_server.fault = fault
    with pytest.raises(error, match=said):
        await finish(api_server, declared)
    assert written(api_server) == []


async def test_a_way_back_that_a_policy_refuses_says_which(api_server: FakeApiServer) -> None:
    """Its own words tell a closed change window from a right that is missing."""
    api_server.service("backend", "green")
    api_server.refusal = {"kind": "Status", "message": "policy 'freeze' denied request"}
    api_server.fault = lambda method, _: 422 if method == "PATCH" else None
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        router = SelectorRouter(found)
        live = (await router.live_services(["backend"]))["backend"]
        with pytest.raises(UnreachableError, match=r"answered 422 \(policy 'freeze' denied request\)\. Next: "):
            await router.move("backend", live, BLUE)
