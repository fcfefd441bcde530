"""Refuses names that are taken: of services whose objects would share one, and of a namespace that a cluster has."""

from collections.abc import Iterator

from teal.model.colours import Colour
from teal_infra import labels
from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.report.steps import Remove, Set

_OTHERS = {
    "default": "each namespace's own account",
    "default-deny": "the policy that denies what is not named",
    "teal-watch": "the watch",
}
"""The names of objects that belong to no service."""


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield a namespace that every cluster has, and each service whose name is taken, with its releases."""
    place = settings.namespace
    if settings.place.create and (place == "default" or place.startswith("kube-")):
        there = {"name": place, "create": False}
        yield Refusal(
            ("namespace",),
            f"{place} is a namespace of the cluster's, and the stack would make it its own: give it another one",
            "what else runs there would be cut off, and deleted with the stack",
            (Set(("namespace",), there),),
        )
    for name in settings.services:
        whose = _OTHERS.get(name) or next((what for each in settings.services if (what := _of(each, name))), None)
        if whose:
            slots = [colour for colour in Colour if settings.slot(colour)]
            yield Refusal(
                ("services", name),
                f"{name} is the name of {whose}: give the service another one",
                "two objects would have one name, and one would take the other's traffic, rights or alarms",
                tuple(Remove(where) for where in [("services", name), *((colour, name) for colour in slots)]),
            )


def _of(service: str, name: str) -> str | None:
    """Return what of a service has this name, or this beginning, by which pods, alarms and series are found."""
    if name == labels.migrations(service):
        return f"the migrations of {service}"
    found = (each for each in Colour if name == f"{service}-{each}" or name.startswith(f"{service}-{each}-"))
    colour = next(found, None)
    return f"objects of {service} in {colour}" if colour else None
