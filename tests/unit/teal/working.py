"""A worker on the API server of the tests: its record, its Deployments and its pods."""

from collections.abc import Mapping

from tests.unit.conftest import FakeApiServer

NAME = "mailer"
CORE = "/api/v1/namespaces/teal"
APPS = "/apis/apps/v1/namespaces/teal/deployments"


def worker(
    server: FakeApiServer,
    live: str,
    pods: Mapping[str, int],
    *,
    ready: bool = True,
) -> None:
    """Let there be one whose record names a colour, with so many pods of each."""
    server.answers[f"{CORE}/configmaps/{NAME}-live"] = (
        200,
        {
            "metadata": {
                "name": f"{NAME}-live",
                "resourceVersion": "5",
                "labels": {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": "worker"},
                "managedFields": [{"manager": "pulumi-kubernetes-1", "fieldsV1": {"f:data": {"f:colour": {}}}}],
            },
            "data": {"colour": live},
        },
    )
    for colour, number in pods.items():
        server.answers[f"{APPS}/{NAME}-{colour}"] = (200, _deployment(NAME, colour, number))
    found = [_pod(NAME, colour, each, ready=ready) for colour, number in pods.items() for each in range(number)]
    server.answers[f"{CORE}/pods"] = (200, {"items": found})


def scaled(server: FakeApiServer) -> list[tuple[str, int]]:
    """What was asked for, in order: the Deployment and the pods."""
    scales = [each for each in server.written if "replicas" in each.get("spec", {})]
    return [(each["metadata"]["name"], each["spec"]["replicas"]) for each in scales]


def _deployment(name: str, colour: str, pods: int) -> Mapping[str, object]:
    labels = {"app.kubernetes.io/name": name, "teal/colour": colour}
    metadata = {"name": f"{name}-{colour}", "resourceVersion": "3", "labels": labels}
    return {"metadata": metadata, "spec": {"replicas": pods}, "status": {"readyReplicas": pods}}


def _pod(name: str, colour: str, number: int, *, ready: bool) -> Mapping[str, object]:
    version = {"blue": "1.0.0", "green": "1.1.0"}[colour]
    return {
        "metadata": {
            "name": f"{name}-{colour}-{number}",
            "resourceVersion": "4",
            "labels": {
                "app.kubernetes.io/name": name,
                "app.kubernetes.io/version": version,
                "teal/colour": colour,
            },
        },
        "spec": {"containers": [{"name": name, "image": f"mailer:{version}"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": name, "imageID": "mailer@sha256:1"}],
        },
    }
