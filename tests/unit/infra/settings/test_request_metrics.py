"""Which names a service's settings lead to, and what is asked where it counts no requests."""

import json
import logging
from typing import Any

import pytest
from pydantic import ValidationError
from teal_infra.settings.service import ServiceSettings

from teal.flip.watching.bake import Bake, Observed
from teal.model.colours import Colour
from teal.monitoring.alerts import Bounds, rules
from teal.monitoring.dashboard import dashboard_json
from teal.monitoring.queries import Queries
from teal.spec.bake import BakePlan, ServiceBake
from teal.spec.gates import GatePlan
from teal.spec.request_metrics import PRESETS, Preset, RequestMetrics
from tests.unit.infra.recording import config, declared

BOUNDS = Bounds(
    unhealthy_pods=0,
    active_requests=1,
    average_milliseconds=1,
    error_percent=1,
    critical_error_percent=5,
    p95_seconds=2,
    restarts=0,
)


def service(**settings: Any) -> ServiceSettings:  # noqa: ANN401 - settings as a stack file has them
    """A service with these request metrics."""
    return ServiceSettings.model_validate({"requestMetrics": settings, "probePath": "/"})


def counted(**settings: Any) -> RequestMetrics:  # noqa: ANN401 - as above
    """How its requests are counted."""
    found = service(**settings).counted
    assert found is not None
    return found


def gates(settings: ServiceSettings, *, watched: bool = True, skip: tuple[str, ...] = ()) -> GatePlan:
    """What is measured of it."""
    return settings.gates.plan(
        service="backend",
        namespace="shop",
        version="1",
        version_path="/version",
        image="shop/backend:1",
        readiness_path="/ready",
        counted=settings.counted,
        watched=watched,
        skip=skip,
    )


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_preset_is_named(preset: Preset) -> None:
    """And nothing else needs to be."""
    assert counted(preset=preset).model_copy(update={"apart": ()}) == PRESETS[preset]


def test_each_name_may_be_set() -> None:
    """Beside a preset, whose other names stay."""
    found = counted(preset="go-promhttp", requests="api_requests_total", status="status_code", errors="5..|error")
    assert (found.requests, found.status, found.errors) == ("api_requests_total", "status_code", "5..|error")
    assert found.duration == PRESETS[Preset.GO_PROMHTTP].duration
    assert counted(durations=False).duration is None


def test_probes_are_not_counted_unless_they_ask_for_what_clients_do() -> None:
    """Else a service that is probed at its own home page would never have a request."""
    settings = ServiceSettings.model_validate(
        {"contract": True, "probes": {"readiness": {"path": "/"}}, "gates": {"metrics": {"traffic": {"paths": ["/"]}}}}
    )
    found = settings.counted
    assert found is not None
    assert found.apart == ("/health/live", "/metrics")


@pytest.mark.parametrize(
    "settings",
    [{"preset": "none", "requests": "x"}, {"preset": "rails"}, {"requests": 'x{a="b"}'}, {"status": "a-b"}],
)
def test_names_that_no_series_has_are_refused(settings: dict[str, Any]) -> None:
    """Before anybody asks for them, and before anybody is asked something else by way of them."""
    with pytest.raises(ValidationError):
        service(**settings)


def test_a_service_that_counts_no_requests_is_judged_by_what_answers() -> None:
    """No gate, no alert, no panel and no verdict of its bake is about requests; all else is there."""
    none = service(preset="none")
    own = none.model_copy(update={"gates": none.gates.model_validate({"metrics": {}})})
    assert none.counted is None
    assert {each for each in gates(own).gates if each.startswith("metrics")} == {"metrics.availability"}
    queries = Queries(namespace="shop", service="backend", metrics=None)
    assert [each.alert for each in rules(queries, BOUNDS)] == ["TealPodsUnhealthy", "TealContainersRestarted"]
    assert "Pods ready" in dashboard_json(queries, BOUNDS)
    assert "Error rate" not in dashboard_json(queries, BOUNDS)
    plan = BakePlan(
        services={"backend": ServiceBake(path="/", metrics=None)},
        seconds=1,
        error_percent=5,
        prometheus="http://prometheus.example",
        samples=10,
        window=60,
    )
    bake = Bake(plan=plan, colour=Colour.GREEN, observed={"backend": Observed(asked=100, standing={"a"})})
    assert [each.gate for each in bake.verdicts()] == ["bake", "bake-pods"]


def test_series_are_looked_for_where_only_the_bake_would_miss_them() -> None:
    """The canary analysis misses its own; a bake that needs no sample, or has no Prometheus, misses none."""
    plain = service()
    assert "metrics.series" in gates(plain).gates
    assert "metrics.series" not in gates(plain, watched=False).gates
    assert "metrics.series" not in gates(plain, skip=("metrics",)).gates
    assert "metrics.series" not in gates(service(preset="none")).gates
    assert "metrics.series" not in gates(plain).for_rollback().gates
    analysed = plain.model_copy(update={"gates": plain.gates.model_validate({"metrics": {}})})
    assert "metrics.series" not in gates(analysed).gates


@pytest.mark.parametrize(("preset", "times"), [("none", 1), ("micrometer", 0)])
async def test_an_update_says_once_that_a_service_counts_no_requests(
    caplog: pytest.LogCaptureFixture, preset: str, times: int
) -> None:
    """In a preview as well; and where the pods are scraped is the service's to say."""
    services = {"backend": {"port": 8000, "requestMetrics": {"preset": preset, "path": "/actuator/prometheus"}}}
    raw = {
        **config(),
        "services": json.dumps(services),
        "prometheus": json.dumps({"url": "https://prometheus.example"}),
    }
    with caplog.at_level(logging.INFO):
        resources = await declared(raw)
    assert sum("backend counts no requests" in each.message for each in caplog.records) == times
    pods = resources["Deployment", "backend-blue"]["spec"]["template"]["metadata"]
    assert pods["annotations"]["prometheus.io/path"] == "/actuator/prometheus"
