"""Settings of what is mounted into a service's container: scratch space, claims, Secrets and ConfigMaps that exist."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from teal_infra.settings.base import TWICE, Model, Name, ObjectName, Path, Quantity, superfluous, wrong

SCRATCH = "1Gi"
"""The size of an emptyDir that names none: the kubelet evicts a pod that fills it, before it has filled its node."""

TMP = "tmp"
"""The name of the volume at `/tmp`, which every container has."""

_SOURCES = ("size", "claim", "secret", "configMap")


class Volume(Model):
    """What is mounted, and where. Without `claim`, `secret` and `configMap` it is an empty folder of the pod's own."""

    mount_path: Path = Field(
        description="The folder in the container.",
        json_schema_extra=wrong("the container could not find its files"),
        examples=["/app/.next/cache"],
    )
    read_only: bool = Field(
        default=False,
        description="Whether the container may only read it.",
        json_schema_extra=wrong("the container could change what it is to read, or could not write"),
        examples=["true"],
    )
    size: Quantity | None = Field(
        default=None,
        description=f"How much an empty folder may hold; {SCRATCH} where it is not said.",
        json_schema_extra=wrong(
            "the API server would refuse the pods", source="teal: twice the memory that a pod asks for", unit="bytes"
        ),
        examples=["512Mi"],
    )
    claim: ObjectName | None = Field(
        default=None,
        description=(
            "The PersistentVolumeClaim in the namespace. Pods of both colours mount it at the same time, so its volume "
            "has to allow that (ReadWriteMany)."
        ),
        json_schema_extra=wrong("no pod could start"),
        examples=["uploads"],
    )
    secret: ObjectName | None = Field(
        default=None,
        description="The Secret in the namespace; its keys are the files. It is not teal's, which notices no change.",
        json_schema_extra=wrong("no pod could start"),
        examples=["certificates"],
    )
    config_map: ObjectName | None = Field(
        default=None,
        description="The ConfigMap in the namespace; as with `secret`.",
        json_schema_extra=wrong("no pod could start"),
        examples=["rules"],
    )

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        given = [key for key in _SOURCES if self.model_dump(by_alias=True)[key] is not None]
        if len(given) > 1:
            what = f"{' and '.join(given)} are given, and a volume is one of them"
            raise superfluous(given[-1], what, "the API server would refuse the pods")
        return self


def _apart(volumes: Mapping[str, Volume]) -> Mapping[str, Volume]:
    taken: dict[str, str] = {}
    for name, each in volumes.items():
        path = each.mount_path.rstrip("/") or "/"
        if path == "/tmp" and name != TMP:  # noqa: S108 - the container's own
            raise superfluous(name, f"the volume at /tmp is called {TMP}", TWICE)
        if path != "/tmp" and name == TMP:  # noqa: S108 - as above
            what = f"{TMP} is the volume at /tmp: give this one another name"
            raise superfluous(name, what, "the container could not write to /tmp")
        if path == "/":
            raise superfluous(name, "the folder is all that the image has", "no container could start")
        if path in taken:
            what = f"{path} is where {taken[path]} is mounted, too"
            raise superfluous(name, what, "the API server would refuse the pods")
        taken[path] = name
    return volumes


Volumes = Annotated[Mapping[Name, Volume], AfterValidator(_apart)]
