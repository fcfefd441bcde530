"""What will not become ready fails in seconds with its reason, and can be mended by the next update."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.providers.properties import Map
from tests.sandbox.providers.conftest import Kubectl, Make
from tests.sandbox.providers.programs import CONFIG_MAP, DEPLOYMENT, deployment
from tests.sandbox.providers.resource import Resource, said


@dataclass(frozen=True, kw_only=True)
class _Broken:
    """What an update of a broken slot came to."""

    web: Resource
    message: str
    seconds: float


_SLOTS: dict[str, Map] = {
    "absent": {"image": "localhost/teal/pricing:9.9.9"},
    "crash": {"env": {"PORT": "none"}},
    "never": {"env": {"FAULT_NEVER_READY": "true"}},
}


@pytest.fixture(scope="module")
def broken(provider: provider_pb2_grpc.ResourceProviderStub, namespace: str) -> dict[str, _Broken]:
    """Deployments that cannot become ready, each for a reason of its own; made together, to save time."""

    def create(name: str) -> _Broken:
        began, web = time.monotonic(), Resource(provider, DEPLOYMENT, name)
        with pytest.raises(grpc.RpcError) as failure:
            web.create(deployment(namespace, name, deadline=10, **_SLOTS[name]))
        return _Broken(web=web, message=said(failure.value), seconds=time.monotonic() - began)

    with ThreadPoolExecutor() as pool:
        return dict(zip(_SLOTS, pool.map(create, _SLOTS), strict=True))


@pytest.mark.parametrize(
    ("name", "reason", "seconds"),
    [
        ("absent", "localhost/teal/pricing:9.9.9: ErrImagePull", 20),
        ("crash", "CrashLoopBackOff", 60),
        ("never", "no progress for 10 s", 30),
    ],
)
def test_a_broken_slot_fails_soon_with_its_reason(
    broken: dict[str, _Broken], namespace: str, name: str, reason: str, seconds: float
) -> None:
    """Far sooner than the ten minutes an await may last; and it names the pod."""
    assert reason in broken[name].message
    assert f"pod {namespace}/{name}-" in broken[name].message
    assert broken[name].seconds < seconds


def test_a_broken_slot_is_mended_by_the_next_update(broken: dict[str, _Broken], namespace: str) -> None:
    """The object is in the state, although its create failed."""
    web = broken["absent"].web
    assert web.id == f"{namespace}/absent"
    web.update(deployment(namespace, "absent"))
    assert web.state["status"]["availableReplicas"] == 1


def test_awaits_and_writes_outlive_a_restart_of_the_api_server(
    make: Make, namespace: str, sandbox: Sandbox, kubectl: Kubectl
) -> None:
    """They go on when it is back; a read gives up sooner, with where it looked and what that means."""
    web, written = make(DEPLOYMENT, "patient"), make(CONFIG_MAP, "meanwhile")
    props = deployment(namespace, "patient", deadline=120)
    props["spec"]["minReadySeconds"] = 6
    with ThreadPoolExecutor() as pool:
        created = pool.submit(web.create, props)
        kubectl("wait", "--for=create", "deployment/patient", "--timeout=20s")
        _component(sandbox, "stop")
        try:
            with pytest.raises(grpc.RpcError) as failure:
                make("kubernetes:policy/v1:PodDisruptionBudget", "away").check({"metadata": {"name": "away"}})
            writing = pool.submit(written.create, {"metadata": {"namespace": namespace, "name": "meanwhile"}})
        finally:
            _component(sandbox, "start")
        assert created.result(timeout=90).state["status"]["availableReplicas"] == 1
        assert writing.result(timeout=30).id == f"{namespace}/meanwhile"
    for part in ("https://127.0.0.1:", "Nothing was changed", "kubectl cluster-info"):
        assert part in said(failure.value)


def _component(sandbox: Sandbox, what: str) -> None:
    command = [sys.executable, "-m", "sandbox", what, "kube-apiserver", "--name", sandbox.name]
    subprocess.run(command, cwd=WORK_TREE, check=True)
