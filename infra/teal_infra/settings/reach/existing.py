"""Settings of what may be there already: the namespace, and pods that stand in the place of a colour."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from teal.model.routes import RouterKind
from teal_infra import labels
from teal_infra.settings.base import LabelName, LabelValue, Model, Name, wrong
from teal_infra.settings.metadata import Marks
from teal_infra.settings.owned import mapping

if TYPE_CHECKING:  # they are made of what is here
    from teal_infra.settings import Settings

NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LONGEST = 40
ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]


class Namespace(Marks):
    """The namespace that the stack keeps everything in. Its name may stand in place of the whole object.

    Where it is another team's (`create: false`), the stack makes none, changes nothing of it and leaves it, and its
    network policies are for the stack's own pods alone. A namespace that the stack made before stays.
    """

    name: Name = Field(
        default="teal",
        description="Its name.",
        json_schema_extra=wrong("the API server would refuse the namespace"),
        examples=["teal"],
    )
    create: bool = Field(
        default=True,
        description="Whether the stack makes the namespace, and takes it away when it is destroyed.",
        json_schema_extra=wrong("another team's namespace would be changed, or there would be none"),
        examples=["false"],
    )


def named(value: object) -> object:
    """A name in place of the object.

    Raises:
        PydanticCustomError: it is none; said here, the place of the error is that of the text.
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
    """Pods that the stack does not make, in place of the release that it would (docs/adoption.md).

    Of a Deployment that runs already, whose place a slot of the stack's is to take; or of one that is to take the
    place of the stack's slots. A colour of such pods can be live, and is what traffic goes back to: all that a flip
    to it asks is its capacity and its answers.
    """

    deployment: ObjectName = Field(
        description="The Deployment whose pods they are. The stack reads it, and never changes it.",
        json_schema_extra=wrong("nobody could tell how many pods there are"),
        examples=["shop"],
    )
    selector: Annotated[Mapping[LabelName, LabelValue], Field(min_length=1)] = Field(
        description=(
            "The labels by which a Service finds these pods and no other: of a Deployment that runs, the selector that "
            "its Service has."
        ),
        json_schema_extra=wrong("live traffic could reach nobody, or pods that are not meant"),
        examples=['\'{"app": "shop"}\''],
    )


def require_adoptable(settings: "Settings") -> None:
    """Refuse pods in place of a colour where what the stack makes would take their traffic, or them, away.

    Raises:
        PydanticCustomError: names the first problem; its field is where to mend it.
    """
    for name, (colour, adopt) in settings.adopted.items():
        where, slot, other = f"{colour}.{name}.adopt", settings.slot(colour), settings.slot(colour.other)
        if other is not None and name in other.services and other.services[name].adopt is not None:
            what = f"both colours of {name} adopt, and none would be a release of the stack's"
            raise PydanticCustomError("effectless", "{what}", {"field": f"{colour.other}.{name}.adopt", "what": what})
        if settings.router is not RouterKind.SERVICE:
            raise _clash("router", f"router is {settings.router}, and {where} is what a Service's selector leads to")
        if slot is not None and slot.state != "running":
            raise _clash(f"{colour}.state", f"the stack does not make the pods of {where}, so it cannot end them")
        if settings.place.create:
            name_it = json.dumps({"name": settings.namespace, "create": False})
            raise _clash(
                "namespace",
                f"the stack makes {settings.namespace}: its network policies would cut off the pods of {where}",
                remedy=f"'{name_it}'",
            )
        its = dict(labels.coloured(name, colour.other, other.version if other else ""))
        templates = [settings.services[name].pod_template, *([other.services[name].pod_template] if other else [])]
        for each in templates:
            its |= mapping((each.metadata or {}).get("labels"))
        if its.items() >= adopt.selector.items():
            what = (
                f"the stack's own pods of {name} have all of these labels, too: they would get live traffic unproven. "
                f"Have the selector of Service {name} name one more that the pods of {adopt.deployment} alone have"
            )
            raise _clash(f"{where}.selector.KEY", what, remedy="VALUE")


def _clash(field: str, what: str, **more: str) -> PydanticCustomError:
    return PydanticCustomError("clash", "{what}", {"field": field, "what": what, **more})
