"""Hands the schedule of a cron job from one colour to the other, by both CronJobs' `suspend` and their last start.

A CronJob that is no longer suspended starts at once what it has missed: the last start that was due since its
`status.lastScheduleTime`, or since it was made (Kubernetes 1.34, pkg/controller/cronjob). Where a colour was idle, the
other colour has run that start. So the colour that comes is told how far the other one has got: nothing is run twice,
and it runs what fell due while neither ran.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from teal.adapters.kubernetes import workloads
from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.merge_patch import merge_patch
from teal.adapters.kubernetes.objects import why
from teal.model.colours import Colour
from teal.model.errors import UnreachableError
from teal.model.labels import COLOUR_LABEL, NAME_LABEL, VERSION_LABEL
from teal.model.live import LiveSlot

SETTLE_SECONDS = 2.0
"""How long a controller that has not heard of the suspension yet may still make the Job of a start that was due."""


async def slots(cluster: Cluster, services: Iterable[str]) -> Mapping[tuple[str, Colour], LiveSlot]:
    """Return the slots of cron jobs whose colour has a CronJob; nothing is asked where there is no cron job.

    Raises:
        UnreachableError: the API server did not answer, or not with 200 or 404.
    """
    names = [(service, colour) for service in services for colour in Colour]
    found = await asyncio.gather(*(_read(cluster, *each) for each in names))
    return {name: _slot(each) for name, each in zip(names, found, strict=True) if each is not None}


async def hand_over(cluster: Cluster, service: str, colour: Colour) -> None:
    """Suspend the other colour's CronJob, and make sure that this one's, once it runs, runs nothing a second time.

    A Job of the other colour that is running goes on to its end.

    Raises:
        UnreachableError: the API server did not answer, or refused.
    """
    mine, other = await asyncio.gather(*(_read(cluster, service, each) for each in (colour, colour.other)))
    comes = mine is not None and mine.spec.suspend
    if comes:  # an account that may not patch it learns so before anything is suspended
        await _patch(cluster, service, colour, "/status", {}, dry_run=True)
    if other is not None and not other.spec.suspend:
        await _patch(cluster, service, colour.other, "", {"spec": {"suspend": True}})
        await asyncio.sleep(SETTLE_SECONDS)
    if comes:
        last = await _last_start(cluster, service, colour)
        status = {"lastScheduleTime": last.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        await _patch(cluster, service, colour, "/status", {"status": status})


async def resume(cluster: Cluster, service: str, colour: Colour) -> None:
    """Let a colour's CronJob run its schedule.

    Raises:
        UnreachableError: the API server did not answer, or refused.
    """
    found = await _read(cluster, service, colour)
    if found is not None and found.spec.suspend:
        await _patch(cluster, service, colour, "", {"spec": {"suspend": False}})


async def _last_start(cluster: Cluster, service: str, colour: Colour) -> datetime:
    """Return when the last due start was made, by both CronJobs and the Jobs of the colour that is followed.

    Where the controller's update of a CronJob crossed the suspension, the API server has not taken it; its Job is there
    all the same. Where nothing was ever started it is now: no earlier start is made up for.
    """
    left = f"{NAME_LABEL}={service},{COLOUR_LABEL}={colour.other}"
    *found, jobs = await asyncio.gather(
        _read(cluster, service, colour),
        _read(cluster, service, colour.other),
        cluster.listed(f"/apis/batch/v1/namespaces/{cluster.namespace}/jobs", workloads.Job, left),
    )
    said = [each.status.last_schedule_time for each in found if each is not None]
    seen = [each.metadata.creation_timestamp for each in jobs]
    return max(filter(None, [*said, *seen]), default=datetime.now(UTC))


async def _read(cluster: Cluster, service: str, colour: Colour) -> workloads.CronJob | None:
    return await cluster.read(_path(cluster, service, colour), workloads.CronJob)


def _slot(found: workloads.CronJob) -> LiveSlot:
    runs = 0 if found.spec.suspend else 1
    version = found.metadata.labels.get(VERSION_LABEL, "")
    return LiveSlot(annotations=found.metadata.annotations, replicas=runs, ready=runs, version=version, cron=True)


async def _patch(  # noqa: PLR0913 - which part of which object, and what
    cluster: Cluster, service: str, colour: Colour, part: str, patch: Mapping[str, Any], *, dry_run: bool = False
) -> None:
    name = f"{service}-{colour}"
    unhanded = f"so the schedule of {service} was not handed on. Next: kubectl -n {cluster.namespace}"
    response = await merge_patch(
        cluster,
        f"{_path(cluster, service, colour)}{part}",
        patch,
        f"CronJob {name} was changed",
        then=f", {unhanded} get cronjob {name}",
        dry_run=dry_run,
    )
    if not response.is_success and response.status_code != HTTPStatus.NOT_FOUND:
        subresource = f" --subresource={part[1:]}" if part else ""
        raise UnreachableError(
            f"CronJob {name} was not changed: the API server answered {response.status_code}"
            f"{why(response.content)}, {unhanded} auth can-i patch cronjobs.batch{subresource}"
        )


def _path(cluster: Cluster, service: str, colour: Colour) -> str:
    return f"/apis/batch/v1/namespaces/{cluster.namespace}/cronjobs/{service}-{colour}"
