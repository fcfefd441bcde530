"""Settings of a slot: what is true of one release."""

import json
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from teal_infra.settings.base import (
    EnvName,
    EnvValue,
    Image,
    Model,
    superfluous,
    whole_number_text,
    without_plus,
    wrong,
)
from teal_infra.settings.migrations import SchemaSettings
from teal_infra.settings.pod_template import PodTemplate
from teal_infra.settings.reach.existing import Adopt


class SlotService(Model):
    """One service of one release."""

    image: Image = Field(
        default="",
        description=(
            "The image of the service in this release, as repository:tag or, better, repository@sha256:digest. It is "
            "required, but for a release of `adopt`."
        ),
        json_schema_extra=wrong("no pod could start: an image is repository:tag or repository@sha256:digest"),
        examples=["registry.example/backend:1.4.2"],
    )
    env: Mapping[EnvName, EnvValue] = Field(
        default_factory=dict[str, str],
        description=(
            "Environment variables of its container. `$(NAME)` in a value is the value of another variable of teal's or"
            " of the slot's, secrets included. `$$` is a plain `$`, so that `$$(NAME)` is the text `$(NAME)`."
        ),
        json_schema_extra=wrong("the container would not see this variable"),
        examples=["text"],
    )
    secrets: Mapping[EnvName, Annotated[str, Field(min_length=1)]] = Field(
        repr=False,
        default_factory=dict[str, str],
        description=(
            "Environment variables that come from a Secret; encrypt them in the stack file (`config set --path "
            "--secret`). Their values are taken as they are: `$(NAME)` is expanded in `env` alone."
        ),
        json_schema_extra=wrong("the container would not see this variable"),
        examples=["--secret"],
    )
    pod_template: PodTemplate = Field(
        default=PodTemplate(),
        description="What else the pods of this release are made of: it is merged last, onto what the service says.",
    )
    database: SchemaSettings | None = Field(
        default=None,
        alias="schema",
        description="What the release needs of the database's schema.",
        json_schema_extra=wrong("nobody could tell which migrations the release needs"),
        examples=['\'{"expand": "0001"}\''],
    )
    adopt: Adopt | None = Field(
        default=None,
        description="Pods that the stack does not make, and that are this release all the same. All else is left out.",
    )

    @property
    def unsaid(self) -> set[str]:
        """The fields that a release's digest leaves out: secrets, and an unset `adopt`, which earlier teals lacked."""
        return {"secrets"} if self.adopt else {"secrets", "adopt"}

    @model_validator(mode="after")
    def _made_or_adopted(self) -> Self:
        others = self.model_fields_set - {"adopt"}
        if self.adopt is None and "image" not in others:
            raise PydanticCustomError("missing", "Field required", {"field": "image"})
        if self.adopt is not None and others:
            field = type(self).model_fields[min(others)].alias or min(others)
            raise superfluous(field, "the stack does not make the pods of adopt", "it would have no effect")
        return self


class State(StrEnum):
    """What a colour is doing, as declared."""

    RUNNING = "running"
    """Live, or idle and warm, so that it can be promoted at once."""
    RETIRED = "retired"
    """Scaled to zero, once the other colour is confirmed and has settled."""
    STOPPED = "stopped"
    """Scaled to zero at once, without the settle time: the zero-downtime guide's emergency scale-down. Never for the
    live colour."""


class OnRefusal(StrEnum):
    """What becomes of the pods of a release that its gates have refused, or that its bake has undone."""

    KEEP = "keep"
    """They stay, idle, so that they can be looked at."""
    STOP = "stop"
    """The watch scales them to zero, or the next update that has the other colour active."""


class Slot(BaseModel):
    """One colour's release: its version, and an image and environment for each service."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, SlotService]  # pyright: ignore[reportIncompatibleVariableOverride]  # pydantic's way to type extras

    version: Annotated[
        str,
        BeforeValidator(whole_number_text),
        BeforeValidator(without_plus),
        StringConstraints(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"),
    ] = Field(
        description=(
            "The version of the release, as its pods answer with it and as their labels say. Quote it: YAML reads 1.10"
            " as the number 1.1."
        ),
        json_schema_extra=wrong(
            "nobody could tell which release answers (quote it: YAML reads 1.10 as the number 1.1)"
        ),
        examples=['"1.4.2"'],
    )

    state: State = Field(
        default=State.RUNNING,
        description=(
            "Whether the colour has pods: `running`; `retired`, which ends them once the other colour is confirmed and"
            " has settled; or `stopped`, which ends them at once. The active colour is running."
        ),
        json_schema_extra=wrong("teal would not know whether this colour is to run"),
    )

    @property
    def services(self) -> Mapping[str, SlotService]:
        """The slot's services, by name."""
        return self.__pydantic_extra__

    @property
    def digest(self) -> str:
        """The digest of the release without its secrets, which a short digest would give away."""
        each = sorted(self.services.items())
        release = {name: its.model_dump_json(exclude=its.unsaid) for name, its in each}
        return sha256(json.dumps([self.version, release]).encode()).hexdigest()[:16]
