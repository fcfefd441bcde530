"""Settings of schema migrations: the commands of a service's tool, and what one release says of the schema."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from teal.schema.migrations import number
from teal_infra.settings.base import Model, wrong

Revision = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")]
"""A migration's number, as text: unquoted, YAML reads 0010 as the number 8."""

ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]

Command = Annotated[tuple[str, ...], Field(min_length=1)]

_TOOL = ("python3", "-m", "workload.migrations")


class MigrationSettings(Model):
    """How a service's image migrates its database; the defaults are the reference workload's.

    In the commands Kubernetes replaces `$(SCHEMA_REVISION)` and
    `$(SCHEMA_PHASE)` (`expand` or `contract`). What the commands have to do is
    in docs/migrations.md.
    """

    up: Command = Field(
        default=(*_TOOL, "up", "$(SCHEMA_REVISION)", "--phase", "$(SCHEMA_PHASE)"),
        description=(
            "The command that brings the schema up to the revision `$(SCHEMA_REVISION)`, in the phase "
            "`$(SCHEMA_PHASE)`."
        ),
        json_schema_extra=wrong("the Job could not migrate, and the slot would never start"),
        examples=['["npm", "run", "migrate", "up", "$(SCHEMA_REVISION)"]'],
    )
    down: Command = Field(
        default=(*_TOOL, "down", "$(SCHEMA_REVISION)"),
        description="The command that takes the schema back to the revision `$(SCHEMA_REVISION)`.",
        json_schema_extra=wrong("a migration with no way down could not be taken back"),
        examples=['["npm", "run", "migrate", "down", "$(SCHEMA_REVISION)"]'],
    )
    verify: Command = Field(
        default=(*_TOOL, "verify"),
        description="The command that fails where the schema is not what its migrations say.",
        json_schema_extra=wrong("nobody would look whether the schema is what the migrations say"),
        examples=['["npm", "run", "migrate", "verify"]'],
    )
    backoff_limit: Annotated[int, Field(ge=0, le=20)] = Field(
        default=3,
        description=(
            "How often a migration that failed is tried again. Kubernetes waits 10 s, 20 s, 40 s between the tries; "
            "its own default is 6."
        ),
        json_schema_extra=wrong("a database that is away for a moment would end the update, or hold it for hours"),
        examples=["3"],
    )
    deadline_seconds: Annotated[int, Field(ge=1, le=86400)] = Field(
        default=600,
        description=(
            "How long all tries may take together, in seconds; the default is that of a rollout's "
            "`progressDeadlineSeconds`."
        ),
        json_schema_extra=wrong("a migration that hangs would hold the update for ever"),
        examples=["600"],
    )
    secrets: tuple[ObjectName, ...] = Field(
        default=(),
        description=(
            "Secrets whose entries are the migration's environment beside the slot's: an account that may change the "
            "schema, for example."
        ),
        json_schema_extra=wrong("the API server would refuse the Job"),
        examples=['["backend-owner"]'],
    )
    config_maps: tuple[ObjectName, ...] = Field(
        default=(),
        description="ConfigMaps whose entries are the migration's environment beside the slot's.",
        json_schema_extra=wrong("the API server would refuse the Job"),
        examples=['["backend-owner"]'],
    )

    @model_validator(mode="after")
    def _has_a_way_down(self) -> Self:
        if "up" in self.model_fields_set and "down" not in self.model_fields_set:
            raise PydanticCustomError(
                "clash",
                "up is {up} and there is no down: a migration with no down is refused",
                {"field": "down", "up": " ".join(self.up)},
            )
        return self


class SchemaSettings(Model):
    """What one release says of the schema; what its fields mean together is in docs/migrations.md."""

    expand: Revision = Field(
        description="The revision from which on the release works: it is applied before the release's pods start.",
        json_schema_extra=wrong("nobody could tell which migrations have to run before the release"),
        examples=['"0002"'],
    )
    contract: Revision | None = Field(
        default=None,
        description=(
            "The revision up to which the release does without what migrations drop: it is applied once the release is"
            " live and nobody else needs that."
        ),
        json_schema_extra=wrong("what is no longer needed would never be dropped"),
        examples=['"0003"'],
    )
    down: Revision | None = Field(
        default=None,
        description="The revision to which the schema is taken back. The slot has to be retired for it.",
        json_schema_extra=wrong("what the release's migrations did would not be taken back"),
        examples=['"0001"'],
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.contract is not None and number(self.contract) <= number(self.expand):
            raise PydanticCustomError(
                "clash",
                "contract {contract} does not come after expand {expand}: it would run before the old release is gone",
                {"field": "contract", "mend": {"contract": None}, "contract": self.contract, "expand": self.expand},
            )
        if self.down is not None and number(self.down) >= number(self.expand):
            raise PydanticCustomError(
                "clash",
                "down {down} does not come before expand {expand}: there would be nothing to take back",
                {"field": "down", "mend": {"down": None}, "down": self.down, "expand": self.expand},
            )
        return self
