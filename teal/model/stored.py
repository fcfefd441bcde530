"""The base of what is stored and shown as JSON. No I/O."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """The base of all that is stored as JSON: frozen, with camelCase keys. Keys that it does not know are ignored."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)
