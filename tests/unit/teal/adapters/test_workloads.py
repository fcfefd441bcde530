"""What is read of a Deployment."""

from typing import Any

import pytest

from teal.adapters.kubernetes.workloads import Deployment

RESTARTED: dict[str, Any] = {"manager": "kubectl-rollout", "fieldsV1": {"f:spec": {"f:template": {"f:metadata": {}}}}}
"""What `kubectl rollout restart` leaves."""


def written(manager: str, field: str) -> dict[str, Any]:
    """What the API server keeps of a write: a field of the container `backend`."""
    containers: Any = {"f:containers": {'k:{"name":"backend"}': {".": {}, f"f:{field}": {}}}}
    return {"manager": manager, "fieldsV1": {"f:spec": {"f:template": {"f:spec": containers}}}}


@pytest.mark.parametrize(
    ("writes", "given"),
    [
        ([written("pulumi-kubernetes-teal", "image")], None),
        ([written("pulumi-kubernetes-teal", "env"), written("kubectl-set", "image")], ("a:2", "kubectl-set")),
        ([written("kubectl-apply", "image"), written("pulumi-kubernetes-teal", "image")], None),
        ([written("pulumi-kubernetes-teal", "image"), written("kubectl-edit", "env")], None),
        ([RESTARTED], None),
        ([], None),
    ],
)
def test_who_else_than_the_stack_gave_pods_their_image_is_read(
    writes: list[dict[str, Any]], given: tuple[str, str] | None
) -> None:
    """The container is the service's own; a restart and other fields are not its image."""
    containers = [{"name": "proxy", "image": "p:1"}, {"name": "backend", "image": "a:2"}]
    found = Deployment.model_validate(
        {
            "metadata": {"name": "backend-green", "resourceVersion": "1", "managedFields": writes},
            "spec": {"template": {"spec": {"containers": containers}}},
        }
    )
    assert found.given("backend") == given
