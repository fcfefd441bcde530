"""Settings of what may exist already: the namespace, and pods that take the place of a colour."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from teal_infra.settings.base import LabelName, LabelValue, Model, Name, ObjectName, wrong
from teal_infra.settings.metadata import Marks

NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LONGEST = 40


class Namespace(Marks):
    """The namespace that the stack keeps everything in. Its name may stand in place of the whole object.

    Where it is another team's (`create: false`), the stack makes none, changes nothing of it and leaves it, and its
    network policies are for the stack's own pods alone. A namespace that the stack made before stays.
    """

    name: Name = Field(
        default="teal",
        description="Its name.",
        json_schema_extra=wrong("the API server would refuse the namespace"),
    )
    create: bool = Field(
        default=True,
        description="Whether the stack makes the namespace, and takes it away when it is destroyed.",
        json_schema_extra=wrong("another team's namespace would be changed, or there would be none"),
        examples=["false"],
    )


def named(value: object) -> object:
    """Return the object for a name that is given instead of it.

    Raises:
        PydanticCustomError: the name is not valid; raised here, so that the error is at the text's place.
    """
    if not isinstance(value, str):
        return value
    if not NAME.fullmatch(value) or len(value) > LONGEST:
        raise PydanticCustomError(
            "namespace", "a namespace's name has at most {most} of a-z, 0-9 and -, a letter first", {"most": LONGEST}
        )
    return {"name": value}


NamespaceOrName = Annotated[Namespace, BeforeValidator(named, json_schema_input_type=Namespace | str)]


class Adopt(Model):
    """Pods that the stack does not make, in place of the release that it would make (docs/adoption.md).

    They are the pods of a Deployment that runs already and whose place a slot of the stack is to take, or of one that
    is to take the place of the stack's slots. A colour of such pods can be live, and traffic can go back to it: a flip
    to it asks for its capacity and its answers alone.
    """

    deployment: ObjectName = Field(
        description="The Deployment whose pods they are. The stack reads it, and never changes it.",
        json_schema_extra=wrong("nobody could tell how many pods there are"),
        examples=["shop"],
    )
    selector: Annotated[Mapping[LabelName, LabelValue], Field(min_length=1)] = Field(
        description=(
            "The labels by which a Service finds these pods and no other: for a Deployment that runs already, the "
            "selector of its Service."
        ),
        json_schema_extra=wrong("live traffic could reach nobody, or pods that are not meant"),
        examples=['\'{"app": "shop"}\''],
    )
