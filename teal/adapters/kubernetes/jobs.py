"""Reads the Jobs that migrate schemas and how each ended, and runs a copy of one that only verifies the schema."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from secrets import token_hex
from typing import Any

import httpx2
from pydantic import Field

from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.objects import Object
from teal.adapters.kubernetes.workloads import Condition, PodStatus
from teal.model.errors import RefusedError, UnreachableError
from teal.model.labels import COLOUR_LABEL, COMPONENT_LABEL, NAME_LABEL, VERSION_LABEL

SELECTOR = f"{COMPONENT_LABEL}=migrations"
POLL_SECONDS = 1.0
RESERVE_SECONDS = 60.0
"""How long its controller has, beyond a Job's own deadline, to report that the deadline has passed."""

KEPT_SECONDS = 600
"""How long a finished verifying Job is kept, with its pod's log."""

_MOVES = frozenset(("up", "down"))
_OF_ITS_JOB = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")
"""The labels that the API server adds to a Job's pods. Another Job gets its own."""


class Became(StrEnum):
    """The result of a Job so far."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class _Metadata(Object):
    name: str = ""
    labels: Mapping[str, str] = Field(default_factory=dict[str, str])
    creation_timestamp: str = ""


class _Status(Object):
    conditions: Sequence[Condition] = ()


class _Spec(Object):
    active_deadline_seconds: int = 600
    template: Mapping[str, Any] = Field(default_factory=dict[str, Any])


class MigrationJob(Object):
    """A `batch/v1` Job that migrates a schema."""

    metadata: _Metadata
    spec: _Spec = _Spec()
    status: _Status = _Status()

    @property
    def service(self) -> str:
        """The service whose schema the Job migrates."""
        return self.metadata.labels.get(NAME_LABEL, "").removesuffix("-migrations")

    @property
    def colour(self) -> str:
        """The colour of the release whose image the Job runs."""
        return self.metadata.labels.get(COLOUR_LABEL, "")

    @property
    def version(self) -> str:
        """The version of that release."""
        return self.metadata.labels.get(VERSION_LABEL, "")

    @property
    def phase(self) -> str:
        """The phase: `expand`, `contract` or `down`."""
        return self._variable("SCHEMA_PHASE")

    @property
    def revision(self) -> str:
        """The revision that the schema is migrated to."""
        return self._variable("SCHEMA_REVISION")

    @property
    def became(self) -> Became:
        """Whether the Job is still running, and how it ended."""
        held = {each.type for each in self.status.conditions if each.status == "True"}
        return Became.SUCCEEDED if "Complete" in held else Became.FAILED if "Failed" in held else Became.RUNNING

    @property
    def why(self) -> str:
        """What the Job's controller says about how it ended."""
        return next((each.message for each in self.status.conditions if each.status == "True" and each.message), "")

    def verifying(self, name: str) -> Mapping[str, Any]:
        """Return a Job with the same pods but without the containers that change the schema: it verifies once."""
        spec = self.spec.template.get("spec", {})
        first = [each for each in self._first if each.get("name") not in _MOVES]
        metadata = self.spec.template.get("metadata", {})
        marks = {key: each for key, each in metadata.get("labels", {}).items() if key not in _OF_ITS_JOB}
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "labels": marks},
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": self.spec.active_deadline_seconds,
                "ttlSecondsAfterFinished": KEPT_SECONDS,
                "template": {"metadata": {**metadata, "labels": marks}, "spec": {**spec, "initContainers": first}},
            },
        }

    @property
    def moves(self) -> bool:
        """Whether the Job changes the schema; one that only verifies does not."""
        return any(each.get("name") in _MOVES for each in self._first)

    @property
    def _first(self) -> Sequence[Mapping[str, Any]]:
        return self.spec.template.get("spec", {}).get("initContainers", [])

    def _variable(self, name: str) -> str:
        containers: Sequence[Mapping[str, Any]] = self.spec.template.get("spec", {}).get("containers", [])
        known = (each for container in containers for each in container.get("env", []))
        return next((str(each.get("value", "")) for each in known if each["name"] == name), "")


class _Pod(Object):
    status: PodStatus = PodStatus()


async def migrations(cluster: Cluster) -> Sequence[MigrationJob]:
    """Return the migration Jobs of the namespace, the newest first, without those that only verify.

    Raises:
        UnreachableError: the API server could not be asked.
    """
    found = await cluster.listed(_path(cluster), MigrationJob, SELECTOR)
    return sorted(
        (each for each in found if each.moves), key=lambda each: each.metadata.creation_timestamp, reverse=True
    )


async def verify(cluster: Cluster, like: MigrationJob) -> str:
    """Run a Job that verifies the schema as the given Job did, and return the last lines of its tool.

    Raises:
        RefusedError: the schema is not what its migrations say, or the Job did not end in time.
        UnreachableError: the API server could not be asked, or this account may not create Jobs.
    """
    name = f"{like.service}-{like.colour}-verify-{token_hex(3)}"
    became, said = await run(cluster, like.verifying(name), "verify the schema")
    if became is Became.SUCCEEDED:
        return said
    raise RefusedError(
        f"Job {name}, which verifies the schema of {like.service} with {like.colour} {like.version}, failed: "
        f"{said or 'it has not ended'}. It changed nothing. Next: kubectl -n {cluster.namespace} logs job/{name} "
        "--all-containers"
    )


async def run(cluster: Cluster, body: Mapping[str, Any], what_for: str) -> tuple[Became, str]:
    """Run a Job until it ends or its time is over; return its result, and what its pod, or else the Job, said.

    Raises:
        UnreachableError: the API server could not be asked, or this account may not create Jobs.
    """
    name, seconds = body["metadata"]["name"], body["spec"]["activeDeadlineSeconds"]
    await _create(cluster, body, what_for)
    waited = 0.0
    while True:
        found = await cluster.read(f"{_path(cluster)}/{name}", MigrationJob)
        became = found.became if found else Became.FAILED
        if became is not Became.RUNNING or waited > seconds + RESERVE_SECONDS:
            why = found.why if found else "it is gone"
            return became, await _said(cluster, name) or (why if became is Became.FAILED else "")
        await asyncio.sleep(POLL_SECONDS)
        waited += POLL_SECONDS


async def _create(cluster: Cluster, body: Mapping[str, Any], what_for: str) -> None:
    try:
        response = await cluster.http.post(
            _path(cluster), content=json.dumps(body), headers={"Content-Type": "application/json"}
        )
    except httpx2.TransportError as error:
        raise UnreachableError(
            f"the API server did not answer ({type(error).__name__}: {error}), so no Job could {what_for}. Next: "
            "kubectl cluster-info"
        ) from None
    if not response.is_success:
        raise UnreachableError(
            f"the API server answered {response.status_code} to a Job that would {what_for}, so none did: "
            f"{response.text[:300]}. Next: kubectl -n {cluster.namespace} auth can-i create jobs"
        )


async def _said(cluster: Cluster, job: str) -> str:
    """Return the last lines that the Job's tool wrote."""
    path = f"/api/v1/namespaces/{cluster.namespace}/pods"
    pods = await cluster.listed(path, _Pod, f"batch.kubernetes.io/job-name={job}")
    ended = [
        each.state.terminated.message.strip()
        for pod in pods
        for each in (*pod.status.init_container_statuses, *pod.status.container_statuses)
        if each.state.terminated
    ]
    return next((each for each in reversed(ended) if each), "")


def _path(cluster: Cluster) -> str:
    return f"/apis/batch/v1/namespaces/{cluster.namespace}/jobs"
