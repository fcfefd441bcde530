"""Each preset's names are those that its library exposes: what it wrote is asked about, as Prometheus evaluates it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from teal.monitoring.queries import Queries
from teal.spec.request_metrics import PRESETS, Preset, RequestMetrics
from tests.unit.teal.monitoring.alert_cases import RULES, Series, pod
from tests.unit.teal.monitoring.promtool import promtool_or_skip, run_rule_tests

EXPOSED = Path(__file__).parent / "exposed"
LIBRARIES = sorted(PRESETS)


@pytest.fixture(scope="module")
def promtool() -> Path:
    """The compiled promtool."""
    return promtool_or_skip()


def exposed(preset: Preset) -> str:
    """What its library wrote after nine good requests and a bad one."""
    return (EXPOSED / f"{preset}.txt").read_text()


def scraped(text: str, target: str, *, times: int = 1, well: bool = False) -> Series:
    """The series of a pod that does the same again between any two scrapes; `well`: without what was bad."""
    return dict(_scraped(text, target, times=times, well=well))


def _scraped(text: str, target: str, *, times: int, well: bool) -> Iterator[tuple[str, str]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            bad = {"500", "5xx", "/bad", "bad"} & {*sample.labels.values()}
            if well and bad:
                continue
            labels = ", ".join([target, *(f'{name}="{value}"' for name, value in sample.labels.items())])
            yield f"{sample.name}{{{labels}}}", f"0+{sample.value * times:g}x120"


def ask(promtool: Path, folder: Path, series: Series, *questions: Mapping[str, Any]) -> str:
    """What does not come back as it should."""
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"eval_time": "10m", **each} for each in questions],
    }
    return run_rule_tests(promtool, folder, RULES, [test])


def is_(expr: str, **colours: float) -> Mapping[str, Any]:
    """An answer by colour, to three places after the point."""
    samples = [{"labels": f'{{colour="{colour}"}}', "value": value} for colour, value in colours.items()]
    return {"expr": f"round(1000 * ({expr}))", "exp_samples": samples}


def queries(metrics: RequestMetrics) -> Queries:
    """About the backend of the shop."""
    return Queries(namespace="shop", service="backend", metrics=metrics)


@pytest.mark.parametrize("preset", LIBRARIES)
def test_a_preset_finds_what_its_library_exposes(promtool: Path, tmp_path: Path, preset: Preset) -> None:
    """Requests, errors and times of both colours, told apart by their pods alone."""
    asked = queries(PRESETS[preset])
    both = scraped(exposed(preset), pod()) | scraped(exposed(preset), pod("blue"), times=5, well=True)
    found = ask(
        promtool,
        tmp_path,
        both,
        is_(asked.counted("2m"), green=80_000, blue=360_000),
        is_(asked.counted_error_share("2m"), green=100, blue=0),
        is_(asked.error_share("2m"), green=100, blue=0),
        is_(f"{asked.counted_p95_seconds('2m', 2)} < bool 2", green=1000, blue=1000),
        is_(f"{asked.average_seconds('2m')} < bool 2", green=1000, blue=1000),
        is_(f"{asked.series(PRESETS[preset].requests, PRESETS[preset].status)} > bool 0", green=1000, blue=1000),
    )
    assert found == ""


@pytest.mark.parametrize("preset", LIBRARIES)
def test_under_the_names_of_another_library_nobody_is_well(promtool: Path, tmp_path: Path, preset: Preset) -> None:
    """Where a status has another name than the one that is asked for, the share of errors is not 0 but unknown."""
    metrics = PRESETS[preset].model_copy(update={"status": "outcome_of_it"})
    found = ask(
        promtool,
        tmp_path,
        scraped(exposed(preset), pod()),
        {"expr": queries(metrics).counted_error_share("2m"), "exp_samples": []},
        {"expr": queries(metrics).error_share("2m"), "exp_samples": []},
        {"expr": queries(metrics).series(metrics.requests, metrics.status), "exp_samples": []},
    )
    assert found == ""


def test_a_request_that_was_never_answered_is_an_error_to_opentelemetry(promtool: Path, tmp_path: Path) -> None:
    """It has no status there, but the others do."""
    preset = PRESETS[Preset.OPENTELEMETRY]
    lost = {f'{preset.requests}{{{pod()}, error_type="TimeoutError"}}': "0+10x120"}
    series = scraped(exposed(Preset.OPENTELEMETRY), pod(), well=True, times=10) | lost
    assert ask(promtool, tmp_path, series, is_(queries(preset).counted_error_share("2m"), green=100)) == ""


def test_what_probes_ask_for_does_not_count(promtool: Path, tmp_path: Path) -> None:
    """A hundred good answers to a probe make no bad release a good one."""
    preset = Preset.FLASK_EXPORTER
    metrics = PRESETS[preset].model_copy(update={"apart": ("/health/ready", '/a"b')})
    probes = {f'{metrics.requests}{{{pod()}, path="/health/ready", status="200"}}': "0+1000x120"}
    series = scraped(exposed(preset), pod()) | probes
    found = ask(
        promtool,
        tmp_path,
        series,
        is_(queries(metrics).counted("2m"), green=80_000),
        is_(queries(metrics).counted_error_share("2m"), green=100),
    )
    assert found == ""


@pytest.mark.parametrize(
    ("values", "grown"),
    [
        ("0+10x120", 80),
        ("0+10x20 _x100", 0),
        ("_x36 25+0x80", 25),
    ],
    ids=["scraped", "not scraped since", "young"],
)
def test_requests_are_counted_as_far_as_they_are_known(promtool: Path, tmp_path: Path, values: str, grown: int) -> None:
    """Ten minutes on, in the last two of them, with a scrape every 15 s."""
    metrics = PRESETS[Preset.PROMETHEUS_CLIENT]
    series = {f'{metrics.requests}{{{pod()}, status="200"}}': values}
    at = "9m" if "_x100" in values else "10m"
    question = is_(queries(metrics).counted("2m"), green=1000 * grown)
    assert ask(promtool, tmp_path, series, {**question, "eval_time": at}) == ""


def test_milliseconds_become_seconds(promtool: Path, tmp_path: Path) -> None:
    """OpenTelemetry's older convention counts those."""
    metrics = RequestMetrics(
        requests="http_server_duration_milliseconds_count",
        status="http_status_code",
        duration="http_server_duration_milliseconds",
        milliseconds=True,
    )
    series = {
        f'http_server_duration_milliseconds_bucket{{{pod()}, le="{edge}"}}': f"0+{count}x120"
        for edge, count in (("500", 0), ("1000", 95), ("2500", 100), ("+Inf", 100))
    }
    assert ask(promtool, tmp_path, series, is_(queries(metrics).counted_p95_seconds("2m", 2), green=1000)) == ""


