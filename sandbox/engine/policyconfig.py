"""The config of a policy pack (`--policy-pack-config FILE`): levels and properties, defaults filled in, held to schema.

The rules are those of Pulumi's engine (pkg/resource/analyzer/config.go): the pack's defaults, then its initial config,
then the file; in each `all` first, then the policy's own entry.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2

from sandbox.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEVELS: Final[dict[str, analyzer_pb2.EnforcementLevel.ValueType]] = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "remediate": analyzer_pb2.REMEDIATE,
    "disabled": analyzer_pb2.DISABLED,
}
_LEVEL: Final = "enforcementLevel"


def read_config(file: str) -> dict[str, dict[str, Any]]:
    """The file's entries by policy, each with its properties and perhaps its `enforcementLevel`.

    Raises:
        EngineError: it cannot be read, or an entry is neither a level nor an object.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
        entries: Any = json.loads(text) if text.strip() else {}
    except (OSError, ValueError) as error:
        raise EngineError(f"the policy pack config {file} cannot be read as JSON: {error}; nothing was done") from error
    config: dict[str, dict[str, Any]] = {}
    given: Any
    for policy, given in entries.items():
        entry: Any = {_LEVEL: given} if isinstance(given, str) else given
        if not isinstance(entry, dict) or entry.get(_LEVEL, "disabled") not in _LEVELS:  # pyright: ignore[reportUnknownMemberType] - any JSON
            raise EngineError(
                f"{file}: {policy!r} is {given!r}; nothing was done; write a level ({', '.join(_LEVELS)}) or an object "
                "of properties"
            )
        config[policy] = entry
    return config


def reconciled(
    info: analyzer_pb2.AnalyzerInfo, given: Mapping[str, Mapping[str, Any]]
) -> analyzer_pb2.ConfigureAnalyzerRequest:
    """What the pack is to be configured with.

    Raises:
        EngineError: a policy's config is not what its schema asks for.
    """
    schemas: dict[str, dict[str, Any]] = {}
    config: dict[str, dict[str, Any]] = {}
    for policy in info.policies:
        schema: dict[str, Any] = MessageToDict(policy.configSchema)
        schemas[policy.name] = schema
        defaults = {name: each["default"] for name, each in schema.get("properties", {}).items() if "default" in each}
        config[policy.name] = {_LEVEL: _name(policy.enforcementLevel), **defaults}
    initial: dict[str, dict[str, Any]] = {
        policy: {_LEVEL: _name(entry.enforcementLevel), **MessageToDict(entry.properties)}
        for policy, entry in info.initialConfig.items()
    }
    for layer in (initial, given):
        everywhere = {key: level for key, level in layer.get("all", {}).items() if key == _LEVEL}
        for policy, settings in config.items():
            settings.update({**everywhere, **layer.get(policy, {})})
    _validate(info.name, schemas, config)
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for policy, settings in config.items():
        level: str = settings.pop(_LEVEL)
        request.policyConfig[policy].enforcementLevel = _LEVELS[level]
        request.policyConfig[policy].properties.update(settings)
    return request


def _name(level: analyzer_pb2.EnforcementLevel.ValueType) -> str:
    return next(name for name, value in _LEVELS.items() if value == level)


def _validate(pack: str, schemas: Mapping[str, Mapping[str, Any]], config: Mapping[str, Mapping[str, Any]]) -> None:
    if not any(schemas.values()):
        return
    from jsonschema import Draft7Validator  # noqa: PLC0415 - a quarter of a second, and few packs have a schema

    wrong: list[str] = []
    for policy, schema in schemas.items():
        validator: Any = Draft7Validator({"type": "object", **schema})
        for error in validator.iter_errors(config[policy]):
            where = ".".join(str(part) for part in error.absolute_path) or "its config"
            wrong.append(f"{policy}: {where}: {error.message}")
    if wrong:
        raise EngineError(
            f"the config of policy pack {pack!r} is not what its schema asks for; nothing was done:\n  "
            + "\n  ".join(wrong)
        )
