"""Questions that nobody is there to answer."""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.report.places import right
from teal_infra.settings.report.steps import Set


def refusals(settings: Settings) -> Iterator[Refusal]:
    """What asks a Prometheus in a stack that has none."""
    if settings.prometheus is not None:
        return
    asking = [f"services.{name}.bakeMetrics" for name, each in settings.services.items() if each.bake_metrics]
    if "metrics" not in settings.skip_gates.reasons:
        asking += [f"services.{name}.gates.metrics" for name, each in settings.services.items() if each.gates.metrics]
    if asking:
        where = ("prometheus", "url")
        what = f"{', '.join(asking)} asks a Prometheus, and there is none"
        yield Refusal(where, what, steps=(Set(where, right(where)),))
