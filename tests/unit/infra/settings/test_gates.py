"""Settings of the gates: what they turn into, and what is refused before anything is asked."""

from typing import Any

import pytest
from pydantic import ValidationError
from teal_infra.settings.evidence.gates import Approval, Gates, SkipGates
from teal_infra.settings.evidence.metrics import Metrics
from teal_infra.settings.evidence.prometheus import Prometheus
from teal_infra.settings.evidence.smoke import Smoke, SmokeRequest

from teal.gates.documents import ContractPlan
from teal.gates.replies import SmokeCheck
from teal.gates.samples import MetricsPlan
from teal.gates.usage import UsagePlan
from teal.spec.gates import GatePlan


def plan(gates: dict[str, Any] | None = None, skip: tuple[str, ...] = ()) -> GatePlan:
    """What is measured of a backend."""
    return Gates.model_validate(gates or {}).plan(
        service="backend",
        namespace="shop",
        version="1.1.0",
        version_path="/version",
        image="shop/backend:1",
        readiness_path="/ready",
        skip=skip,
    )


def analysis(settings: dict[str, Any]) -> MetricsPlan:
    """What Prometheus is asked."""
    (found,) = [each for each in plan(settings).asked if isinstance(each, MetricsPlan)]
    return found


ALL: dict[str, Any] = {
    "smoke": {"requests": {"prices": {"path": "/pricing"}}},
    "contract": {},
    "metrics": {"own": {"orders": {"query": "orders{colour='{colour}'}", "atLeast": 1}}},
}


def test_by_default_the_readiness_is_asked_for_and_nothing_else() -> None:
    """The rest needs something that not every stack has."""
    found = plan()
    assert found.gates == {"capacity", "version", "smoke.readiness"}
    (check,) = found.asked
    assert isinstance(check, SmokeCheck)
    assert (str(check.request), check.status, check.within_seconds) == ("GET /ready", 200, 2)


def test_what_is_set_is_measured() -> None:
    """Each request and each number is a gate of its own."""
    assert plan(ALL).gates == {
        "capacity",
        "version",
        "smoke.readiness",
        "smoke.prices",
        "contract.changes",
        "contract.deprecations",
        "metrics.availability",
        "metrics.requests",
        "metrics.errors",
        "metrics.p95",
        "metrics.orders",
    }


def test_each_document_is_compared_by_itself() -> None:
    """Its verdicts have its name; one document alone keeps the names that it has always had."""
    paths = {"v1": "/v1.json", "v2": "/v2.json"}
    found = plan({"contract": {"paths": paths, "allowed": ["x"]}})
    documents = [each for each in found.asked if isinstance(each, ContractPlan)]
    assert [(each.name, each.path, [*each.others], {*each.allowed}) for each in documents] == [
        ("v1", "/v1.json", ["/v2.json"], {"x"}),
        ("v2", "/v2.json", ["/v1.json"], {"x"}),
    ]
    assert {each for each in found.gates if each.startswith("contract.changes")} == {
        "contract.changes.v1",
        "contract.changes.v2",
    }
    (alone,) = [each for each in plan({"contract": {"path": "/v1.json"}}).asked if isinstance(each, ContractPlan)]
    assert (alone.name, alone.path, alone.others) == ("", "/v1.json", ())


def test_the_use_of_versions_is_asked_for_by_the_names_that_the_service_has() -> None:
    """The week and the names of the contract, unless the stack says otherwise."""
    paths = {"v1": "/v1.json"}
    usage = {"metric": "requests_by_version", "label": "v", "windowHours": 24, "atMost": 3}
    for given, wanted in (({}, ("api_requests_total", "api_version", "168h", 0)), (usage, (*usage.values(),))):
        found = plan({"contract": {"paths": paths, "usage": given}})
        (asked,) = [each for each in found.asked if isinstance(each, UsagePlan)]
        metric, label, window, at_most = wanted
        assert (asked.metric, asked.label, asked.at_most, asked.paths) == (metric, label, at_most, paths)
        assert asked.window == (window if isinstance(window, str) else f"{window}h")
        assert f'{metric}{{namespace="shop", pod=~"backend-' in asked.query
        assert f'{label}!=""}}[{asked.window}]' in asked.query
        assert asked.service_key == "teal:services.backend.gates.contract.paths"
    assert "sunset" in found.gates
    assert "sunset" not in found.for_rollback().gates


