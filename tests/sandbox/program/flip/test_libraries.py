"""Gates judge a release by the metrics that its library exposes, scraped by a real Prometheus, whichever library it is.

The libraries are not in an image here. What each of them wrote when it was run, name by name and label by label, is in
`tests/unit/teal/monitoring/exposed` with its version; pods expose that, and count in it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

EXPOSED = Path(__file__).parents[3] / "unit/teal/monitoring/exposed"
SERVER = Path(__file__).parent / "exposing.py"
LIBRARIES: Mapping[str, str] = {
    "django": "django-prometheus",
    "fastapi": "fastapi-instrumentator",
    "golang": "go-promhttp",
}
"""Services, and which library each of them has."""

_GOOD = {"200", "2xx", "/pricing", "pricing"}
_BAD = {"500", "5xx", "/bad", "bad"}


def series(preset: str) -> Iterator[tuple[str, float, float]]:
    """Of a library: each series, and by how much a request that is answered well lets it grow, and one that is not.

    It wrote them after nine of the one and one of the other; what no label tells apart grows with either.
    """
    for family in text_string_to_metric_families((EXPOSED / f"{preset}.txt").read_text()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            seen = {*sample.labels.values()}
            good, bad = sample.value / 9, sample.value
            if not seen & (_GOOD | _BAD):
                good = bad = sample.value / 10
            yield f"{sample.name}{{{labels}}}", 0 if seen & _BAD else good, 0 if seen & _GOOD else bad


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, node_port: int) -> Iterator[Stack]:
    """Three services, none of which has an endpoint of teal's, or a line written for it."""
    made = Stack.create(sandbox, "test-libraries", tmp_path_factory.mktemp("libraries"), node_port)
    probe = {"path": "/health", "initialDelaySeconds": 0, "periodSeconds": 1}
    service = {
        "port": 8000,
        "replicas": 1,
        "autoscaling": {"enabled": False},
        "command": ["python3", "-c", SERVER.read_text()],
        "versionPath": None,
        "probePath": "/health",
        "probes": {"startup": {**probe, "failureThreshold": 60}, "liveness": probe, "readiness": probe},
        "shutdown": {"closeConnectionsPath": None},
        "network": {"callers": {"node": {"cidrs": ["192.0.2.10/32"]}}},
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}},
        "gates": {
            "metrics": {"windowSeconds": 30, "waitSeconds": 15, "traffic": {"paths": ["/pricing"], "perSecond": 40}}
        },
    }
    presets = {name: {**service, "requestMetrics": {"preset": preset}} for name, preset in LIBRARIES.items()}
    made.write("services", presets)
    made.write("prometheus", {"url": "http://127.0.0.1:9090"})
    made.write("bake", {"seconds": 2, "windowSeconds": 10, "samples": 0})
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        made.write(colour, release(version))
    made.up()
    yield made
    made.kubectl("delete", "namespace", made.name, "--ignore-not-found", "--wait=false")


def release(version: str, **env: str) -> Mapping[str, Any]:
    """A slot's release of all services."""
    image = f"localhost/teal/pricing:{version}"
    exposes = {name: json.dumps([*series(preset)]) for name, preset in LIBRARIES.items()}
    services = {name: {"image": image, "env": {"SERIES": each, **env}} for name, each in exposes.items()}
    return {"version": version, **services}


def refused(stack: Stack, release: Mapping[str, Any], said: Sequence[str]) -> None:
    """See green refused, in these words; blue stays live."""
    stack.write("green", release)
    stack.up()
    done = stack.flip("green", check=False)
    stack.configure("activeColour", "blue")
    assert done.returncode != 0, done.stdout
    for words in said:
        assert words in done.stdout, done.stdout
    assert live(stack) == {"blue"}


def live(stack: Stack) -> set[str]:
    """The colours that the active Services lead to."""
    found = (
        stack.kubectl("get", "service", name, "-o", r"jsonpath={.spec.selector.teal/colour}") for name in LIBRARIES
    )
    return set(found)


def test_a_release_that_fails_is_refused_by_its_own_librarys_metrics(stack: Stack) -> None:
    """One request in five, of each service: three gates say so, each of them of its own."""
    refused(stack, release("1.1.0", ERROR_EVERY="5"), [f"metrics.errors of {name} FAILED" for name in LIBRARIES])


def test_what_nobody_can_tell_from_the_metrics_is_no_pass(stack: Stack) -> None:
    """Nothing is known beyond the last bucket, of a bound that is higher; nor where the series have other names."""
    before = stack.config.read_bytes()
    stack.configure("services.fastapi.requestMetrics.duration", "http_request_duration_seconds")
    stack.configure("services.django.requestMetrics.preset", "go-promhttp")
    said = [
        "metrics.p95 of golang FAILED",
        "metrics.p95 of fastapi INCONCLUSIVE",
        "metrics.errors of django INCONCLUSIVE",
    ]
    refused(stack, release("1.1.0", SLOW="1"), said)
    stack.config.write_bytes(before)


def test_a_release_that_is_well_passes(stack: Stack) -> None:
    """The same gates let a good one through, and its numbers are in the history."""
    stack.write("green", release("1.1.0"))
    stack.up()
    stack.flip("green")
    assert live(stack) == {"green"}
    verdicts = stack.history()[-1]["verdicts"]
    passed = {(each["service"], each["gate"]) for each in verdicts if each["outcome"] == "PASSED"}
    gates = [f"metrics.{name}" for name in ("availability", "requests", "errors", "p95")]
    assert passed >= {(name, gate) for name in LIBRARIES for gate in gates}
