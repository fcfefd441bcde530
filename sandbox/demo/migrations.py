"""What the cluster's own records, and the program's own words, say of a release's migrations."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sandbox.load.writes import COLOUR_LABEL
from sandbox.report.seen import JobSeen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME_LABEL: Final = "app.kubernetes.io/name"
VERSION_LABEL: Final = "app.kubernetes.io/version"


def jobs(items: Iterable[Mapping[str, Any]], since: datetime) -> Iterable[JobSeen]:
    """Return the migrations that began at or after `since`.

    Args:
        items: Jobs and pods of the stack, as `kubectl get jobs,pods -o json` lists them.
        since: in whole seconds, as the cluster keeps its own instants.
    """
    listed = list(items)
    pods = [each for each in listed if each["kind"] == "Pod"]
    for job in (each for each in listed if each["kind"] == "Job"):
        labels, status = job["metadata"]["labels"], job["status"]
        began = datetime.fromisoformat(status["startTime"])
        if began < since:
            continue
        (container,) = job["spec"]["template"]["spec"]["initContainers"]
        env = {each["name"]: each.get("value", "") for each in container["env"]}
        service = labels[NAME_LABEL].removesuffix("-migrations")
        release = {NAME_LABEL: service, **{key: labels[key] for key in (COLOUR_LABEL, VERSION_LABEL)}}
        created = [
            datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
            for pod in pods
            if release.items() <= pod["metadata"]["labels"].items()
        ]
        yield JobSeen(
            service=service,
            colour=labels[COLOUR_LABEL],
            version=labels[VERSION_LABEL],
            phase=env["SCHEMA_PHASE"],
            revision=env["SCHEMA_REVISION"],
            began=began,
            done=datetime.fromisoformat(status["completionTime"]),
            first_pod=min(created, default=None),
        )


def waiting(output: str) -> Iterable[str]:
    """Return the sentences with which the program said that a contracting migration waits."""
    return (found.strip() for found in re.findall(r"contracting \S+ to \S+ for .* waits.*", output))
