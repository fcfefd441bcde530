"""Plain values that come from JSON or YAML, taken for what they are asked for. No I/O."""

from collections.abc import Mapping
from typing import Any, cast


def mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping as it is; an empty one where the value is something else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
