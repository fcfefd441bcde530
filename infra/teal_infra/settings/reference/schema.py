"""The JSON Schema of a stack file, by which an editor completes and checks it.

`python -m teal_infra.settings.reference.schema > stacks/schema.json`; a unit test compares the file with the models. A
preview still reports what no schema can say: which settings go together.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any, cast

from teal_infra.settings import Settings
from teal_infra.settings.base import CONSEQUENCE, SOURCE, UNIT, Parts

PREFIX = "teal:"
SECURE: Mapping[str, Any] = {
    "type": "object",
    "description": "A value that `pulumi config set --secret` encrypted.",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
_COMMANDS = {"title", "examples"}
"""Keys that are of no use to an editor: titles repeat the key, and examples are written for a shell."""

_AS_IT_IS = {"default", "properties", "required"}


def document() -> Mapping[str, Any]:
    """Return the schema of `Pulumi.STACK.yaml`."""
    whole = _cleaned(Settings.model_json_schema(by_alias=True))
    for part in (field.default for owner in Parts.__subclasses__() for field in owner.model_fields.values()):
        whole["$defs"].get(type(part).__name__, {}).pop("required", None)  # what is left out has the default's value
    known = "|".join(whole["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack file of teal",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "description": whole["description"],
                "properties": {PREFIX + key: each for key, each in whole["properties"].items()},
                "required": [PREFIX + key for key in whole["required"]],
                "patternProperties": {f"^{PREFIX}(?!({known})$)": False},
            }
        },
        "required": ["config"],
        "$defs": {**whole["$defs"], "Secure": dict(SECURE)},
    }


def text() -> str:
    """Return the schema as it is written to a file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _cleaned(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a schema without what an editor has no use for, and with texts that may be encrypted."""
    if isinstance(schema, list):
        return [_cleaned(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    given = cast("dict[str, Any]", schema)
    named: dict[str, Any] = given.get("properties", {})
    kept = {key: each if key in _AS_IT_IS else _cleaned(each) for key, each in given.items() if key not in _COMMANDS}
    if named:
        kept["properties"] = {key: _cleaned(each) for key, each in named.items()}
    if kept.get("default", 0) is None:  # to set null is to leave it out
        kept.pop("default")
        either = [each for each in kept.pop("anyOf") if each != {"type": "null"}]
        return {**kept, **either[0]} if len(either) == 1 else {**kept, "anyOf": either}
    return _text(kept) if kept.get("type") == "string" and "enum" not in kept else kept


def _text(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a text, or of what becomes one: Pulumi passes YAML's numbers and booleans as text."""
    about = {key: schema[key] for key in ("description", "default", CONSEQUENCE, SOURCE, UNIT) if key in schema}
    bare = {key: each for key, each in schema.items() if key not in about}
    return {**about, "anyOf": [bare, {"type": ["number", "boolean"]}, {"$ref": "#/$defs/Secure"}]}


if __name__ == "__main__":
    sys.stdout.write(text())
