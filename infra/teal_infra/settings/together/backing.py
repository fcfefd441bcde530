"""Refuses backing services that nobody names, that do not exist, that share a variable, or that no pod could reach."""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.report.steps import Remove, Set, Step, Where


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of every service that names one, and of every one that none names."""
    named: set[str] = set()
    for service, its in settings.services.items():
        of: dict[str, str] = {}
        for number, name in enumerate(its.backing):
            where: Where = ("services", service, "backing", number)
            if name not in settings.backing:
                yield Refusal(where, f"there is no backing service {name}", "the pods would not know how to connect")
                continue
            peer, network = settings.backing[name], its.network
            named.add(name)
            both = sorted(of.keys() & {*peer.variables})
            if name in its.backing[:number]:
                yield Refusal(where, f"{name} is named twice", "it would have no effect")
            elif both:
                what = f"{of[both[0]]} and {name} are both what the variable {both[0]} names"
                yield Refusal(where, what, "the pods would know only one of them")
            of |= dict.fromkeys(peer.variables, name)
            if peer.network is None and network.policies and name not in network.backing:
                at: Where = ("backing", name, "network")
                what = (
                    f"{name} has no network (pods or CIDRs, and ports), and policies deny {service} what is not named"
                )
                yield Refusal(at, what, steps=(Set(at, {"cidrs": ["10.20.0.0/16"], "ports": [5432]}),))
    first = next(iter(settings.services))
    told, added = [*settings.services[first].backing], list[Step]()
    known = {key for name in told if name in settings.backing for key in settings.backing[name].variables}
    for name in sorted(settings.backing.keys() - named):
        what = "no service names it: each says of which its pods are told (services.NAME.backing)"
        if known & {*settings.backing[name].variables}:  # no service could be told of both
            yield Refusal(("backing", name), what, steps=(Remove(("backing", name)),))
        else:  # an item of a list is set after those before it
            known |= {*settings.backing[name].variables}
            added.append(Set(("services", first, "backing", len(told)), name))
            told.append(name)
            yield Refusal(("backing", name), what, steps=tuple(added))
