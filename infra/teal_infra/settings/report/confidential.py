"""Decides what of a config a message shows: what a setting of teal's own names, and nothing that may be a secret.

What others name (a variable, an argument, an unknown key, a part of a pod's template) may hold anything under any name,
so that its keys alone are shown.
"""

import json
import re
from collections.abc import Iterator

from teal_infra.settings.report.places import expected, field_at, free
from teal_infra.settings.report.steps import HIDDEN, SECRET, Where, inside

_SECRET = r"passw|pwd|secret|token|api[-_]?key|credential|private[-_]?key|authorization"  # noqa: S105 - names
_NAMED = re.compile(_SECRET, re.IGNORECASE)
"""Names that others choose: of a variable, a header, an unknown key. A setting's field says if it is a secret."""

_WITHIN = re.compile(
    r"(?<=://)(?P<user>[^/\s@:]*:)[^/\s@]+(?=@)"  # a URL's password
    r"|(?<=://)[\w.~%-]+(?=@)"  # its user, where that is all
    r"|(?P<asked>[?&][^=&\s\"]+=)[^&#\s\"]+"  # a parameter of a URL
    rf"|(?P<named>[\w-]*(?:{_SECRET})[\w-]*=)[^&\s\"',;]+",
    re.IGNORECASE,
)
"""What is confidential within a text, whatever it belongs to."""


def is_secret(where: Where) -> bool:
    """Return whether the value at a place is a secret, which has to be set encrypted."""
    field, rest = field_at(where)
    own = field is not None and SECRET in (field.examples or [])
    return own or any(isinstance(part, str) and _NAMED.search(part) is not None for part in rest)


def shown(where: Where, value: object) -> str:
    """Return the value at a place for a message: as JSON, without what is or may be confidential, and shortened."""
    if isinstance(value, str) and not _hidden(where) and (free(where) or expected(where)):
        return "a text" if value else '""'  # also one that should be an object, and cannot be read
    if isinstance(value, int | float) and not isinstance(value, bool) and not _hidden(where) and free(where):
        return "a number"
    text = json.dumps(_masked(where, value), default=str, ensure_ascii=False)
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


_MOST = 80


def scrubbed(text: str, data: object) -> str:
    """Return a message without what is confidential in the config that it is about."""
    for secret in sorted({*_secrets((), data)}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _without(text)


def _without(text: str) -> str:
    return _WITHIN.sub(lambda found: "".join((*filter(None, found.groups()), HIDDEN)), text)


def _masked(where: Where, value: object) -> object:
    inner = inside(value)
    if inner is not None:
        masked = [(key, _masked((*where, key), each)) for key, each in inner]
        return dict(masked) if isinstance(value, dict) else [each for _, each in masked]
    if value is not None and _hidden(where):
        return HIDDEN
    if value is None or isinstance(value, bool):
        return value
    if free(where) or (isinstance(value, str) and expected(where)):
        return "…"
    return _without(value) if isinstance(value, str) else value


def _secrets(where: Where, value: object) -> Iterator[str]:
    """Yield the confidential texts, except those that are too short to be told from others."""
    for key, each in inside(value) or ():
        yield from _secrets((*where, key), each)
    if isinstance(value, str) and len(value) > 3 and _hidden(where):  # noqa: PLR2004 - see above
        yield value


def _hidden(where: Where) -> bool:
    """Return whether a message may not show a place: a secret, or a field that is not to be shown."""
    field, _ = field_at(where)
    return is_secret(where) or (field is not None and not field.repr)