@pytest.mark.parametrize(("skip", "asked"), [("sunset", {"contract"}), ("contract", {"sunset"})])
def test_the_use_of_versions_is_skipped_by_itself(skip: str, asked: set[str]) -> None:
    """Whoever agreed to a break has not agreed to leave clients without a version, nor the other way round."""
    gates = plan({"contract": {"paths": {"v1": "/v1.json"}, "usage": {}}}, skip=(skip,)).gates
    assert {each.partition(".")[0] for each in gates} & {"contract", "sunset"} == asked


@pytest.mark.parametrize("gate", ["smoke", "contract", "metrics"])
def test_a_skipped_gate_is_not_asked(gate: str) -> None:
    """And no other one goes with it."""
    left_out = {each.partition(".")[0] for each in plan(ALL).gates - plan(ALL, skip=(gate,)).gates}
    assert left_out == {gate}


@pytest.mark.parametrize("gate", ["capacity", "version", "everything"])
def test_what_keeps_requests_from_being_lost_cannot_be_skipped(gate: str) -> None:
    """There is no such setting."""
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        SkipGates.model_validate({gate: "because"})


@pytest.mark.parametrize("reason", ["", "  ", "x", True])
def test_a_gate_is_skipped_for_a_reason(reason: object) -> None:
    """Which the history keeps."""
    with pytest.raises(ValidationError, match="metrics"):
        SkipGates.model_validate({"metrics": reason})


def test_without_a_reason_nothing_is_skipped() -> None:
    """Null is no reason."""
    assert SkipGates.model_validate({"metrics": None}).reasons == {}


def test_the_reasons_are_kept() -> None:
    """By gate."""
    assert SkipGates.model_validate({"metrics": "Prometheus is down"}).reasons == {"metrics": "Prometheus is down"}


def test_the_bounds_are_the_delivery_guides() -> None:
    """5 %, twice; 2 s, 1.5 times; 2 minutes, and as many requests as tell none that fails from 1 %."""
    metrics = analysis({"metrics": {}})
    errors, p95 = metrics.checks
    assert (errors.below, errors.at_most_times_live, errors.floor) == (0.05, 2, 0.005)
    assert (p95.below, p95.at_most_times_live, p95.floor) == (2, 1.5, 0.1)
    assert (metrics.window, metrics.samples) == ("120s", 268)
    assert metrics.traffic is not None
    assert (metrics.traffic.paths, metrics.traffic.per_second) == (("/",), 20)


@pytest.mark.parametrize(
    ("settings", "samples"),
    [
        ({}, 268),
        ({"samples": 500}, 500),
        ({"errorFloorPercent": 0}, 52),  # nothing is told from 0 %, so the fixed bound decides
        ({"errorPercent": 1, "errorFloorPercent": 5}, 268),
        ({"errorPercent": 20, "errorFloorPercent": 10}, 50),
    ],
)
def test_as_many_requests_are_needed_as_tell_a_release_from_its_bounds(settings: dict[str, Any], samples: int) -> None:
    """And no fewer than the stack asks for."""
    metrics = analysis({"metrics": settings})
    assert metrics.samples == samples


def test_a_query_is_told_what_it_is_about() -> None:
    """But for the colours, which only the measurement knows."""
    query = "x{s='{service}',n='{namespace}',c='{colour}'}[{window}] / y{c='{live}', v=~'[0-9]{3}'}"
    metrics = analysis({"metrics": {"own": {"x": {"query": query, "below": 1}}}})
    assert metrics.checks[-1].query == "x{s='backend',n='shop',c='{colour}'}[120s] / y{c='{live}', v=~'[0-9]{3}'}"


