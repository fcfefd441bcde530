"""A TargetGroupBinding's stand-in, between a cluster that is made up and the sandbox's AWS."""

import shutil
from typing import TYPE_CHECKING, Any, cast

import pytest
from lightkube.resources.core_v1 import PodStatus

from sandbox.aws.binding import Bindings
from sandbox.providers.aws.session import Aws as Session
from sandbox.providers.properties import Map
from tests.unit.aws.balancer import Balancer
from tests.unit.aws.conftest import Aws
from tests.unit.aws.targets import Target

if TYPE_CHECKING:
    from lightkube import AsyncClient

pytestmark = pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy (Debian's package) is not installed")

_GATE = "target-health.elbv2.k8s.aws/blue"


class Cluster:
    """Objects as a watch has them, and what is written of pods."""

    def __init__(self, group: str) -> None:
        """One binding and its Service; no pods."""
        meta = {"namespace": "shop", "name": "blue", "uid": "1"}
        spec = {"targetGroupARN": group, "serviceRef": {"name": "blue", "port": 80}}
        self.objects: dict[str, list[Map]] = {
            "bindings": [{"metadata": meta, "spec": spec}],
            "services": [{"metadata": meta, "spec": {"ports": [{"port": 80}]}}],
            "slices": [],
            "pods": [],
        }
        self.written: list[Map] = []

    def seen(self, role: str) -> tuple[Map, ...]:
        """As `Following.seen`."""
        return tuple(self.objects[role])

    async def patch(self, kind: object, name: str, body: Map, *, namespace: str, **_: Any) -> None:  # noqa: ANN401 - as lightkube's
        """Write conditions into the pod, as the API server does."""
        assert (kind, name, namespace) == (PodStatus, body["metadata"]["name"], "shop")
        (condition,) = body["status"]["conditions"]
        (pod,) = (pod for pod in self.objects["pods"] if pod["metadata"]["name"] == body["metadata"]["name"])
        others = [each for each in pod["status"]["conditions"] if each["type"] != condition["type"]]
        pod["status"]["conditions"] = [*others, condition]
        self.written.append(condition)

    def run(self, *addresses: str) -> None:
        """Have these pods, unready for their gate alone."""
        ready = [{"type": "ContainersReady", "status": "True"}]
        self.objects["pods"] = [
            {
                "metadata": {"namespace": "shop", "name": address, "uid": address},
                "spec": {"readinessGates": [{"conditionType": _GATE}]},
                "status": {"conditions": list(ready)},
            }
            for address in addresses
        ]
        endpoints = [{"addresses": [address], "targetRef": {"name": address}} for address in addresses]
        labels = {"kubernetes.io/service-name": "blue"}
        metadata = {"namespace": "shop", "labels": labels}
        self.objects["slices"] = [{"metadata": metadata, "ports": [{"port": 8000}], "endpoints": endpoints}]


@pytest.fixture(scope="module")
def balancer(running_aws: Aws) -> Balancer:
    """A load balancer whose rule leads to both groups, so that their targets are checked."""
    return Balancer.create(running_aws, "bound", 18300)


@pytest.fixture
def cluster(balancer: Balancer) -> Cluster:
    """A cluster with a binding of blue."""
    return Cluster(balancer.groups["blue"])


@pytest.fixture
def bindings(aws: Aws, cluster: Cluster) -> Bindings:
    """Who follows it."""
    return Bindings(cast("AsyncClient", cluster), Session({"AWS_ENDPOINT_URL": aws.endpoint}))


async def test_a_pod_is_ready_when_its_target_is_healthy(
    balancer: Balancer, cluster: Cluster, bindings: Bindings
) -> None:
    """Registered at once, told what it waits for, told when it is over; then left alone until it goes."""
    target = Target("blue", "127.99.7.1")
    cluster.run(target.address)
    assert not await bindings.reconcile(cluster.seen)
    assert balancer.states("blue") == {target.address: "initial"}
    assert cluster.written[-1]["status"] == "False"
    assert cluster.written[-1]["reason"] == "Elb.RegistrationInProgress"
    while not await bindings.reconcile(cluster.seen):
        pass
    assert balancer.states("blue") == {target.address: "healthy"}
    assert (cluster.written[-1]["type"], cluster.written[-1]["status"]) == (_GATE, "True")
    said = len(cluster.written)
    assert await bindings.reconcile(cluster.seen)
    assert len(cluster.written) == said
    cluster.run()
    assert await bindings.reconcile(cluster.seen)
    assert balancer.states("blue") == {target.address: "draining"}
    cluster.run(target.address)  # another pod, which was given the same address
    assert not await bindings.reconcile(cluster.seen)
    assert balancer.states("blue") == {target.address: "initial"}
    target.end()


async def test_a_throttled_call_is_made_again(
    aws: Aws, balancer: Balancer, cluster: Cluster, bindings: Bindings
) -> None:
    """Nothing is settled before it went through."""
    cluster.run("127.99.7.2")
    aws.order(answers=[{"operation": "RegisterTargets", "code": "InternalFailure", "status": 400, "times": 1}])
    assert not await bindings.reconcile(cluster.seen)
    assert "127.99.7.2" not in balancer.states("blue")
    await bindings.reconcile(cluster.seen)
    assert balancer.states("blue")["127.99.7.2"] == "initial"


async def test_a_binding_that_goes_takes_its_targets_along(
    balancer: Balancer, cluster: Cluster, bindings: Bindings
) -> None:
    """Unless another one is there for the same group."""
    cluster.run("127.99.7.3")
    cluster.objects["slices"][0]["endpoints"][0]["conditions"] = {"ready": True}  # to both
    await bindings.reconcile(cluster.seen)
    other = {**cluster.objects["bindings"][0]}
    other["metadata"] = {**other["metadata"], "uid": "2", "name": "again"}
    cluster.objects["bindings"].append(other)
    await bindings.reconcile(cluster.seen)
    cluster.objects["bindings"].pop(0)
    await bindings.reconcile(cluster.seen)
    assert balancer.states("blue")["127.99.7.3"] != "draining"
    cluster.objects["bindings"].clear()
    assert await bindings.reconcile(cluster.seen)
    assert balancer.states("blue")["127.99.7.3"] == "draining"


async def test_a_target_group_that_is_gone_holds_nobody_up(
    balancer: Balancer, cluster: Cluster, bindings: Bindings
) -> None:
    """Its binding's end is settled; a binding of it that stays is not."""
    del balancer
    cluster.objects["bindings"][0]["spec"]["targetGroupARN"] += "0"
    cluster.run("127.99.7.4")
    assert not await bindings.reconcile(cluster.seen)
    cluster.objects["bindings"].clear()
    assert await bindings.reconcile(cluster.seen)
