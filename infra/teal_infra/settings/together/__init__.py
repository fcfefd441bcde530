"""What goes together in a stack, and what does not: checks of several settings at once, each a pure function.

Each refusal says what mends it: the settings are right one by one, so nothing else can.
"""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.together import (
    adoption,
    amounts,
    backing,
    balancer,
    endings,
    evidence,
    flags,
    names,
    ports,
    routing,
    rules,
)


def of_settings(settings: Settings) -> Iterator[Refusal]:
    """All that does not go together."""
    for each in (names, ports, amounts, routing, balancer, rules, backing, evidence, endings, adoption, flags):
        yield from each.refusals(settings)
