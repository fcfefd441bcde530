"""What the program declares of a cron job: a CronJob of each colour, of which the active one's is not suspended."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from teal_infra.planning.live import Live
from teal_infra.planning.move import move_of
from teal_infra.settings.load import load

from teal import gates
from teal.gates.approvals import Approval
from teal.model.colours import Colour
from teal.model.verdict import Outcome
from tests.unit.infra.declaring import declared
from tests.unit.infra.test_workers import AT, graph, live, raw, waits


def cron(active: str = "blue", **mailer: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """A backend, and a mailer at two in the morning."""
    timed = {"schedule": "0 2 * * *", **mailer.pop("cron", {})}
    return raw(active, kind="cron", cron=timed, **mailer)


@pytest.mark.parametrize("active", ["blue", "green"])
async def test_the_active_colour_alone_runs_its_schedule(active: str) -> None:
    """Neither Deployment nor anything that scales, guards or finds pods."""
    resources = await declared(cron(active), live(active, has=1))
    specs = {each: resources["CronJob", f"mailer-{each}"]["spec"] for each in Colour}
    assert {each for each, spec in specs.items() if spec["suspend"] is False} == {active}
    kinds = {kind for kind, name in resources.inputs if name.startswith("mailer")}
    assert not {"Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "Observability"} & kinds
    assert resources["ConfigMap", "mailer-live"]["metadata"]["labels"]["teal/cron"] == "true"


async def test_its_settings_are_the_cron_jobs_and_its_pods_are_the_slots() -> None:
    """As Kubernetes names them; what is not said is Kubernetes' to say."""
    given = {"timeZone": "Europe/Berlin", "startingDeadlineSeconds": 600, "activeDeadlineSeconds": 60}
    resources = await declared(cron(cron=given))
    spec = resources["CronJob", "mailer-blue"]["spec"]
    job = spec.pop("jobTemplate")
    assert spec == {
        "schedule": "0 2 * * *",
        "timeZone": "Europe/Berlin",
        "startingDeadlineSeconds": 600,
        "suspend": False,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    pods = job["spec"].pop("template")
    assert job["spec"] == {"backoffLimit": 6, "activeDeadlineSeconds": 60}
    assert pods["spec"]["restartPolicy"] == "Never"
    assert pods["metadata"]["labels"]["teal/colour"] == "blue"
    (container,) = pods["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    plain = (await declared(cron()))["CronJob", "mailer-blue"]["spec"]
    assert not {"timeZone", "startingDeadlineSeconds"} & plain.keys()


def test_an_approval_names_no_cron_job() -> None:
    """Whoever approves reads Deployments alone, and so a flip that asked for a cron job's digest could never pass."""
    settings = load({**cron("green"), "approval": "{}"}, stack="dev")
    plan = move_of(settings, Live(at=AT)).approval
    assert plan is not None
    versions = dict.fromkeys(plan.releases, "1.1.0")
    now = datetime.fromisoformat(AT)
    given = Approval(colour=Colour.GREEN, versions={"backend": "1.1.0"}, releases=plan.releases, by="anna", at=now)
    verdict = gates.approval(Colour.GREEN, replace(plan, versions=versions, now=now), given.as_data())
    assert verdict.outcome is Outcome.PASSED, str(verdict)
    assert [*plan.releases] == ["backend"]


async def test_what_a_pod_template_says_of_restarts_wins() -> None:
    """Both that a Job knows are good."""
    template = {"spec": {"restartPolicy": "OnFailure"}}
    resources = await declared(cron(podTemplate=template))
    job = resources["CronJob", "mailer-blue"]["spec"]["jobTemplate"]["spec"]
    assert job["template"]["spec"]["restartPolicy"] == "OnFailure"


async def test_a_schedule_goes_over_between_the_proof_and_the_traffic() -> None:
    """All else of the destination is there, then record, schedule, live traffic, the confirmation, the idle colour."""
    found = await graph(cron("green"), live("blue", has=1))
    order = [
        ("Deployment", "backend-green"),
        ("ConfigMap", "mailer-live"),
        ("CronJob", "mailer-green"),
        ("Service", "backend-active"),
        ("ConfigMap", "teal-confirmed"),
        ("CronJob", "mailer-blue"),
    ]
    for earlier, later in pairwise(order):
        assert waits(found, later, earlier), f"{later} does not wait for {earlier}"


async def test_a_schedule_that_goes_over_is_a_difference_to_the_engine_whatever_its_state_says() -> None:
    """Teal itself suspends one and lets the other one run: the engine's state may know nothing of it."""
    resources = await declared(cron("green"), live("blue", has=1))
    green, blue = (resources["CronJob", f"mailer-{each}"]["metadata"]["annotations"] for each in ("green", "blue"))
    assert green["teal/moved-from"] == "blue@7"
    assert "teal/stopped-at" in blue
    assert {each["pulumi.com/patchForce"] for each in (green, blue)} == {"true"}
