"""No job ends an update that a deadline of the program would have ended a moment later, with its reasons."""

import json
import re
from typing import Any

import pytest
import yaml
from teal_infra.components.migrations import RESERVE_SECONDS
from teal_infra.components.rollout import REPORTED_SECONDS
from teal_infra.settings import Settings
from teal_infra.settings.bake import Bake
from teal_infra.settings.load import load
from teal_infra.settings.migrations import MigrationSettings
from teal_infra.settings.service import ServiceSettings

from teal.flip.owner import MARGIN_SECONDS
from teal.gates import GATES, endpoints, replies, samples
from tests.unit.workflows.reading import ACTIONS, ROOT, jobs, read

SET_UP_SECONDS = 300
"""Before the first step of substance: tools, rights, and two previews."""

CHECK_SECONDS = int(re.findall(r"check .*--timeout (\d+)s", (ROOT / ".github/delivery.mk").read_text())[0])
"""Of what was prepared, before somebody is asked about it."""

JOBS = {str(job): job for job in jobs()}
STACKS = sorted({job.stack for job in JOBS.values() if job.stack})


def settings(stack: str) -> Settings:
    """What the stack's file says."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    raw = {key.removeprefix("teal:"): value for key, value in config.items()}
    return load({key: each if isinstance(each, str) else json.dumps(each) for key, each in raw.items()}, stack=stack)


def preparing(service: ServiceSettings) -> float:
    """Seconds until a slot is rolled out, or is not: its migrations, then its pods."""
    migrations = service.migrations or MigrationSettings()  # one may be added without thinking of this
    return migrations.deadline_seconds + RESERVE_SECONDS + service.progress_deadline_seconds + REPORTED_SECONDS


def proving(service: ServiceSettings) -> float:
    """Seconds until all gates have answered, or have not; they run at the same time once capacity has answered."""
    gates = service.gates
    return endpoints.GATE.deadline_seconds + max(
        *(each.deadline_seconds for each in GATES),
        gates.smoke.readiness_seconds + replies.GATE.deadline_seconds,
        gates.metrics.wait_seconds + samples.GATE.deadline_seconds if gates.metrics else 0,
    )


def baking(bake: Bake) -> float:
    """Seconds until a flip is confirmed or undone."""
    return bake.seconds + MARGIN_SECONDS


@pytest.mark.parametrize("stack", STACKS)
def test_jobs_outlast_what_they_wait_for(stack: str) -> None:
    """Each deadline of the stack's own settings, one after the other, fits into the job that waits for it."""
    all_of = settings(stack)
    services = all_of.services.values()
    prepare, prove, bake = max(map(preparing, services)), max(map(proving, services)), baking(all_of.bake)
    contract = max((each.migrations or MigrationSettings()).deadline_seconds for each in services)
    flip = prove + bake + all_of.settle_seconds
    start = max(each.progress_deadline_seconds for each in services)  # of a colour that was retired
    wanted = {
        "deploy/canary": prepare + CHECK_SECONDS,
        "deploy/promote": prepare + flip + contract + bake,  # `settle` may bake again
        "rollback/rollback": start + flip + bake,
    }
    assert bake > all_of.bake.seconds >= 0
    for name, seconds in wanted.items():
        assert int(JOBS[name].said["timeout-minutes"]) * 60 >= seconds + SET_UP_SECONDS, name


def test_the_guides_watch_fits_into_a_promotion() -> None:
    """Five minutes, with the default settings, twice."""
    assert int(JOBS["deploy/promote"].said["timeout-minutes"]) * 60 > 2 * baking(Bake()) > 2 * 300


def test_rights_last_as_long_as_the_job_that_has_them() -> None:
    """An update whose rights ran out could neither confirm a flip nor undo it."""
    [rights] = [step for step in read(ACTIONS["stack"])["runs"]["steps"] if "role-to-assume" in step.get("with", {})]
    lasts = int(rights["with"]["role-duration-seconds"])
    took = {name: int(job.said["timeout-minutes"]) * 60 for name, job in JOBS.items() if "id-token" in job.permissions}
    assert took
    assert max(took.values()) <= lasts


def test_every_job_has_an_end() -> None:
    """Six hours, GitHub's default, is nobody's intention; a call has the end of what it calls."""
    assert all("timeout-minutes" in job.said or "uses" in job.said for job in JOBS.values())
