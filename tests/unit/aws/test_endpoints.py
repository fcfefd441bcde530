"""Which pods a TargetGroupBinding registers."""

from typing import Any

import pytest

from sandbox.aws.endpoints import resolve
from sandbox.providers.properties import Map

_GATE = "target-health.elbv2.k8s.aws/blue"
_BINDING: Map = {
    "metadata": {"namespace": "shop", "name": "blue"},
    "spec": {"targetGroupARN": "arn", "serviceRef": {"name": "blue", "port": 80}},
}


def _service(**port: Any) -> Map:  # noqa: ANN401 - fields of a port
    return {"metadata": {"namespace": "shop", "name": "blue"}, "spec": {"ports": [{"port": 80, **port}]}}


def _slice(*, ready: bool, service: str = "blue", namespace: str = "shop", name: str = "") -> Map:
    return {
        "metadata": {"namespace": namespace, "labels": {"kubernetes.io/service-name": service}},
        "ports": [{"name": name, "port": 8000}, {"name": "other", "port": 9000}],
        "endpoints": [
            {"addresses": ["10.244.0.7"], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": "a"}}
        ],
    }


def _pod(*, gate: str = _GATE, containers_ready: bool = True, going: bool = False) -> Map:
    metadata = {"namespace": "shop", "name": "a", **({"deletionTimestamp": "now"} if going else {})}
    conditions = [{"type": "ContainersReady", "status": str(containers_ready)}]
    return {
        "metadata": metadata,
        "spec": {"readinessGates": [{"conditionType": gate}] if gate else []},
        "status": {"conditions": conditions},
    }


@pytest.mark.parametrize(
    ("pod", "ready", "registered"),
    [
        (_pod(gate=""), True, True),
        (_pod(gate=""), False, False),
        (_pod(), False, True),  # its gate waits for the target, and the target for being registered
        (_pod(containers_ready=False), False, False),
        (_pod(going=True), False, False),
        (_pod(gate="target-health.elbv2.k8s.aws/green"), False, False),
    ],
)
def test_ready_pods_count_and_those_kept_unready_by_the_gate_alone(pod: Map, ready: bool, registered: bool) -> None:  # noqa: FBT001 - parameters of the test
    """A pod that is going, or whose containers are not ready, does not."""
    found = resolve(_BINDING, [_service()], [_slice(ready=ready)], [pod])
    assert [endpoint.key for endpoint in found] == ([("10.244.0.7", 8000)] if registered else [])


def test_the_port_is_found_by_number_or_name() -> None:
    """A Service's port leads to a named port of its slices; one that is not there to none."""
    named = _service(name="http")
    slices = [_slice(ready=True, name="http")]
    by_name = {**_BINDING, "spec": {**_BINDING["spec"], "serviceRef": {"name": "blue", "port": "http"}}}
    for binding in (_BINDING, by_name):
        assert [each.key for each in resolve(binding, [named], slices, [_pod()])] == [("10.244.0.7", 8000)]
    assert resolve(by_name, [_service()], slices, [_pod()]) == []
    assert resolve(_BINDING, [], slices, [_pod()]) == []


def test_other_services_pods_do_not_count() -> None:
    """Nor those of a Service of the same name elsewhere."""
    foreign = [_slice(ready=True, service="green"), _slice(ready=True, namespace="other")]
    assert resolve(_BINDING, [_service()], foreign, [_pod()]) == []
