"""Settings of schema migrations: the commands of a service's tool, and what one release says of the schema."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self, cast

from pydantic import Field, StringConstraints, model_validator

from teal.model.plain import mapping
from teal.schema.order import Order, moving
from teal_infra.settings.base import Argument, Model, ObjectName, clash, superfluous, wrong
from teal_infra.settings.numbers import DAY, MOST_WORK_SECONDS, SLIP
from teal_infra.settings.owned import labelled
from teal_infra.settings.pod_template import PATCH, RETAIN, PodTemplate

Revision = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:@/-]*$", max_length=200)]
"""A migration's name in its tool. It has to be quoted, since YAML reads 0010 as the number 8. It has no characters that
a shell would interpret, and is not relative (`+1`), which would be another revision each time."""

Command = Annotated[tuple[Argument, ...], Field(min_length=1)]

CONTAINERS = ("up", "down", "verify")
"""The containers of a migration's pod, of which `up` and `down` are initial ones."""

_TOOL = ("python3", "-m", "workload.migrations")


class MigrationSettings(Model):
    """How a service's image migrates its database; the defaults are the reference workload's.

    Kubernetes replaces `$(SCHEMA_REVISION)` and `$(SCHEMA_PHASE)` (`expand` or `contract`) in the commands.
    docs/migrations.md says what the commands have to do.
    """

    up: Command = Field(
        default=(*_TOOL, "up", "$(SCHEMA_REVISION)", "--phase", "$(SCHEMA_PHASE)"),
        description=(
            "The command that brings the schema up to the revision `$(SCHEMA_REVISION)`, in the phase "
            "`$(SCHEMA_PHASE)`."
        ),
        json_schema_extra=wrong("the Job could not migrate, and the slot would never start"),
        examples=['["npm", "run", "migrate", "up", "$(SCHEMA_REVISION)"]'],
    )
    down: Command | None = Field(
        default=(*_TOOL, "down", "$(SCHEMA_REVISION)"),
        description=(
            "The command that takes the schema back to the revision `$(SCHEMA_REVISION)`. Null where there is none, "
            "with the reason in `downRefused`."
        ),
        json_schema_extra=wrong("a migration with no way down could not be taken back"),
        examples=['["npm", "run", "migrate", "down", "$(SCHEMA_REVISION)"]'],
    )
    down_refused: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)] | None = Field(
        default=None,
        description="Why no migration can be taken back. Whoever asks for it all the same (`schema.down`) is told.",
        json_schema_extra=wrong("nobody could tell why there is no way down"),
        examples=["'the tool has no way down'"],
    )
    revisions: tuple[Revision, ...] = Field(
        default=(),
        description=(
            "The revisions that slots name, oldest first; others between them may be left out. Without it, only what a "
            "release says of its own is known (`down` before `expand` before `contract`): what a release with other "
            "revisions needs is not, so nothing is dropped beside it, and it may not follow a contraction."
        ),
        json_schema_extra=wrong("nobody could tell which revision comes after which"),
        examples=['\'["0001", "0002"]\''],
    )
    verify: Command = Field(
        default=(*_TOOL, "verify"),
        description="The command that fails where the schema is not what its migrations say.",
        json_schema_extra=wrong("nobody would look whether the schema is what the migrations say"),
        examples=['["npm", "run", "migrate", "verify"]'],
    )
    backoff_limit: Annotated[int, Field(ge=0, le=20, json_schema_extra=SLIP)] = Field(
        default=3,
        description=(
            "How often a migration that failed is tried again. Kubernetes waits 10 s, 20 s, 40 s between the tries."
        ),
        json_schema_extra=wrong(
            "a database that is away for a moment would end the update, or hold it for hours",
            source="teal: Kubernetes' 6 would wait longer than `deadlineSeconds`",
            unit="tries",
        ),
    )
    deadline_seconds: Annotated[int, Field(ge=1, le=MOST_WORK_SECONDS, json_schema_extra=DAY)] = Field(
        default=600,
        description="How long all tries may take together.",
        json_schema_extra=wrong(
            "a migration that hangs would hold the update for ever",
            source="teal: as a rollout's `progressDeadlineSeconds`",
        ),
    )
    secrets: tuple[ObjectName, ...] = Field(
        default=(),
        description=(
            "Secrets whose entries are the migration's environment beside the slot's: an account that may change the "
            "schema, for example."
        ),
        json_schema_extra=wrong("the API server would refuse the Job"),
        examples=['["backend-owner"]'],
    )
    config_maps: tuple[ObjectName, ...] = Field(
        default=(),
        description="ConfigMaps whose entries are the migration's environment beside the slot's.",
        json_schema_extra=wrong("the API server would refuse the Job"),
        examples=['["backend-owner"]'],
    )

    pod_template: PodTemplate = Field(
        default=PodTemplate(),
        description=(
            "What else the Jobs' pods are made of, merged as a service's `podTemplate` is. Their containers are `up` or"
            " `down`, which is an initial one (`initContainers`), and `verify`. Other initial ones come before `up`, "
            "unless they are listed after it."
        ),
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.down is None and self.down_refused is None:
            raise clash("downRefused", "down is null, and nothing says why", remedy="REASON")
        if "up" in self.model_fields_set and not {"down", "down_refused"} & self.model_fields_set:
            none = "there is no down: a migration with no down is refused, unless downRefused says why"
            raise clash("downRefused", f"up is set, and {none}", remedy="REASON")
        if "up" in self.model_fields_set and "verify" not in self.model_fields_set:
            none = "there is no verify: that of the reference workload would not be in the image"
            raise clash("verify[0]", f"up is set, and {none}", remedy="COMMAND")
        if "down" in self.model_fields_set and self.down and self.down_refused:
            what = "downRefused says why there is no way down, and down is one"
            raise superfluous("downRefused", what, "an update that asks for the way down would be refused")
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        twice = next((each for each in self.revisions if self.revisions.count(each) > 1), None)
        unfit = next(filter(moving, self.revisions), twice)
        if unfit:
            why = "is there twice" if unfit == twice else "is another revision in each image"
            raise superfluous("revisions", f"{unfit} {why}", "nobody could tell what comes after what")
        return self

    @model_validator(mode="after")
    def _owned(self) -> Self:
        for field, what in _not_theirs(self.pod_template.model_dump(exclude_unset=True)):
            raise superfluous(f"podTemplate.{field}", what, "the migrations would not run, or nobody would find them")
        return self


def _not_theirs(template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a template of a Job's pods sets although it is teal's: where, and what it is."""
    metadata, spec = mapping(template.get("metadata")), mapping(template.get("spec"))
    for name, part in (("metadata", metadata), ("spec", spec)):
        if {PATCH, RETAIN} & part.keys():
            yield name, "it takes away what teal's pods have"
    if any(labelled(metadata, ("labels",))):
        yield "metadata.labels", "among them are labels by which teal finds the Job's pods"
    for name in ("serviceAccountName", "serviceAccount", "restartPolicy"):
        if name in spec:
            yield f"spec.{name}", "it is teal's: the service's account, and Never"
    for kind in ("initContainers", "containers"):
        given: object = spec.get(kind, [])
        for each in map(mapping, cast("list[object]", given)) if isinstance(given, list) else [{PATCH: "replace"}]:
            if PATCH in each or (each.get("name") in CONTAINERS and {"image", "command", "args"} & each.keys()):
                yield f"spec.{kind}", f"the containers {', '.join(CONTAINERS)} run the slot's image and the tool"


class SchemaSettings(Model):
    """What one release says of the schema; what its fields mean together is in docs/migrations.md."""

    expand: Revision = Field(
        description=(
            "The revision from which on the release works, as its tool calls it: it is applied before the release's "
            "pods start. `head` is the last one that the image has, and says nothing of what other releases need."
        ),
        json_schema_extra=wrong("nobody could tell which migrations have to run before the release"),
        examples=['"0002"'],
    )
    contract: Revision | None = Field(
        default=None,
        description=(
            "The revision up to which the release does without what migrations drop: it is applied once the release is"
            " live and nobody else needs that."
        ),
        json_schema_extra=wrong("what is no longer needed would never be dropped"),
        examples=['"0003"'],
    )
    down: Revision | None = Field(
        default=None,
        description="The revision to which the schema is taken back. The slot has to be retired for it.",
        json_schema_extra=wrong("what the release's migrations did would not be taken back"),
        examples=['"0001"'],
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        require_ordered((), self, "")
        return self


def require_ordered(listed: tuple[str, ...], said: SchemaSettings, at: str) -> None:
    """Refuse a release whose revisions are not in the order that they need.

    Args:
        listed: all of the service's revisions, the oldest first; empty where it lists none.
        said: the release's settings.
        at: where they are, as the start of a field's path.

    Raises:
        PydanticCustomError: the message names the first problem; its field is where to mend it.
    """
    chain = (said.down, said.expand, said.contract)
    for field, revision in (("contract", said.contract), ("down", said.down)):
        if revision is None:
            continue
        what = None
        if moving(revision):
            what = f"{field} {revision} is another revision in each image, and nobody knows what others need of it"
        elif field == "contract" and moving(said.expand):
            what = f"expand {said.expand} is all that the image has, so nothing is left to contract"
        elif revision == said.expand or (listed and Order(listed, chain).contradiction):
            way = "contract {} does not come after" if field == "contract" else "down {} does not come before"
            what = f"{way.format(revision)} expand {said.expand}"
        if what:
            raise clash(f"{at}{field}", what, mend={f"{at}{field}": None})


def require_known(listed: tuple[str, ...], said: SchemaSettings, service: str) -> None:
    """Refuse a revision that is not in the service's list: where there is one, it gives the order.

    Raises:
        PydanticCustomError: the message names the first; its field is the end of the list.
    """
    for revision in (said.down, said.expand, said.contract):
        if listed and revision and not moving(revision) and revision not in listed:
            at = f"services.{service}.migrations.revisions"
            raise clash(f"{at}[{len(listed)}]", f"{at} leaves out {revision}", remedy=revision)
