"""Settings of a slot: what is true of one release."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from infra.settings.base import EnvName, EnvValue, Model, whole_number_text


class SlotService(Model):
    """One service of one release."""

    image: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][^\s]*[:@][^\s]+$")] = Field(
        description="no pod could start: an image is repository:tag or repository@sha256:digest",
        examples=["registry.example/backend@sha256:0123abcd"],
    )
    env: Mapping[EnvName, EnvValue] = Field(
        default_factory=dict[str, str], description="the container would not see this variable", examples=["text"]
    )


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

    @property
    def services(self) -> Mapping[str, SlotService]:
        """The slot's services by name."""
        return self.__pydantic_extra__
