"""What the demo reads off the cluster's records of Jobs and pods, and off the program's own words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.demo.migrations import jobs, waiting

SINCE = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def labels(name: str, version: str = "1.1.0") -> dict[str, str]:
    """Of a Job or a pod of green."""
    return {"app.kubernetes.io/name": name, "teal/colour": "green", "app.kubernetes.io/version": version}


def job(began: str, done: str) -> dict[str, Any]:
    """A Job that has succeeded."""
    env = [{"name": "SCHEMA_REVISION", "value": "0003"}, {"name": "SCHEMA_PHASE", "value": "expand"}, {"name": "X"}]
    return {
        "kind": "Job",
        "metadata": {"labels": labels("backend-migrations")},
        "spec": {"template": {"spec": {"initContainers": [{"env": env}]}}},
        "status": {"startTime": began, "completionTime": done, "succeeded": 1},
    }


def pod(name: str, created: str, version: str = "1.1.0") -> dict[str, Any]:
    """A pod of green."""
    return {"kind": "Pod", "metadata": {"labels": labels(name, version), "creationTimestamp": created}}


def test_a_job_is_told_with_the_first_pod_of_its_release() -> None:
    """Not with its own pod, nor another service's, nor one of the release before it."""
    (seen,) = jobs(
        [
            job("2026-11-21T12:00:01Z", "2026-11-21T12:00:03Z"),
            pod("backend-migrations", "2026-11-21T12:00:01Z"),
            pod("frontend", "2026-11-21T12:00:01Z"),
            pod("backend", "2026-11-21T12:00:00Z", version="1.0.0"),
            pod("backend", "2026-11-21T12:00:05Z"),
            pod("backend", "2026-11-21T12:00:04Z"),
        ],
        SINCE,
    )
    assert (seen.service, seen.colour, seen.version) == ("backend", "green", "1.1.0")
    assert (seen.phase, seen.revision) == ("expand", "0003")
    assert seen.began == SINCE.replace(second=1)
    assert seen.done == SINCE.replace(second=3)
    assert seen.first_pod == SINCE.replace(second=4)


def test_a_job_of_an_earlier_run_is_left_out() -> None:
    """It ran before; one that began in the same second is this run's."""
    listed = [job("2026-11-21T11:59:59Z", "2026-11-21T12:00:03Z"), job("2026-11-21T12:00:00Z", "2026-11-21T12:00:03Z")]
    assert [each.first_pod for each in jobs(listed, SINCE)] == [None]


def test_what_waits_is_told_in_the_programs_own_words() -> None:
    """Wherever on the line they stand, and however often."""
    said = "contracting backend to 0004 for green 1.1.0 waits: blue 1.0.0 still needs what it drops"
    assert list(waiting(f"Updating:\n    {said}\nOutputs:\n  info: {said}  \n")) == [said, said]
    assert list(waiting("contracting backend to 0004")) == []
