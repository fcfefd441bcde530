"""What Pulumi's provider is left to wait for, and for how long: never for what would hold up the watch on a flip."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pulumi.runtime import mocks
from teal_infra.components import address
from teal_infra.settings.reach.doors import FrontDoor

from teal.adapters.kubernetes.cluster import ClusterAccess
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.declaring import CALLERS, config, declared
from tests.unit.infra.hooks.engine import NoResources

pytestmark = pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")
SKIPPED = ("pulumi.com/skipAwait", "true")


@pytest.mark.parametrize("router", ["service", "alb", "gateway"])
async def test_nothing_that_leads_traffic_is_waited_for(router: str) -> None:
    """The bake begins right after the write: no Service, Ingress or route in between is called ready first."""
    ingress = {"ingress": {"host": "shop.example"}} if router == "service" else {}
    services = json.dumps({"backend": {"port": 8000, **CALLERS, **ingress}})
    found = await declared({**config("green", router), "services": services})
    awaited = {
        (kind, name)
        for (kind, name), inputs in found.inputs.items()
        if kind in {"Service", "Ingress", "HTTPRoute"}
        and SKIPPED not in inputs["metadata"].get("annotations", {}).items()
    }
    assert len([*found.names("Service"), *found.names("HTTPRoute")]) >= 3
    assert awaited == set()


@pytest.fixture
def timeouts(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, tuple[str, str]]:
    """Of every resource that is registered: its create's and its update's, as the engine is told them."""
    found: dict[str, tuple[str, str]] = {}
    register: Callable[[Any, Any], Any] = mocks.MockMonitor.RegisterResource  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # no types

    def note(self: mocks.MockMonitor, request: Any) -> Any:  # noqa: ANN401 - a message of the engine's protocol
        given = request.customTimeouts
        found[f"{request.type.rpartition(':')[2]} {request.name}"] = (given.create, given.update)
        return register(self, request)

    monkeypatch.setattr(mocks.MockMonitor, "RegisterResource", note)
    return found


async def test_a_slot_is_waited_for_as_long_as_its_rollout_may_take(timeouts: Mapping[str, tuple[str, str]]) -> None:
    """One that never becomes ready fails when Kubernetes says so, and not 10 minutes later."""
    services = json.dumps({"backend": {"progressDeadlineSeconds": 60, "migrations": {"deadlineSeconds": 30}}})
    image, schema = "registry.example/backend:1", {"expand": "0001"}
    blue = json.dumps({"version": "1.0.0", "backend": {"image": image, "schema": schema}})
    await declared({**config("blue", "service"), "services": services, "blue": blue})
    assert timeouts["Deployment backend-blue"] == ("75s", "75s")
    assert timeouts["Job backend-blue-expand"] == ("90s", "90s")
    assert timeouts["Service backend-active"] == ("", "")


def loadbalancer(server: FakeApiServer, *addresses: Mapping[str, str]) -> ClusterAccess:
    """A cluster with a Service of type LoadBalancer that was given these."""
    server.service("backend", "blue")
    _, found = server.answers["/api/v1/namespaces/teal/services/backend"]
    found["status"] = {"loadBalancer": {"ingress": [*addresses]} if addresses else {}}
    return ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)


@pytest.mark.parametrize("given", [{"hostname": "lb.example"}, {"ip": "203.0.113.7"}])
@pytest.mark.parametrize(("tls", "scheme"), [(False, "http"), (True, "https")])
async def test_a_load_balancers_address_is_the_front_door(
    api_server: FakeApiServer, given: Mapping[str, str], scheme: str, *, tls: bool
) -> None:
    """By its name or its number, whichever a cloud gives."""
    door = FrontDoor(type="LoadBalancer", port=8080)
    mocks.set_mocks(NoResources(), preview=False)
    url = await address.front_door(loadbalancer(api_server, given), "backend", door, tls=tls)
    assert url == f"{scheme}://{next(iter(given.values()))}:8080"


async def test_an_address_that_comes_later_is_waited_for(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the first update, the cloud has yet to make it."""
    monkeypatch.setattr(address, "PAUSE_SECONDS", 0.01)
    mocks.set_mocks(NoResources(), preview=False)
    access = loadbalancer(api_server)
    asked = address.Cluster.read

    async def given(*of: Any) -> Any:  # noqa: ANN401 - as the reader's own
        found = await asked(*of)
        loadbalancer(api_server, {"hostname": "lb.example"})
        return found

    monkeypatch.setattr(address.Cluster, "read", given)
    assert await address.front_door(access, "backend", FrontDoor(type="LoadBalancer")) == "http://lb.example:80"


@pytest.mark.parametrize("preview", [True, False])
async def test_an_address_that_never_comes_fails_no_update(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, *, preview: bool
) -> None:
    """The output names the way inside the cluster; a preview does not wait for better."""
    monkeypatch.setattr(address, "DEADLINE_SECONDS", 3600 if preview else 0)
    mocks.set_mocks(NoResources(), preview=preview)
    url = await address.front_door(loadbalancer(api_server), "backend", FrontDoor(type="LoadBalancer"))
    assert url == "http://backend.teal.svc:80"
