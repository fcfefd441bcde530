"""docs/plan.md names every part by which a change is known."""

import re
from collections.abc import Mapping
from typing import Any

from teal_infra.components.fingerprint import TEAL, UNRECORDED
from teal_infra.planning import slots

from teal.model.colours import Colour
from tests.unit.docs.test_links import ROOT
from tests.unit.infra.worlds import BASE, edited, settings

EVERYTHING: Mapping[str, Any] = {
    "flags": {"flags": {}},
    "services.backend.metadata": {"serviceAccount": {"name": "shop"}},
}
CRON: Mapping[str, Any] = {"services": {"backend": {"kind": "cron", "cron": {"schedule": "@daily"}}}}


def test_the_page_names_what_is_compared() -> None:
    """Of a service and of a cron job, with all that is recorded only where it is set."""
    section = re.search(r"## How a change is known\n(.*?)\n## ", (ROOT / "docs/plan.md").read_text(), re.DOTALL)
    assert section
    pods, beside, other = re.findall(r"^- (.*?)(?=^- |\n\n)", section[1] + "\n\n", re.MULTILINE | re.DOTALL)
    service, cron = (
        slots.fingerprint_of(settings(edited(BASE, each)), "backend", Colour.BLUE) for each in (EVERYTHING, CRON)
    )
    assert service
    assert cron
    assert {*re.findall(r"`(\w+)`", pods)} == service.parts.pod.keys()
    assert {*re.findall(r"`(\w+)`", beside)} == service.parts.service.keys() | cron.parts.service.keys()
    assert {*re.findall(r"`(\w+)`", other)} == {TEAL, UNRECORDED}
