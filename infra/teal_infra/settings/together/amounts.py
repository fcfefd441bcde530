"""Limits that are less than what is asked for."""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.base import amount
from teal_infra.settings.owned import Refusal
from teal_infra.settings.pod import Resources
from teal_infra.settings.report.steps import Set, Where


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Of the pods of every service, and of the watch's."""
    for name, service in settings.services.items():
        yield from _of(service.resources, ("services", name, "resources"))
    if settings.watch is not None:
        yield from _of(settings.watch.resources, ("watch", "resources"))


def _of(resources: Resources, at: Where) -> Iterator[Refusal]:
    asked = resources.requests.model_dump()
    for name, limit in resources.limits.model_dump(exclude_none=True).items():
        if amount(limit) < amount(asked[name]):
            where = (*at, "limits", name)
            what = f"limits.{name} {limit} is less than requests.{name} {asked[name]}"
            yield Refusal(where, what, steps=(Set(where, asked[name]),))
