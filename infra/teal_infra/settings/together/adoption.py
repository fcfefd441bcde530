"""Refuses pods in place of a colour whose traffic, or which themselves, the stack could take away."""

from collections.abc import Iterator

from teal.model.plain import mapping
from teal.model.routes import RouterKind
from teal_infra import labels
from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.reach.worker import Kind
from teal_infra.settings.report.steps import Remove, Set, Step, Where
from teal_infra.settings.slot import State


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of each service that has such pods."""
    for name, (colour, adopt) in settings.adopted.items():
        slot, other = settings.slot(colour), settings.slot(colour.other)
        where: Where = (colour, name, "adopt")
        at = f"{colour}.{name}.adopt"
        if other is not None and other.services[name].adopt is not None:
            what = f"both colours of {name} adopt, and none would be a release of the stack's"
            yield Refusal((colour.other, name, "adopt"), what, "there would be nothing to provision")
        if settings.services[name].worker is not None:
            what = f"{at} is what a Service's selector leads to, and a worker has none"
            kind: Where = ("services", name, "kind")
            timed: list[Step] = [Remove(("services", name, "cron"))] if settings.services[name].cron else []
            yield Refusal(kind, what, "the stack could not stop its pods", (Set(kind, str(Kind.SERVICE)), *timed))
        if settings.router is not RouterKind.SERVICE:
            what = f"router is {settings.router}, and {at} is what a Service's selector leads to"
            yield Refusal(
                ("router",), what, "live traffic would not move", (Set(("router",), str(RouterKind.SERVICE)),)
            )
        if slot is not None and slot.state is not State.RUNNING:
            what = f"the stack does not make the pods of {at}, so it cannot end them"
            yield Refusal(
                (colour, "state"),
                what,
                "these pods would go on as they do",
                (Set((colour, "state"), str(State.RUNNING)),),
            )
        if settings.place.create:
            what = f"the stack makes {settings.namespace}: its network policies would cut off the pods of {at}"
            there = {"name": settings.namespace, "create": False}
            yield Refusal(("namespace",), what, "live traffic would reach nobody", (Set(("namespace",), there),))
        its = dict(labels.coloured(name, colour.other, other.version if other else ""))
        templates = [settings.services[name].pod_template, *([other.services[name].pod_template] if other else [])]
        for each in templates:
            its |= mapping((each.metadata or {}).get("labels"))
        if its.items() >= adopt.selector.items():
            what = (
                f"the stack's own pods of {name} have all of these labels, too: they would get live traffic unproven. "
                f"Have the selector of Service {name} name one more that the pods of {adopt.deployment} alone have"
            )
            yield Refusal((*where, "selector"), what, steps=(Set((*where, "selector", "KEY"), "VALUE"),))