def test_use_is_counted_over_the_lives_of_pods(promtool: Path, tmp_path: Path) -> None:
    """By colour and version: of pods that have ended, of those that began within the window, and of restarts.

    A service's own label `colour` says nothing, a series without a version counts as none, and what never grew is 0.
    """
    counter = "api_requests_total"
    series = {
        f'{counter}{{{pod("blue")}, api_version="v1", colour="red"}}': "5x40",
        f'{counter}{{{pod("blue")}, api_version="v2"}}': "0+1x40",
        f'{counter}{{{pod("blue")}, api_version=""}}': "0+1x40",
        f'{counter}{{{pod()}, api_version="v1"}}': "_x30 7 7 7 2 2 2 2 2 2 2",
        f'{counter}{{{pod()}, api_version="v3"}}': "_x25 4 4 4 _x12",
    }
    asked = Queries(namespace="shop", service="backend").used(counter, "api_version", "5m")
    samples = [
        {"labels": f'{{colour="{colour}", api_version="{version}"}}', "value": value}
        for colour, version, value in (("blue", "v1", 0), ("blue", "v2", 20), ("green", "v1", 7), ("green", "v3", 4))
    ]
    found = ask(promtool, tmp_path, series, {"expr": f"round({asked})", "exp_samples": samples})
    assert found == ""


@pytest.mark.parametrize("name", ["active_requests", "ask for requests", "ask for durations"])
def test_what_is_not_measured_cannot_be_asked_for(name: str) -> None:
    """It would read as no data, of whatever is called None."""
    without = replace(queries(PRESETS[Preset.GO_PROMHTTP]), metrics=None)
    slow = queries(PRESETS[Preset.GO_PROMHTTP].model_copy(update={"duration": None}))
    questions = {
        "active_requests": lambda: without.active_requests,
        "ask for requests": lambda: without.counted("2m"),
        "ask for durations": lambda: slow.p95_seconds("2m"),
    }
    with pytest.raises(ValueError, match="nobody may ask"):
        questions[name]()