def test_test_traffic_may_be_forbidden() -> None:
    """Then samples are only waited for."""
    metrics = analysis({"metrics": {"traffic": {"enabled": False}}})
    assert metrics.traffic is None


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"own": {"x": {"query": "x{c='{color}'}", "below": 1}}},
            "there is no placeholder color; known are colour",
        ),
        ({"own": {"x": {"query": "x"}}}, "it has no bound, so it would always pass"),
        ({"own": {"p95": {"query": "x", "below": 1}}}, "p95 is one of the built-in metrics"),
        ({"own": {"x": {"query": "", "below": 1}}}, "at least 1 character"),
        ({"own": {"x": {"query": "x", "below": "NaN"}}}, "finite number"),
        ({"own": {"x": {"query": "x", "atLeast": "-Infinity"}}}, "finite number"),
        ({"own": {"x": {"query": "x", "atMostTimesLive": "NaN"}}}, "less than or equal to 1000"),
        ({"own": {"x": {"query": "x", "atMostTimesLive": "Infinity"}}}, "less than or equal to 1000"),
        ({"own": {"x": {"query": "x", "below": 1, "floor": "Infinity"}}}, "finite number"),
        ({"errorPercent": "NaN"}, "less than or equal to 100"),
        ({"windowSeconds": 60}, "windowSeconds 60 is shorter than the 14.7 s of test traffic and waitSeconds 90"),
        ({"traffic": {"perSecond": 1}}, "shorter than the 295 s of test traffic"),
        ({"errorPercent": 0}, "greater than 0"),
        ({"traffic": {"paths": []}}, "at least 1 item"),
        ({"traffic": {"paths": ["/../x"]}}, "it leaves the service"),
    ],
)
def test_metrics_that_could_not_decide_are_refused(settings: dict[str, Any], text: str) -> None:
    """Before anybody waits for them."""
    with pytest.raises(ValidationError) as refused:
        Metrics.model_validate(settings)
    assert text in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"path": "pricing"}, "should match pattern"),
        ({"path": "/a b"}, "should match pattern"),
        ({"path": "/a/../../secrets"}, "it leaves the service"),
        ({"path": "/a/%2E%2e/secrets"}, "it leaves the service"),
        ({"path": "/", "headers": {"Authorization": "Bearer x"}}, "keeps Authorization for itself"),
        ({"path": "/", "headers": {"impersonate-user": "admin"}}, "keeps impersonate-user for itself"),
        ({"path": "/", "headers": {"Impersonate-Extra-a": "b"}}, "keeps Impersonate-Extra-a for itself"),
        ({"path": "/", "headers": {"X-Remote-User": "admin"}}, "keeps X-Remote-User for itself"),
        ({"path": "/", "headers": {"Host": "elsewhere"}}, "keeps Host for itself"),
        ({"path": "/", "headers": {"a b": "c"}}, "should match pattern"),
        ({"path": "/", "headers": {"A": "b\r\nHost: c"}}, "should match pattern"),
        ({"path": "/", "values": {"models/0": 1}}, "should match pattern"),
        ({"path": "/", "status": 99}, "greater than or equal to 100"),
        ({"path": "/", "withinSeconds": 0}, "greater than 0"),
        ({"path": "/", "method": "TRACE"}, "Input should be 'GET'"),
        ({}, "Field required"),
    ],
)
def test_a_request_that_would_not_reach_the_service_is_refused(settings: dict[str, Any], text: str) -> None:
    """It would be answered by the API server, with the rights of whoever runs the update."""
    with pytest.raises(ValidationError) as refused:
        SmokeRequest.model_validate(settings)
    assert text in str(refused.value)


def test_the_readiness_request_has_its_name_for_itself() -> None:
    """Else its verdict would be another one's."""
    with pytest.raises(ValidationError, match="readiness is the request that is always made"):
        Smoke.model_validate({"requests": {"readiness": {"path": "/"}}})


@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        ({"path": "/"}, {}),
        ({"path": "/", "body": "{}"}, {"Content-Type": "application/json"}),
        ({"path": "/", "body": "a=b", "headers": {"content-type": "text/plain"}}, {"content-type": "text/plain"}),
    ],
)
def test_a_body_is_json_unless_it_is_said_otherwise(settings: dict[str, Any], headers: dict[str, str]) -> None:
    """And who has none, has no type."""
    assert SmokeRequest.model_validate(settings).check("x").request.headers == headers


def test_secrets_of_a_request_are_not_shown() -> None:
    """Neither by the settings nor by what is made of them."""
    settings = SmokeRequest.model_validate({"path": "/", "headers": {"X-Key": "SECRET"}, "body": "SECRET"})
    assert "SECRET" not in f"{settings!r}{settings.check('x')!r}"


@pytest.mark.parametrize(
    "url", ["prometheus:9090", "ftp://x", "https://user:word@x", "https://x/?a=b", "https://x y", ""]
)
def test_a_prometheus_is_a_plain_url(url: str) -> None:
    """A password in it would be in every error."""
    with pytest.raises(ValidationError):
        Prometheus(url=url)


def test_the_token_goes_on_and_is_not_shown() -> None:
    """It is a secret."""
    settings = Prometheus(url="https://x", token="SECRET")  # noqa: S106 - a test's
    assert settings.access().credentials.token == "SECRET"  # noqa: S105 - a test's
    assert "SECRET" not in f"{settings!r}{settings.access()!r}"


def test_an_approval_is_an_hour_old_at_most() -> None:
    """By default."""
    assert Approval().plan({}).max_age.total_seconds() == 3600
