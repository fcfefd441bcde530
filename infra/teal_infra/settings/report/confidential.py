"""Decides what of a config is not shown: what its field calls a secret, or what is named or looks like one."""

import json
import re
from collections.abc import Iterator

from teal_infra.settings.report.places import expected, field_at
from teal_infra.settings.report.steps import SECRET, Where, inside

HIDDEN = "[secret]"

_NAMED = re.compile(r"passw|pwd|secret|token|api[-_]?key|credential|private[-_]?key|authorization", re.IGNORECASE)
"""Names that others choose: of a variable, a header, an unknown key. A setting's field says if it is a secret."""

_IN_URL = re.compile(r"(://[^/\s@:]*:)[^/\s@]+(?=@)")
"""The password in a URL."""


def is_secret(where: Where) -> bool:
    """Return whether the value at a place is a secret, which has to be set encrypted."""
    field, rest = field_at(where)
    own = field is not None and SECRET in (field.examples or [])
    return own or any(isinstance(part, str) and _NAMED.search(part) is not None for part in rest)


def shown(where: Where, value: object) -> str:
    """Return the value at a place for a message: as JSON, without what is confidential, and shortened."""
    if isinstance(value, str) and expected(where):
        return "a text"  # it should be an object, cannot be read, and may hold anything
    text = json.dumps(_masked(where, value), default=str, ensure_ascii=False)
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


_MOST = 80


def scrubbed(text: str, data: object) -> str:
    """Return a message without what is confidential in the config that it is about."""
    for secret in sorted({*_secrets((), data)}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _IN_URL.sub(rf"\1{HIDDEN}", text)


def _masked(where: Where, value: object) -> object:
    inner = inside(value)
    if inner is not None:
        masked = [(key, _masked((*where, key), each)) for key, each in inner]
        return dict(masked) if isinstance(value, dict) else [each for _, each in masked]
    if value is not None and _hidden(where):
        return HIDDEN
    return _IN_URL.sub(rf"\1{HIDDEN}", value) if isinstance(value, str) else value


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
