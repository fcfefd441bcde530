"""docs/sources.md says of each number where teal has it, and teal has it there."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.settings import Settings
from teal_infra.settings.bake import Bake
from teal_infra.settings.evidence.metrics import Metrics
from teal_infra.settings.reach.alb import Alb, HealthCheck, TargetAlarms
from teal_infra.settings.reference.table import models, rows
from teal_infra.traffic.gateway import spec

from tests.unit.docs.test_links import ROOT
from tests.unit.infra.worlds import BASE, edited, settings

PAGE = (ROOT / "docs/sources.md").read_text()
TABLE = re.findall(r"^\| .+ \| (.+) \| (.+) \|$", PAGE.partition("## Numbers")[2].partition("\n## ")[0], re.MULTILINE)
NUMBERS = [(*each, guides) for guides, told in TABLE for each in re.findall(r"`([a-zA-Z][\w.]*): ([^`\s]+)`", told)]
EXAMPLES = {"onRefusal", "retireAfterMinutes"}
"""What the page sets, rather than says the default of."""
SAID = [(f"{place.path}.{row.key[1:-1]}", row.source) for place in models("teal", Settings) for row, _ in rows(place)]
SOURCES = {re.sub(r"^teal[:.](services\.NAME\.)?", "", key): source for key, source in SAID}


def defaults() -> Mapping[str, Any]:
    """All that a stack has which says nothing but what it has to."""
    service = settings(BASE).services["backend"].model_dump(by_alias=True)
    smoke = service["gates"]["smoke"]
    alb = {
        "healthCheck": HealthCheck().model_dump(by_alias=True),
        "alarms": TargetAlarms().model_dump(by_alias=True),
        "deregistrationDelaySeconds": Alb.model_fields["deregistration_delay_seconds"].default,
    }
    gates = {"metrics": Metrics().model_dump(by_alias=True), "smoke": smoke}
    return {**service, "gates": gates, "bake": Bake().model_dump(by_alias=True), "alb": alb}


def test_there_are_numbers() -> None:
    """A page in another form would hold nothing."""
    assert len(NUMBERS) > 40


@pytest.mark.parametrize(("path", "value"), [each[:2] for each in NUMBERS if each[0] not in EXAMPLES])
def test_a_number_is_the_default(path: str, value: str) -> None:
    """Of the setting that the page names."""
    found: Any = defaults()
    for part in path.split("."):
        found = found[part]
    assert str(found).removesuffix(".0") == value


@pytest.mark.parametrize(("path", "guides"), [each[::2] for each in NUMBERS if each[0] not in EXAMPLES])
def test_a_setting_names_the_guide_that_the_page_names(path: str, guides: str) -> None:
    """As the source of its default."""
    named = (f"the {guide} guide" in SOURCES[path] for guide in guides.split(", "))
    assert any(named), f"it comes from {SOURCES[path]}, and not from {guides}"


def test_a_gateway_would_copy_requests_as_the_page_says() -> None:
    """The filter is taken, and is in the HTTPRoute as it was given."""
    shown = re.search(r"`(\{\"type\": \"RequestMirror\".*?)`", PAGE)
    assert shown
    world: dict[str, Any] = {
        "router": "gateway",
        "gateway": {"name": "edge"},
        "services.backend.routing.hosts": ["shop.example"],
        "services.backend.network": {"policies": False},
    }
    made = settings(edited(BASE, {**world, "services.backend.routing.filters": [(mirror := json.loads(shown[1]))]}))
    assert spec(made, "backend")["rules"][0]["filters"] == [mirror]


def test_the_query_for_an_error_counter_is_taken() -> None:
    """By the gate and by the bake."""
    shown = re.search(r"the query `([^`]+)`", PAGE)
    assert shown
    number = {"api-errors": {"query": shown[1], "below": 1}}
    asked = {"services.backend.gates": {"metrics": {"own": number}}, "services.backend.bakeMetrics": number}
    made = settings(edited(BASE, {**asked, "prometheus": {"url": "https://prometheus.example"}}))
    assert made.services["backend"].bake_metrics.keys() == {"api-errors"}


def test_every_guide_that_is_named_elsewhere_is_on_the_page() -> None:
    """In settings, pages and policies: "the delivery guide", "the service's guide"."""
    told = set(re.findall(r"^\| (\S+) guide \|", PAGE, re.MULTILINE))
    text = "".join(
        file.read_text()
        for folder, kind in (("docs", "*.md"), ("infra", "*.py"), ("teal", "*.py"), ("policies", "*.py"))
        for file in (ROOT / folder).rglob(kind)
    )
    named = {each.removesuffix("'s") for each in re.findall(r"\b(?:the|The) \[?(\S+) guide\b", text)}
    assert named
    assert named <= told
