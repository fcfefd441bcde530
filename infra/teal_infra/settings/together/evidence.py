"""Refuses questions that nobody could answer, or that cannot be asked."""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.evidence.gates import NO_FLIP
from teal_infra.settings.owned import Refusal
from teal_infra.settings.report.places import right
from teal_infra.settings.report.steps import Set


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield what asks a Prometheus in a stack without one, and what asks pods that the API server cannot reach."""
    if settings.prometheus is None:
        yield from _of_nobody(settings)
    if not settings.pods_reachable:
        yield from _out_of_reach(settings)


def _out_of_reach(settings: Settings) -> Iterator[Refusal]:
    for name, service in settings.services.items():
        gates, where = service.gates, ("services", name, "gates")
        what = "podsReachable is false, and this asks pods through the API server"
        for at, asked in {("smoke", "requests"): gates.smoke.requests, ("contract",): gates.contract}.items():
            if asked:
                yield Refusal((*where, *at), what, NO_FLIP)
        if gates.metrics is not None and gates.metrics.traffic.enabled:
            traffic = (*where, "metrics", "traffic", "enabled")
            yield Refusal(traffic, what, NO_FLIP, (Set(traffic, value=False),))


def _of_nobody(settings: Settings) -> Iterator[Refusal]:
    asking = [f"services.{name}.bakeMetrics" for name, each in settings.services.items() if each.bake_metrics]
    if "metrics" not in settings.skip_gates.reasons:
        asking += [f"services.{name}.gates.metrics" for name, each in settings.services.items() if each.gates.metrics]
    if "sunset" not in settings.skip_gates.reasons:
        contracts = {name: each.gates.contract for name, each in settings.services.items()}
        asking += [f"services.{name}.gates.contract.usage" for name, each in contracts.items() if each and each.usage]
    if asking:
        where = ("prometheus", "url")
        what = f"{', '.join(asking)} asks a Prometheus, and there is none"
        yield Refusal(where, what, steps=(Set(where, right(where)),))
