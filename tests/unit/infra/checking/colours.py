"""A colour on a fake API server that is well, whatever is asked of it, and what a check says of it."""

import json
from collections.abc import Mapping

import pytest

from teal.cli.say import Exit
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import teal

NAMESPACE = "namespaces/teal"
DOOR = f"/api/v1/{NAMESPACE}/services/backend-green:http/proxy"
CALM = "--skip", "security", "--skip", "scraping", "--skip", "reach"
"""What is left out where a test is not about it: nobody answers there."""

Found = Mapping[str, Mapping[str, str]]


def well(server: FakeApiServer, name: str) -> None:
    """All objects of a colour are there."""
    colour = name.rpartition("-")[2]
    version = {"blue": "1.0.0", "green": "1.1.0"}[colour]
    labels = {"app.kubernetes.io/name": "backend", "teal/colour": colour, "app.kubernetes.io/version": version}
    metadata = {"name": name, "resourceVersion": "1", "labels": labels}
    status = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}
    deployment = {"metadata": metadata, "spec": {"replicas": 1}, "status": status}
    _, known = server.answers.setdefault(f"/apis/apps/v1/{NAMESPACE}/deployments", (200, {"items": []}))
    known["items"].append(deployment)
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}}
    pod = {
        "metadata": {**metadata, "name": f"{name}-0"},
        "spec": {"containers": [{"name": "backend", "resources": resources}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    used = [{"name": "backend", "usage": {"cpu": "10m", "memory": "32Mi"}}]
    query = f"labelSelector=app.kubernetes.io%2Fname%3Dbackend%2Cteal%2Fcolour%3D{colour}"
    server.answers |= {
        f"/apis/apps/v1/{NAMESPACE}/deployments/{name}": (200, deployment),
        f"/api/v1/{NAMESPACE}/services/{name}": (200, {"metadata": metadata, "spec": {}}),
        f"/apis/autoscaling/v2/{NAMESPACE}/horizontalpodautoscalers/{name}": (
            200,
            {"metadata": metadata, "spec": {"minReplicas": 1, "maxReplicas": 2}},
        ),
        f"/apis/policy/v1/{NAMESPACE}/poddisruptionbudgets/{name}": (200, {"metadata": metadata}),
        f"/apis/networking.k8s.io/v1/{NAMESPACE}/networkpolicies/backend": (200, {"metadata": metadata}),
        f"/api/v1/{NAMESPACE}/pods?{query}": (200, {"items": [pod]}),
        f"/apis/metrics.k8s.io/v1beta1/{NAMESPACE}/pods?{query}": (
            200,
            {"items": [{"metadata": {"name": f"{name}-0"}, "containers": used}]},
        ),
        f"/api/v1/{NAMESPACE}/services/{name}:http/proxy/health/live": (200, {}),
        f"/api/v1/{NAMESPACE}/services/{name}:http/proxy/deployment/metadata": (200, {}),
    }


def checked(capsys: pytest.CaptureFixture[str], *args: str, status: Exit) -> Found:
    """What a check says, by the name of each."""
    assert teal("check", *args, "--json") == status
    return {each["gate"]: each for each in json.loads(capsys.readouterr().out)["verdicts"]}
