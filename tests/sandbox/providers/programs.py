"""Inputs of the resources the tests deploy."""

from typing import Any

from sandbox.providers.properties import Map

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
IMAGE = "localhost/teal/pricing:1.0.0"


def deployment(  # noqa: PLR0913 - each is a field some test varies
    namespace: str, name: str, *, image: str = IMAGE, deadline: int = 60, replicas: int = 1, env: Map | None = None
) -> Map:
    """A Deployment of the reference service."""
    container: Map = {
        "name": "app",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
        "ports": [{"containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health/ready", "port": 8000}, "periodSeconds": 1},
        "resources": {"limits": {"cpu": "1000m"}, "requests": {"cpu": "20m"}},
    }
    pod = {"terminationGracePeriodSeconds": 2, "containers": [container]}
    return {
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": deadline,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        },
    }


def service(namespace: str, name: str, app: str, **spec: Any) -> Map:  # noqa: ANN401 - any field of a Service
    """A Service of the pods of an app."""
    return {
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": 8000}], **spec},
    }


def job(namespace: str, name: str, *command: str) -> Map:
    """A Job that runs one command, once."""
    container = {"name": "job", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": list(command)}
    return {
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }
