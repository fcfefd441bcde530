"""What a check looks at is what the stack declares of the colour, and nothing that it does not make."""

import json
from typing import Any

import pytest
from teal_infra.planning.checks import subjects
from teal_infra.settings.load import load

from teal.checking.subject import Subject
from teal.gates.replies import Request
from teal.model.colours import Colour
from tests.unit.infra.declaring import config

UNSAID = object()
"""In place of a setting that is left out."""
WORKER = {"kind": "worker", "contract": UNSAID}


def subject(service: dict[str, Any] | None = None, colour: Colour = Colour.GREEN, **more: Any) -> Subject:  # noqa: ANN401 - any JSON
    """Of one service with these settings."""
    raw = config(router="service", services=("backend",), **more)
    its = {"contract": True, **(service or {})}
    raw["services"] = json.dumps({"backend": {key: each for key, each in its.items() if each is not UNSAID}})
    return subjects(load(raw, stack="dev"), colour)["backend"]


def test_all_that_the_stack_makes_of_a_colour_has_to_be_there() -> None:
    """By its name."""
    assert subject().objects == {
        "service": "backend-green",
        "network": "backend",
        "deployment": "backend-green",
        "autoscaler": "backend-green",
        "budget": "backend-green",
    }


@pytest.mark.parametrize(
    ("service", "missing"),
    [
        ({"autoscaling": {"enabled": False}}, "autoscaler"),
        ({"autoscaling": {"external": True}}, "autoscaler"),
        ({"disruption": None}, "budget"),
        ({"network": {"policies": False}}, "network"),
        (WORKER, "service"),
    ],
)
def test_what_the_stack_does_not_make_is_not_looked_for(service: dict[str, Any], missing: str) -> None:
    """The rest is."""
    assert {"deployment"} <= subject(service).objects.keys()
    assert missing not in subject(service).objects


def test_a_policy_among_other_peoples_has_its_other_name() -> None:
    """As the program gives it."""
    assert subject(namespace=json.dumps({"name": "shop", "create": False})).objects["network"] == "teal-backend"


def test_probes_on_the_services_own_port_are_asked() -> None:
    """The preview door leads to no other one. As the kubelet asks: over TLS, and with the headers that pass."""
    live, headers = Request(path="/health/live"), {"X-Probe": "teal", "Host": "shop.example"}
    sealed = {"path": "/up", "scheme": "HTTPS", "headers": headers}
    assert subject({"probes": {"readiness": sealed}}).probes == {
        "startup": live,
        "liveness": live,
        "readiness": Request(path="/up", headers={"X-Probe": "teal"}, tls=True),
    }
    management = {"ports": {"management": 9090}, "probes": {"liveness": {"path": "/live", "port": "management"}}}
    assert "liveness" not in subject(management).probes


def test_pods_that_nobody_can_ask_are_not_asked() -> None:
    """What the API server says of them is looked at all the same."""
    found = subject({"contract": UNSAID, "probes": {"readiness": {"path": "/ready"}}}, podsReachable="false")
    assert (found.probes, found.paths) == ({}, ())
    assert found.objects


@pytest.mark.parametrize(
    ("gates", "paths"),
    [
        ({}, ["/pricing"]),
        ({"smoke": {"requests": {"a": {"path": "/a"}, "b": {"path": "/b", "method": "POST"}}}}, ["/a"]),
        ({"smoke": {"requests": {"a": {"path": "/a", "status": 302}, "b": {"path": "/b", "status": 401}}}}, ["/a"]),
        ({"smoke": {"requests": {"b": {"path": "/b", "status": 404}}}}, ["/pricing"]),
    ],
)
def test_a_load_test_only_reads(gates: dict[str, Any], paths: list[str]) -> None:
    """Smoke requests that do, or the bake's path."""
    assert [*subject({"probePath": "/pricing", "gates": gates}).paths] == paths


def test_what_the_metrics_gates_send_is_the_load() -> None:
    """The stack says itself what its clients ask for."""
    metrics = {"traffic": {"paths": ["/x", "/y"]}}
    found = subject({"gates": {"metrics": metrics}}, prometheus=json.dumps({"url": "http://127.0.0.1:9090"}))
    assert (*found.paths,) == ("/x", "/y")


def test_pods_are_looked_for_in_prometheus() -> None:
    """By their names; not those of a worker, which has no port that could be scraped."""
    assert "{pods}" in subject().up
    assert subject(WORKER).up == ""


@pytest.mark.parametrize(
    ("backing", "place"),
    [
        ({"kind": "database", "host": "db.example", "port": 5432}, ("db.example", 5432)),
        (
            {"kind": "redis", "host": "cache.example", "network": {"cidrs": ["10.0.0.9/32"], "ports": [6379]}},
            ("cache.example", 6379),
        ),
        ({"kind": "mongodb", "url": "mongodb://user:secret@db.example/shop"}, ("db.example", 27017)),
        ({"kind": "ollama", "url": "https://models.example"}, ("models.example", 443)),
        ({"kind": "mongodb", "url": "mongodb+srv://db.example/shop"}, None),
        ({"kind": "ollama", "url": "http://models.example:port"}, None),
        ({"kind": "database", "host": "db.example"}, None),
        ({"kind": "other"}, None),
    ],
)
def test_its_pods_need_what_the_service_names(backing: dict[str, Any], place: tuple[str, int] | None) -> None:
    """Of a URL no more than its host and port: what else it says may be a secret."""
    open_to_all = {"backing": ["it"], "network": {"policies": False}}
    found = subject(open_to_all, backing=json.dumps({"it": backing}))
    assert found.needs == {"service": ("backend-green", 80), "it": place}


def test_pods_that_may_ask_no_name_server_are_not_told_to() -> None:
    """Their own Service is only known by its name."""
    assert subject({"network": {"dns": None}}).needs == {}


def test_a_colour_without_a_release_has_nothing_to_check() -> None:
    """Nor has one that is not there."""
    raw = config(router="service")
    del raw["green"]
    assert subjects(load(raw, stack="dev"), Colour.GREEN) == {}
