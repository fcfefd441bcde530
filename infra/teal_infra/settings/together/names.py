"""Refuses names that are taken: of services whose objects would share one, and of a namespace that a cluster has."""

from collections.abc import Iterator
from itertools import count

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
    yield from _accounts(settings)
    yield from _ingresses(settings)
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


def _accounts(settings: Settings) -> Iterator[Refusal]:
    """Yield accounts that the stack would make twice, or that it is not to make."""
    of = {name: each.metadata.service_account for name, each in settings.services.items()}
    every = {account.name or name for name, account in of.items()}
    taken = {name: f"the account of {name}" for name, each in of.items() if each.create and each.name is None}
    taken |= _OTHERS
    for service, account in of.items():
        if not account.create or account.name is None:
            continue
        if account.name in taken:
            where = ("services", service, "metadata", "serviceAccount", "name")
            names = (f"{service}{number or ''}" for number in count())
            free = next(each for each in names if each not in {*every, *taken})
            what = f"{account.name} is {taken[account.name]}; with create: false, a service refers to it"
            yield Refusal(where, what, "one would take the other's rights", (Set(where, free),))
        taken.setdefault(account.name, f"the account of {service}")


def _ingresses(settings: Settings) -> Iterator[Refusal]:
    """Yield further Ingresses whose name another one has."""
    every = [(name, ending) for name, each in settings.services.items() for ending in each.all_ingresses]
    taken = {name: name for name, ending in every if not ending}
    for name, ending in every:
        if ending and name + ending in taken:
            where = ("services", name, "ingresses", ending[1:])
            what = f"its Ingress would be called {name + ending}, as one of {taken[name + ending]} is"
            yield Refusal(where, what, "one would take the other's requests")
        taken.setdefault(name + ending, name)


def _of(service: str, name: str) -> str | None:
    """Return what of a service has this name, or this beginning, by which pods, alarms and series are found."""
    if name == labels.migrations(service):
        return f"the migrations of {service}"
    found = (each for each in Colour if name == f"{service}-{each}" or name.startswith(f"{service}-{each}-"))
    colour = next(found, None)
    return f"objects of {service} in {colour}" if colour else None
