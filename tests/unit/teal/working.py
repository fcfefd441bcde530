"""A worker on the API server of the tests: its record, its Deployments and its pods."""

import json
from collections.abc import Mapping

from teal.model.labels import DIGEST, PARTS
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


BATCH = "/apis/batch/v1/namespaces/teal/cronjobs"


def cron_job(server: FakeApiServer, runs: str, *, last: str = "2026-01-01T12:00:00Z", name: str = NAME) -> None:
    """Let there be a cron job, one colour of which runs its schedule; the other one ran last long ago."""
    worker(server, runs, {})
    server.answers[f"{CORE}/configmaps/{NAME}-live"][1]["metadata"]["labels"]["teal/cron"] = "true"
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        labels = {"app.kubernetes.io/name": name, "teal/colour": colour, "app.kubernetes.io/version": version}
        parts = {"template": f"t-{colour}", "service": {"network": ""}}
        annotations = {DIGEST: colour, PARTS: json.dumps(parts)}
        metadata = {"name": f"{name}-{colour}", "resourceVersion": "3", "labels": labels, "annotations": annotations}
        status = {"lastScheduleTime": last if colour == runs else "2025-01-01T00:00:00Z"}
        found = {"metadata": metadata, "spec": {"suspend": colour != runs}, "status": status}
        server.answers[f"{BATCH}/{name}-{colour}"] = (200, found)


def suspended(server: FakeApiServer) -> dict[str, bool]:
    """Whether each colour's CronJob is, of those that are there."""
    found = {each: server.answers.get(f"{BATCH}/{NAME}-{each}") for each in ("blue", "green")}
    return {colour: each[1]["spec"]["suspend"] for colour, each in found.items() if each is not None}


def told(server: FakeApiServer, colour: str) -> str | None:
    """Up to when a colour was told that all has been started; None where it was not."""
    _, found = server.answers.get(f"{BATCH}/{NAME}-{colour}/status", (404, {}))
    return found.get("status", {}).get("lastScheduleTime")
