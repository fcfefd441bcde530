"""What all settings are made of: frozen models, and names, numbers and texts with their bounds."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel


def env_text(value: object) -> object:
    """YAML's true and 8 become what a process sees: `true` and `8`."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def whole_number_text(value: object) -> object:
    """`config set --path` turns 42 into a number; as a version it is text. 1.10 is refused: it has become 1.1."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=40)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
LabelName = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
]
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")]
Percent = Annotated[int, Field(ge=1, le=100)]
Seconds = Annotated[int, Field(ge=0, le=3600)]
Path = Annotated[str, StringConstraints(pattern=r"^/")]
Quantity = Annotated[str, BeforeValidator(env_text), StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(m|[kMGT]i?)?$")]
EnvValue = Annotated[str, BeforeValidator(env_text)]
Image = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][^\s]*[:@][^\s]+$")]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Model(BaseModel):
    """An object of the config: camelCase keys, none unknown, nothing that changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
