"""What is asked of services that keep no contract, or cannot be asked, and what a preview says of the price."""

from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.planning.lost import without
from teal_infra.planning.move import bake_plan, move_of

from tests.unit.infra.declaring import ALB, CALLERS
from tests.unit.infra.worlds import BASE, edited, settings, settled

BARE: Mapping[str, Any] = {"services.backend.contract": False}
SMOKE = {"smoke.readiness"}
NONE = set[str]()
UNREACHABLE: Mapping[str, Any] = {"podsReachable": "false"}


def gates(change: Mapping[str, Any]) -> set[str]:
    """Of the only service of a stack with this change."""
    declared = settings(edited(BASE, change))
    return {*move_of(declared, settled(BASE)).flip_set["backend"].gates}


def asked(change: Mapping[str, Any]) -> str:
    """The path that its bake asks for."""
    return bake_plan(settings(edited(BASE, change))).services["backend"].path


def said(change: Mapping[str, Any]) -> list[str]:
    """What its preview says that it does without."""
    return [*without(settings(edited(BASE, change)))]


@pytest.mark.parametrize(
    ("change", "smoke", "path"),
    [
        ({}, SMOKE, "/deployment/metadata"),
        (BARE, NONE, ""),
        ({**BARE, "services.backend.probePath": "/"}, NONE, "/"),
        ({**BARE, "services.backend.probes": {"readiness": {"path": "/healthz"}}}, SMOKE, "/healthz"),
        ({**BARE, "services.backend.probes": {"readiness": {"path": "/healthz", "port": 8000}}}, SMOKE, "/healthz"),
        ({**BARE, "services.backend.probes": {"readiness": {"path": "/healthz", "port": 9000}}}, NONE, ""),
        ({**BARE, "services.backend.probes": {"readiness": {"grpc": {}}}}, NONE, ""),
        ({**BARE, "services.backend.probes": {"readiness": {"exec": ["true"]}}}, NONE, ""),
        (UNREACHABLE, NONE, ""),
    ],
)
def test_only_what_has_a_path_on_its_own_port_is_asked(change: Mapping[str, Any], smoke: set[str], path: str) -> None:
    """The kubelet's word is the evidence for the rest; capacity and version are proven in any case."""
    assert gates(change) == {"capacity", "version", *smoke}
    assert asked(change) == path


ELSEWHERE: Mapping[str, Any] = {"readiness": {"path": "/healthz", "port": 9000}}
"""A probe on a port for management, where no preview door leads."""


@pytest.mark.parametrize("probes", [ELSEWHERE, {"readiness": {"grpc": {}}}, {}])
def test_requests_that_a_stack_names_are_made_whatever_its_readiness_probe_asks(probes: Mapping[str, Any]) -> None:
    """They go to the service's own port, and a preview counts on them."""
    home = {"gates": {"smoke": {"requests": {"home": {"path": "/"}}}}, "probes": probes}
    change = {**BARE, **{f"services.backend.{key}": each for key, each in home.items()}}
    assert gates(change) == {"capacity", "version", "smoke.home"}
    assert not [each for each in said(change) if "no request shows" in each]


def test_pods_are_scraped_wherever_their_readiness_probe_asks() -> None:
    """A worker's are where it names a port for that."""
    metrics: Mapping[str, Any] = {"prometheus": {"url": "https://prometheus.example"}, "bake": {"samples": 0}}
    own = {"queue": {"query": "queue_length", "below": 5}}
    there: Mapping[str, Any] = {"services.backend.probes": ELSEWHERE, "services.backend.gates": {"metrics": {}}}
    assert "metrics.availability" in gates({**BARE, **metrics, **there})
    worker = {"kind": "worker", "gates": {"metrics": {"own": own}}}
    assert gates({**metrics, "services.backend": worker}) == {"capacity", "version", "metrics.queue"}
    scraped = {**worker, "requestMetrics": {"port": 9808}}
    assert "metrics.availability" in gates({**metrics, "services.backend": scraped})


def test_what_the_readiness_probe_says_of_the_port_holds_for_every_request() -> None:
    """Over TLS, and with its headers but for those that the API server keeps; a probe elsewhere says nothing of it."""
    headers = {"X-Forwarded-Proto": "https", "Host": "shop.example"}
    probe = {"path": "/healthz", "scheme": "HTTPS", "headers": headers}
    gates_ = {"contract": {}, "metrics": {}, "smoke": {"requests": {"home": {"path": "/"}}}}
    stack: Mapping[str, Any] = {
        "prometheus": {"url": "https://prometheus.example"},
        "services.backend.gates": gates_,
        "services.backend.probes": {"readiness": probe},
    }
    without_: Mapping[str, Any] = {**stack, "services.backend.probes": {}}
    for tls, change in {True: stack, False: without_}.items():
        move = move_of(settings(edited(BASE, change)), settled(BASE))
        plan, bake = move.flip_set["backend"], move.bake.services["backend"]
        asked_: list[Any] = [*plan.measured]
        found = {type(each).__name__: getattr(each, "tls", None) for each in asked_}
        assert (found["VersionPlan"], found["ContractPlan"], plan.tls, bake.tls) == (tls, tls, tls, tls)
        assert [each.traffic.tls for each in asked_ if hasattr(each, "traffic")] == [tls]
        smoke = {each.name: each.request for each in asked_ if hasattr(each, "request")}
        assert {each.tls for each in smoke.values()} == {tls}
        sent = {"X-Forwarded-Proto": "https"} if tls else {}
        assert (smoke["readiness"].headers, bake.headers, bake.request.headers) == (sent, sent, sent)
        assert smoke["home"].headers == {}
    elsewhere = {"services.backend.probes": {"readiness": {**probe, "port": 9443}}}
    assert not bake_plan(settings(edited(BASE, elsewhere))).services["backend"].tls


def test_a_door_of_a_balancer_is_asked_although_no_pod_is_and_only_in_http_1() -> None:
    """AWS answers 464 to whoever does not speak what the targets do."""
    alb = {**ALB, "certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/0123"}
    behind: Mapping[str, Any] = {
        **UNREACHABLE,
        "router": "alb",
        "alb": alb,
        "services.backend.network": CALLERS["network"],
    }
    assert asked(behind) == "/deployment/metadata"
    assert asked({**behind, "services.backend.targetGroup": {"protocolVersion": "GRPC"}}) == ""


def test_what_is_done_without_is_said_once_with_its_price() -> None:
    """One line for each part of the contract that services do not keep; nothing where all is kept."""
    assert said({}) == []
    frontend: Mapping[str, Any] = {
        **BARE,
        "services.frontend": {"port": 8000},
        "blue.frontend": {"image": "registry.example/frontend:1.0.0"},
        "green.frontend": {"image": "registry.example/frontend:1.1.0"},
    }
    named, answers, door, kept = said(frontend)
    assert named.startswith("backend, frontend: no pod says what it is (versionPath)")
    assert "no request shows before a flip that it answers" in answers
    assert "pods that turn unready or crash are what undoes a bad release" in door
    assert "stay with the old colour after a flip until it ends" in kept


def test_that_no_pod_can_be_asked_is_one_setting() -> None:
    """And one line, with what is lost by it."""
    first, door = said(UNREACHABLE)
    assert first.startswith("podsReachable is false: no pod is asked before a flip")
    assert "nobody asks its front door" in door


def test_whose_autoscaler_is_somebody_elses_is_told_what_a_way_back_counts_on() -> None:
    """A way back needs pods, and teal holds none there."""
    assert (
        "its minimum is what a way back can count on" in said({"services.backend.autoscaling": {"external": True}})[-1]
    )
