"""Labels and annotations of a service's objects, by which others know them: a cloud, a controller, a team."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from teal_infra.settings.base import EnvValue, LabelName, LabelValue, Model, wrong
from teal_infra.settings.owned import Refusal, labelled, mapping


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


class Metadata(Model):
    """What a service's objects are marked with. The pods' own marks are in `podTemplate.metadata`."""

    deployment: Marks = Field(default=Marks(), description="Of the Deployment of each colour.")
    service_account: Marks = Field(
        default=Marks(), description="Of the account that the pods run as: an IAM role's annotation, for instance."
    )
    front_door: Marks = Field(
        default=Marks(), description="Of the active Service of `router: service`: a load balancer's annotations."
    )
    ingress: Marks = Field(
        default=Marks(), description="Of the Ingress: what cert-manager and external-dns go by, for instance."
    )


def refusals(metadata: object) -> Iterator[Refusal]:
    """Keys of a service's raw `metadata` that are teal's."""
    for name, marks in mapping(metadata).items():
        yield from (each.below(name) for each in labelled(marks, ("labels", "annotations")))
