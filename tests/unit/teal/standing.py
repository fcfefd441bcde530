"""A stack in both colours, as a fake API server has it."""

from typing import Any

from tests.unit.conftest import FakeApiServer

NAMESPACE = "/api/v1/namespaces/teal"


def stack(server: FakeApiServer, *, green: int = 2, restarts: int = 0) -> None:
    """Blue is live with two pods; green has so many ready ones of two."""
    server.service("backend", "blue")
    active = server.answers[f"{NAMESPACE}/services/backend"][1]
    active["spec"] |= {"type": "LoadBalancer", "ports": [{"port": 80}]}
    active["status"] = {"loadBalancer": {"ingress": [{"hostname": "shop.example"}]}}
    preview = [
        {
            "metadata": {"name": f"backend-{colour}", "resourceVersion": "1"},
            "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]},
        }
        for colour, port in (("blue", 30081), ("green", 30082))
    ]
    selector = "?labelSelector=app.kubernetes.io%2Fpart-of%3Dteal"
    server.answers[f"{NAMESPACE}/services{selector}"] = (200, {"items": [active, *preview]})
    server.answers["/apis/apps/v1/namespaces/teal/deployments"] = (
        200,
        {"items": [deployment("blue", "1.0.0", 2), deployment("green", "1.1.0", green)]},
    )
    server.answers[f"{NAMESPACE}/configmaps/teal-confirmed"] = (
        200,
        {"metadata": {"name": "teal-confirmed", "resourceVersion": "1"}, "data": {"colour": "blue"}},
    )
    pod = {
        "metadata": {
            "name": "backend-green-1",
            "resourceVersion": "1",
            "labels": {"app.kubernetes.io/name": "backend", "teal/colour": "green"},
        },
        "status": {"containerStatuses": [{"name": "backend", "restartCount": restarts}]},
    }
    green_pods = "?labelSelector=app.kubernetes.io%2Fpart-of%3Dteal%2Cteal%2Fcolour%3Dgreen"
    server.answers[f"{NAMESPACE}/pods{green_pods}"] = (200, {"items": [pod]})
    for colour in ("blue", "green"):
        server.answers[f"{NAMESPACE}/services/backend-{colour}:http/proxy/"] = (200, {})


def deployment(colour: str, version: str, ready: int) -> dict[str, Any]:
    """Of two pods."""
    return {
        "metadata": {
            "name": f"backend-{colour}",
            "resourceVersion": "1",
            "labels": {
                "app.kubernetes.io/name": "backend",
                "teal/colour": colour,
                "app.kubernetes.io/version": version,
            },
        },
        "spec": {"replicas": 2},
        "status": {"replicas": 2, "updatedReplicas": 2, "readyReplicas": ready},
    }
