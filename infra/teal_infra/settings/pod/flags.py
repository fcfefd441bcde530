"""Settings of feature flags, in the format of flagd, which OpenFeature's providers read from a file.

What several settings of a flag have to be together is in `teal_infra.settings.together.flags`.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from teal_infra.settings.base import Model, wrong

NAME = "teal-flags"
"""The ConfigMap's name, whatever it holds: another name would be other pods."""

FOLDER = "/etc/teal"
FILE = "flags.json"
"""Where pods find their flags."""

Key = Annotated[str, Field(min_length=1)]


class FlagState(StrEnum):
    """Whether a flag counts."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    """Its readers go by the default in their own code."""


class Flag(Model):
    """One feature flag."""

    state: FlagState = Field(
        description="Whether the flag counts: `ENABLED`; or `DISABLED`, with which the code's own default counts.",
        json_schema_extra=wrong("nobody could tell whether the flag counts"),
        examples=["ENABLED"],
    )
    variants: Annotated[Mapping[Key, JsonValue], Field(min_length=1)] = Field(
        description="The values that it may have, by name: all of them truth values, texts, numbers or objects.",
        json_schema_extra=wrong("the flag would have no value"),
        examples=['\'{"on": true, "off": false}\''],
    )
    default_variant: Key | None = Field(
        default=None,
        description="The variant where no targeting says another one. Without it, the code's own default counts.",
        json_schema_extra=wrong("pods would go by the default in their own code"),
        examples=["off"],
    )
    targeting: Mapping[Key, JsonValue] = Field(
        default_factory=dict[str, JsonValue],
        description="Who gets which variant: flagd's JsonLogic, which may name `$evaluators`.",
        json_schema_extra=wrong("everybody would get the default variant"),
        examples=['\'{"fractional": [["on", 10], ["off", 90]]}\''],
    )
    metadata: Mapping[Key, JsonValue] = Field(
        default_factory=dict[str, JsonValue],
        description="What is known of the flag beside: an owner, say.",
        json_schema_extra=wrong("readers would not find it"),
        examples=['\'{"owner": "shop"}\''],
    )


class Flags(Model):
    """The feature flags of all services of a stack, in either colour: a file of flagd's format.

    Pods have it as `/etc/teal/flags.json`, and see a change of it without a restart. docs/flags.md has how.
    """

    origin: str | None = Field(
        default=None,
        alias="$schema",
        description="The address of flagd's JSON Schema, for editors.",
        json_schema_extra=wrong("an editor would not know the format"),
        examples=["https://flagd.dev/schema/v0/flags.json"],
    )
    flags: Mapping[Key, Flag] = Field(
        default_factory=dict[str, Flag],
        description="The flags, by name.",
        json_schema_extra=wrong("pods would go by the defaults in their own code"),
        examples=['\'{"new-checkout": {"state": "ENABLED", "variants": {"on": true, "off": false}}}\''],
    )
    evaluators: Mapping[Key, JsonValue] = Field(
        default_factory=dict[str, JsonValue],
        alias="$evaluators",
        description="Rules that the targeting of several flags names, by name.",
        json_schema_extra=wrong("targeting that names a rule would fail"),
        examples=['\'{"staff": {"ends_with": [{"var": "email"}, "@example.com"]}}\''],
    )
    metadata: Mapping[Key, JsonValue] = Field(
        default_factory=dict[str, JsonValue],
        description="What is known of all flags beside.",
        json_schema_extra=wrong("readers would not find it"),
        examples=['\'{"owner": "shop"}\''],
    )

    @property
    def text(self) -> str:
        """The file, as it was written but for the order of its keys."""
        return json.dumps(self.model_dump(mode="json", by_alias=True, exclude_unset=True), indent=2, sort_keys=True)
