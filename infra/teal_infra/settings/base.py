"""Defines what all settings are made of: frozen models, and names, numbers and texts with their bounds."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    JsonValue,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)? [-+][0-9]{4} \S+")
"""What Pulumi makes of a date that is not quoted."""


def number_text(value: object) -> object:
    """Return YAML's true and 8 as a process sees them: `true` and `8`."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def env_text(value: object) -> object:
    """Return the same as `number_text`, unless YAML has made another value of what was written.

    Raises:
        PydanticCustomError: it has, so that pods would get another text.
    """
    if isinstance(value, float):
        raise _unquoted("quote it: YAML reads 1.10 as the number 1.1, and 0755 as 493")
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        raise _unquoted("quote it: YAML reads a date as a moment, which is written in another way")
    return number_text(value)


def _unquoted(what: str) -> PydanticCustomError:
    return PydanticCustomError("unquoted", "{what}", {"what": what, "consequence": "pods would get another text"})


def whole_number_text(value: object) -> object:
    """Return a version that `config set --path` made a number as text: 42. 1.10 is refused, since it has become 1.1."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def without_plus(value: object) -> object:
    """Return a version or an image's name as it is.

    Raises:
        PydanticCustomError: it has the + of semantic versioning's build metadata.
    """
    if isinstance(value, str) and "+" in value:
        what = "it has a +, which Kubernetes takes in no label and a registry in no tag: write _ instead, as Helm does"
        raise PydanticCustomError("plus", "{what}", {"what": what})
    return value


ENCRYPTED = "[encrypted]"
"""The text that stands in for a value of a stack file which only Pulumi can decrypt."""

CONSEQUENCE, SOURCE, BOUNDS, UNIT = "x-consequence", "x-source", "x-bounds", "x-unit"
"""The keys of a field's JSON Schema for what a wrong value would have caused, where its default and its bounds come
from, and the unit of a number whose name says none."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=40)]
DNS = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
"""A DNS subdomain, as Kubernetes has it."""
ObjectName = Annotated[str, StringConstraints(pattern=rf"^{DNS}$", max_length=253)]
"""The name of an object that the stack does not make."""
LabelName = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
]
LabelValue = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"),
    BeforeValidator(env_text),
]
Path = Annotated[str, StringConstraints(pattern=r"^/")]
Quantity = Annotated[
    str, BeforeValidator(number_text), StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(m|[kMGTPE]|[KMGTPE]i)?$")
]

EnvValue = Annotated[str, BeforeValidator(env_text)]
Argument = EnvValue
"""An argument of a command; `pulumi config set --path` makes a number of `4`, which may be meant, as in `["-w", 4]`."""
_HOST = r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*"
_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"(({_HOST}|\[[0-9a-f:]+\])(:[0-9]+)?/)?{_PART}(/{_PART})*")
"""A registry's host and the name of what it keeps, as the OCI distribution specification has them."""
_TAG = r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"


def _in_repository(image: str) -> str:
    repository = re.sub(rf"({_TAG})?(@.*)?$", "", image)
    if not _REPOSITORY.fullmatch(repository):
        what = f"{repository} is no repository: after its registry, it has parts of small letters, digits and ._- alone"
        raise PydanticCustomError("image", "{what}", {"what": what})
    return image


Image = Annotated[
    str,
    StringConstraints(pattern=rf"^[^\s@]+({_TAG}|({_TAG})?@(sha256:[0-9a-f]{{64}}|sha512:[0-9a-f]{{128}}))$"),
    AfterValidator(_in_repository),
    BeforeValidator(without_plus),
]
"""An image by tag or by complete digest, with one of the OCI image specification's registered algorithms."""

EnvName = Annotated[str, StringConstraints(pattern=r"^([-A-Za-z_]|\.[-A-Za-z0-9_])[-A-Za-z0-9_.]*$", max_length=253)]
"""The name of a variable, as Kubernetes has it: with dots and hyphens, too (`spring.profiles.active`)."""


def wrong(consequence: str = "", *, source: str = "", unit: str = "") -> dict[str, JsonValue]:
    """Return a field's `json_schema_extra`.

    Args:
        consequence: what a wrong value would have caused, which a refusal quotes; empty where its parts say so.
        source: where its default comes from: a product, a guide of docs/sources.md, a measurement, or teal, and why.
        unit: the unit of a number, where its name does not say it.
    """
    given = {CONSEQUENCE: consequence, SOURCE: source, UNIT: unit}
    return {key: each for key, each in given.items() if each}


TWICE = "nobody could tell the two apart"
"""What a second thing of the same name would cause."""


def clash(field: str, what: str, **how: object) -> PydanticCustomError:
    """Return the error of settings that do not go together.

    Args:
        field: the one to change, from the object that is validated.
        what: what is wrong, with the values seen.
        how: what changes it: its `remedy`, or all that has to be set (None: removed) as `mend`; and its `consequence`,
            if the field does not say that.
    """
    context: dict[str, Any] = {"field": field, "what": what, **how}
    return PydanticCustomError("clash", "{what}", context)


def superfluous(field: str, what: str, consequence: str, *also: str) -> PydanticCustomError:
    """Return the error of a setting that has to go: what is wrong, and what it would cause. Its command removes it.

    Args:
        field: its place, from the object that is validated.
        what: what is wrong, with the values seen.
        consequence: what it would have caused.
        also: further settings that go with it, since they would be wrong without it.
    """
    return clash(field, what, consequence=consequence, mend=dict.fromkeys((field, *also)))


def said(field: FieldInfo, key: str) -> str:
    """Return what a field's `json_schema_extra` says under a key; empty where it says nothing."""
    extra = field.json_schema_extra
    return str(cast("Mapping[str, object]", extra).get(key, "")) if isinstance(extra, dict) else ""


class Model(BaseModel):
    """An object of the config: frozen, with camelCase keys and no unknown ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Parts(Model):
    """An object whose parts have defaults: what is given of a part overrides that much, not the whole part."""

    whole: ClassVar[frozenset[str]] = frozenset()
    """The names of the parts that are overridden as a whole."""

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        given = cast("Mapping[str, object]", data)
        merged = dict(given)
        for name, field in cls.model_fields.items():
            key, default = field.alias or name, field.default
            part = given.get(key)
            if name not in cls.whole and isinstance(default, Model) and isinstance(part, Mapping):
                merged[key] = {**default.model_dump(by_alias=True, exclude_unset=True), **part}
        return merged
