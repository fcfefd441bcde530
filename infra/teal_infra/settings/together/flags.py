"""Refuses feature flags whose parts do not fit each other, by flagd's rules."""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.pod.flags import FOLDER, NAME, Flag
from teal_infra.settings.report.steps import Set, Where

_TAKEN = "the API server would refuse the pods"
_UNREADABLE = "whoever asks for the flag would get the default in its own code"


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield variants of no kind or of several, defaults that are no variant, and volumes in the place of the flags."""
    if settings.flags is None:
        return
    for service, its in settings.services.items():
        for name, volume in its.volumes.items():
            if name == NAME or volume.mount_path.rstrip("/") == FOLDER:
                where = ("services", service, "volumes", name)
                yield Refusal(where, f"the feature flags are the volume {NAME} at {FOLDER}", _TAKEN)
    for name, flag in settings.flags.flags.items():
        at = ("flags", "flags", name)
        yield from [*_variants(flag, at)] or _default(flag, at)  # which may be a variant that is to go


def _variants(flag: Flag, at: Where) -> Iterator[Refusal]:
    kinds = {name: _kind(value) for name, value in flag.variants.items()}
    first = next(filter(None, kinds.values()), "")
    for name, kind in kinds.items():
        what = f"it is {kind}, and another variant is {first}"
        if not kind:
            what = "it is no truth value, text, number or object"
        if kind != first or not kind:
            yield Refusal((*at, "variants", name), what, _UNREADABLE)


def _default(flag: Flag, at: Where) -> Iterator[Refusal]:
    if flag.default_variant is not None and flag.default_variant not in flag.variants:
        what = f"no variant is called so; there are {', '.join(flag.variants)}"
        where = (*at, "defaultVariant")
        yield Refusal(where, what, _UNREADABLE, (Set(where, next(iter(flag.variants))),))


def _kind(value: object) -> str:
    """Return the kind of a variant's value, as its readers see it; empty where flagd knows no such kind."""
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    return "a text" if isinstance(value, str) else "an object" if isinstance(value, dict) else ""
