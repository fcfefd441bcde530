"""JSON schemas that several settings share."""

from collections.abc import Mapping
from typing import Any

STRINGS: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}}
PERCENT: Mapping[str, Any] = {"type": "integer", "minimum": 0, "maximum": 100}
