"""JSON schemas of settings: type, limits, default and what it is, in one line each."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]


def texts(what: str, *default: str) -> Schema:
    """A list of texts."""
    return {"type": "array", "items": {"type": "string"}, "default": [*default], "description": what}


def integer(what: str, default: int, *, least: int) -> Schema:
    """A whole number."""
    return {"type": "integer", "minimum": least, "default": default, "description": what}


def percent(what: str, default: int) -> Schema:
    """A share."""
    return {**integer(what, default, least=0), "maximum": 100}


def exempt_stacks(may: str) -> Schema:
    """The stacks that a policy lets do something all the same: rehearsals, by default."""
    return texts(f"Names of stacks that may {may}; `*` stands for anything.", "sandbox")
