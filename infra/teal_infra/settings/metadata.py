"""Settings of the labels and annotations of a service's objects, by which clouds, controllers and teams know them."""

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from teal.model.plain import mapping
from teal_infra.settings.base import EnvValue, LabelName, LabelValue, Model, ObjectName, superfluous, wrong
from teal_infra.settings.owned import Refusal, labelled


class Marks(Model):
    """Labels and annotations of one object, beside teal's own."""

    labels: Mapping[LabelName, LabelValue] = Field(
        default_factory=dict[str, str],
        description="Labels, by key.",
        json_schema_extra=wrong("the API server would refuse the object"),
        examples=["shop"],
    )
    annotations: Mapping[LabelName, EnvValue] = Field(
        default_factory=dict[str, str],
        description="Annotations, by key.",
        json_schema_extra=wrong("the API server would refuse the object"),
        examples=["text"],
    )


class AccountMarks(Marks):
    """The account that the pods run as."""

    name: ObjectName | None = Field(
        default=None,
        description=(
            "Its name. By default it is the service's; another one is needed where an account of that name is somebody "
            "else's."
        ),
        json_schema_extra=wrong("somebody else's account would be changed"),
        examples=["shop-teal"],
    )
    create: bool = Field(
        default=True,
        description=(
            "Whether the stack makes it. With false, it is there already, or another service of the stack makes it; "
            "`name` says which one it is. An account that the stack has made goes once it is set to false."
        ),
        json_schema_extra=wrong("somebody else's account would be changed, or there would be none"),
        examples=["false"],
    )

    @model_validator(mode="after")
    def _somebody_elses(self) -> Self:
        if self.create:
            return self
        if self.name is None:
            raise PydanticCustomError(
                "clash",
                "create is false, and no name says which account exists",
                {"field": "name", "remedy": "default"},
            )
        marks = next((each for each in MARKS if getattr(self, each)), None)
        if marks:
            raise superfluous(marks, "the stack does not make the account (create)", "it would have no effect")
        return self


class Metadata(Model):
    """The labels and annotations of a service's objects. Those of its pods are in `podTemplate.metadata`."""

    deployment: Marks = Field(default=Marks(), description="The marks of the Deployment of each colour.")
    service_account: AccountMarks = Field(
        default=AccountMarks(),
        description="The account that the pods run as, and its marks: an IAM role's annotation, for instance.",
    )
    front_door: Marks = Field(
        default=Marks(),
        description="The marks of the active Service of `router: service`: a load balancer's annotations.",
    )
    preview_door: Marks = Field(default=Marks(), description="The marks of the Service of each colour.")
    ingress: Marks = Field(
        default=Marks(), description="The marks of each Ingress: cert-manager and external-dns read them, for instance."
    )
    route: Marks = Field(default=Marks(), description="The marks of the HTTPRoute of `router: gateway`.")


MARKS = ("labels", "annotations")


def refusals(metadata: object) -> Iterator[Refusal]:
    """Yield the keys of a service's raw `metadata` that are teal's."""
    for name, marks in mapping(metadata).items():
        yield from (each.below(name) for each in labelled(marks, MARKS))
