"""Refuses settings that do not go together, each by a pure function of several settings.

Each refusal says what mends it, since the settings are valid one by one.
"""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.together import (
    adoption,
    amounts,
    backing,
    balancer,
    confinement,
    endings,
    evidence,
    flags,
    names,
    ports,
    routing,
    rules,
    templates,
)


def of_settings(settings: Settings) -> Iterator[Refusal]:
    """Yield everything that does not go together."""
    of_pods = (names, ports, amounts, templates, confinement, flags, adoption)
    for each in (*of_pods, routing, balancer, rules, backing, evidence, endings):
        yield from each.refusals(settings)
