"""Reads YAML, and the values of a stack's config in it, as Pulumi does.

Pulumi's reader (gopkg.in/yaml.v3, `resolve.go`) is another one than Python's: `on` and `12:30` are texts to it, `0o755`
and `1e3` are numbers, and a date is a moment. A key that is there twice is an error.
"""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from math import isinf
from typing import Any, ClassVar

import yaml

_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_BOOL, _NUMBER = f"{_TAG}bool", f"{_TAG}float"
_OTHERS = {_BOOL, _NUMBER, *(f"{_TAG}{kind}" for kind in ("int", "timestamp", "value"))}
"""The kinds of values that Python's reader recognises in other texts than Pulumi's reader does."""

_EXACT = 2**63
"""A whole number below this one stays exact in Pulumi."""

_WHOLE = re.compile(r"[-+]?(0x[0-9a-f]+|0b[01]+|(?P<octal>0o?[0-7]+)|0|[1-9][0-9]*)", re.IGNORECASE)
_PART = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)(e[-+]?[0-9]+)?|[-+]?\.inf|\.nan", re.IGNORECASE)
_MOMENT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})"
    r"((?P<zoned>[Tt][0-9:]+)(?P<part>\.[0-9]+)?(?P<zone>Z|[-+][0-9]{2}:[0-9]{2})"
    r"|(?P<time> +[0-9:]+)(?P<rest>\.[0-9]+)?)?"
)


class Loader(_SAFE):
    """Reads YAML as Pulumi does; it builds on the loader in C where there is one, which takes a tenth of the time.

    A number is a float, whatever its value, if Pulumi does not pass it on as it is written: `0755`, `1e3`, `1_000`, or
    one that is too large to stay exact. So a setting that wants a text can refuse what would be another text.
    """

    yaml_implicit_resolvers: ClassVar = {
        first: [each for each in found if each[0] not in _OTHERS]
        for first, found in _SAFE.yaml_implicit_resolvers.items()
    }

    def get_single_node(self) -> Any:  # noqa: ANN401 - as the reader in C has it
        """Return the document's node.

        Raises:
            yaml.MarkedYAMLError: it cannot be read, or a mapping has a key twice.
        """
        node: Any = _SAFE.get_single_node(self)
        _require_once(node, set())
        return node


def _require_once(node: Any, seen: set[int]) -> None:  # noqa: ANN401 - as above
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                raise yaml.MarkedYAMLError(None, None, f"the key {key.value} is there twice", key.start_mark)
            keys.add(str(key.value))
            _require_once(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _require_once(each, seen)


def _read(loader: Any, node: yaml.ScalarNode) -> int | float | str:  # noqa: ANN401 - a loader has no type of its own
    """Return a number, or a moment as the text that Go makes of it; the text itself where it is neither."""
    written = str(loader.construct_scalar(node))
    if moment := _moment(written):
        return moment
    digits = written if written.startswith(".") else written.replace("_", "")
    if found := _WHOLE.fullmatch(digits):
        value = int(digits.lower().replace("o", ""), 8 if found["octal"] else 0)
        return value if str(value) == written and abs(value) < _EXACT else float(value)
    if not _PART.fullmatch(digits):
        return written
    if digits[-1].isalpha():  # Pulumi could not pass it on
        raise yaml.MarkedYAMLError(None, None, f"{written} is no number", node.start_mark)
    return written if isinf(float(digits)) else float(digits)


def _moment(written: str) -> str | None:
    found = _MOMENT.fullmatch(written)
    if found is None:
        return None
    time = (found["zoned"] or found["time"] or "T00:00:00").lstrip("Tt ")
    try:
        at = datetime.strptime(f"{found['date']} {time}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:  # there is no such day
        return None
    part = (found["part"] or found["rest"] or "").rstrip("0").rstrip(".")
    offset = (found["zone"] or "Z").replace(":", "").replace("Z", "+0000")
    return f"{at:%Y-%m-%d %H:%M:%S}{part} {offset} {'UTC' if offset.endswith('0000') else offset}"


def parsed(value: object) -> object:
    """Return a value of the config as programs take it: `pulumi config set` stores an object as its JSON text."""
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        with suppress(json.JSONDecodeError):
            return json.loads(value)
    return value


Loader.add_implicit_resolver(_BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), [*"tTfF"])
Loader.add_implicit_resolver(_NUMBER, re.compile(r"[-+.0-9]"), [*"-+.0123456789"])
for kind in _OTHERS - {_BOOL}:
    Loader.add_constructor(kind, _read)
