"""Settings of a slot: what is true of one release."""

import json
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from infra.settings.base import EnvName, EnvValue, Image, Model, whole_number_text
from infra.settings.migrations import SchemaSettings


class SlotService(Model):
    """One service of one release."""

    image: Image = Field(
        description="no pod could start: an image is repository:tag or repository@sha256:digest",
        examples=["registry.example/backend@sha256:0123abcd"],
    )
    env: Mapping[EnvName, EnvValue] = Field(
        default_factory=dict[str, str], description="the container would not see this variable", examples=["text"]
    )
    secrets: Mapping[EnvName, Annotated[str, Field(min_length=1)]] = Field(
        repr=False,
        default_factory=dict[str, str],
        description="the container would not see this variable",
        examples=["--secret"],
    )
    """Environment variables from a Secret; encrypt them in the stack file (`config set --path --secret`)."""
    database: SchemaSettings | None = Field(
        default=None,
        alias="schema",
        description="nobody could tell which migrations the release needs",
        examples=['\'{"expand": "0001"}\''],
    )
    """What the release says of the database's schema: key `schema`."""


class State(StrEnum):
    """What a colour is doing, as declared."""

    RUNNING = "running"
    """Live, or idle and warm: promotable at once."""
    RETIRED = "retired"
    """Scaled to zero, once the other colour is confirmed and has settled."""
    STOPPED = "stopped"
    """Scaled to zero at once, without the settle time: the zero-downtime guide's emergency scale-down. Never for the
    live colour."""


class Slot(BaseModel):
    """One colour's release: its version, and an image and environment for each service."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, SlotService]  # pyright: ignore[reportIncompatibleVariableOverride]  # pydantic's way to type extras

    version: Annotated[
        str,
        BeforeValidator(whole_number_text),
        StringConstraints(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"),
    ] = Field(
        description="nobody could tell which release answers (quote it: YAML reads 1.10 as the number 1.1)",
        examples=['"1.4.2"'],
    )

    state: State = Field(
        default=State.RUNNING, description="teal would not know whether this colour is to run", examples=["running"]
    )

    @property
    def services(self) -> Mapping[str, SlotService]:
        """The slot's services by name."""
        return self.__pydantic_extra__

    @property
    def digest(self) -> str:
        """Of what the release is, secrets left out: a digest of few characters would give them away."""
        release = {name: each.model_dump_json(exclude={"secrets"}) for name, each in sorted(self.services.items())}
        return sha256(json.dumps([self.version, release]).encode()).hexdigest()[:16]
