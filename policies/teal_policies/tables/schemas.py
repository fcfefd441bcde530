"""JSON schemas of settings: type, limits, default and description, in one line each."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]


def texts(what: str, *default: str) -> Schema:
    """Return the schema of a list of texts."""
    return {"type": "array", "items": {"type": "string"}, "default": [*default], "description": what}


def integer(what: str, default: int, *, least: int) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "minimum": least, "default": default, "description": what}


def percent(what: str, default: int) -> Schema:
    """Return the schema of a percentage."""
    return {**integer(what, default, least=0), "maximum": 100}


def exempt_stacks(may: str) -> Schema:
    """Return the schema of the stacks that a policy exempts: rehearsals, by default."""
    return texts(f"Names of stacks that may {may}; `*` stands for anything.", "sandbox")
