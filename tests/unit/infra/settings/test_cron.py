"""What a cron job's settings are, and what is refused of one."""

from typing import Any

import pytest

from teal.model.errors import ConfigError
from teal.model.workers import Worker
from tests.unit.infra.settings.test_worker import read

DAILY = {"schedule": "@daily"}


def test_a_cron_job_needs_a_time_for_its_work_and_nothing_else() -> None:
    """It is a worker to all that moves it."""
    found = read({"kind": "cron", "cron": DAILY}).services["mailer"]
    assert found.worker == Worker(pods=1, grace_seconds=45, cron=True)
    assert found.cron is not None
    assert (found.cron.concurrency_policy, found.cron.starting_deadline_seconds) == ("Forbid", None)
    assert (found.idles, found.disruption, found.autoscaling.fixed) == (True, None, True)
    with pytest.raises(ConfigError, match=r"services.mailer.cron.schedule: .* no time for its work"):
        read({"kind": "cron"})


def test_a_cron_job_has_no_rollout_that_could_be_given_up() -> None:
    """So its startup probe is not held against a deadline that it lacks."""
    long = {"startup": {"exec": ["true"], "periodSeconds": 100, "failureThreshold": 10}}
    with pytest.raises(ConfigError) as found:
        read({"kind": "cron", "cron": DAILY, "probes": long})
    assert "progressDeadlineSeconds" not in str(found.value)


@pytest.mark.parametrize(
    "schedule",
    [
        *("* * * * *", "*/5 1-3,7 ? jan-mar MON-FRI", "59 23 31 12 6", "0/15 * * * *", "0 2 1-10/3 * 0"),
        *("@hourly", "@midnight", "@every 1h30m", "0  2 * * *"),
    ],
)
def test_schedules_are_read_as_the_api_server_reads_them(schedule: str) -> None:
    """robfig/cron's standard parser."""
    found = read({"kind": "cron", "cron": {"schedule": schedule}}).services["mailer"].cron
    assert found is not None
    assert found.schedule == schedule


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("* * * *", "it has 4 fields"),
        ("0 0 2 * * *", "it has 6 fields"),
        ("60 * * * *", r"60 is no minute \(0 to 59\)"),
        ("* 24 * * *", r"24 is no hour \(0 to 23\)"),
        ("* * 0 * *", r"0 is no day of the month \(1 to 31\)"),
        ("* * * 13 *", r"13 is no month \(1 to 12\)"),
        ("* * * * 7", r"7 is no day of the week \(0 to 6\)"),
        ("*/0 * * * *", r"\*/0 is no minute"),
        ("5-1 * * * *", "5-1 is no minute"),
        ("mon * * * *", "mon is no minute"),
        ("@fortnightly", "it is none of @yearly"),
        ("TZ=UTC * * * * *", "it has 6 fields"),
    ],
)
def test_a_schedule_that_the_api_server_would_refuse_is_refused(schedule: str, said: str) -> None:
    """With the field that is wrong."""
    with pytest.raises(ConfigError, match=rf"services.mailer.cron.schedule: .*{said}"):
        read({"kind": "cron", "cron": {"schedule": schedule}})


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"port": 8000}, "port"),
        ({"replicas": 2}, "replicas"),
        ({"autoscaling": {"enabled": False}}, "autoscaling"),
        ({"probes": {"liveness": {"exec": ["true"]}}}, "probes"),
        ({"overlap": "flip"}, "overlap"),
        ({"progressDeadlineSeconds": 60}, "progressDeadlineSeconds"),
        ({"rollout": {"maxSurge": 1}}, "rollout"),
        ({"podTemplate": {"spec": {"restartPolicy": "Always"}}}, "podTemplate.spec.restartPolicy"),
    ],
)
def test_what_a_cron_job_would_not_use_is_refused(given: dict[str, Any], key: str) -> None:
    """By its place, with the command that takes it away."""
    with pytest.raises(ConfigError) as refused:
        read({"kind": "cron", "cron": DAILY, **given})
    assert str(refused.value).count("Next: ") == 1
    assert f"Next: pulumi config rm --path 'teal:services.mailer.{key}'" in str(refused.value)


def test_a_time_for_what_has_none_is_refused() -> None:
    """A worker takes its work when it comes."""
    with pytest.raises(ConfigError, match=r"services.mailer.cron: .* it is said of cron jobs alone"):
        read({"kind": "worker", "cron": DAILY})
