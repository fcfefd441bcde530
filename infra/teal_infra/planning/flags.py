"""Finds what an update changes of feature flags, which pods see without a restart. Pure."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from teal.model.colours import Colour
from teal.model.plain import mapping
from teal.plans.model import Word
from teal_infra.settings import Settings


def changes(settings: Settings, live: str, serving: Colour | None) -> Iterator[tuple[Word, str]]:
    """Yield the changes of flags under pods that run.

    Where live traffic stays, the plan's word is that what is live changes; a move of it is the graver word by itself.

    Args:
        settings: the settings as declared.
        live: the file as pods read it now; empty where they read none, so that the pods themselves change.
        serving: the colour that live traffic of a service goes to.
    """
    if settings.flags is None or not live or serving is None or live == settings.flags.text:
        return
    what = "; ".join(_changed(_read(live), _read(settings.flags.text))) or "how they are written"
    word = Word.ROLLING if serving is settings.active_colour else Word.PREPARE
    yield word, f"feature flags change under the pods of both colours, without a restart: {what}"


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    was, now = mapping(before.get("flags")), mapping(after.get("flags"))
    for name in {**was, **now}:
        if was.get(name) != now.get(name):
            yield f"{name} ({_said(mapping(was.get(name)), mapping(now.get(name)))})"
    yield from (key for key in {**before, **after} if key != "flags" and before.get(key) != after.get(key))


def _said(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if not before or not after:
        return "is new" if after else "goes"
    parts = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return ", ".join(
        f"{key} {before.get(key)} → {after.get(key)}" if key in {"state", "defaultVariant"} else key for key in parts
    )


def _read(text: str) -> Mapping[str, Any]:
    with suppress(json.JSONDecodeError):  # somebody else wrote it
        return mapping(json.loads(text))
    return {}
