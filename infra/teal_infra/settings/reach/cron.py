"""Settings of services that have a time for their work: cron jobs."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from teal_infra.settings.base import Model, clash, wrong
from teal_infra.settings.numbers import YEAR, FewOrNone, YearSeconds, bounds

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: Mapping[int, Mapping[str, int]] = {
    3: {name: number for number, name in enumerate(_MONTHS, start=1)},
    4: {name: number for number, name in enumerate(_DAYS)},
}
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 6))
_PART = re.compile(r"(?P<first>\*|\?|\w+)(-(?P<last>\w+))?(/(?P<step>\d+))?")
_DESCRIPTOR = re.compile(
    r"@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every ([0-9]+(\.[0-9]+)?(h|m|s|ms))+"
)


def scheduled(value: str) -> str:
    """Return a schedule that the API server takes, by the rules of its parser (robfig/cron v3, `ParseStandard`).

    Raises:
        PydanticCustomError: says which field is wrong.
    """
    if value.startswith("@"):
        if not _DESCRIPTOR.fullmatch(value):
            raise _unread("it is none of @yearly, @monthly, @weekly, @daily, @hourly and @every 90m")
        return value
    fields = value.split()
    if len(fields) != len(_FIELDS):
        raise _unread(f"it has {len(fields)} fields, and a schedule has {len(_FIELDS)}, or is one like @daily")
    for number, text in enumerate(fields):
        name, least, most = _FIELDS[number]
        for part in text.split(","):
            if not _reads(part, _NAMES.get(number, {}), least, most):
                raise _unread(f"{part} is no {name} ({least} to {most})")
    return value


def _reads(part: str, names: Mapping[str, int], least: int, most: int) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return False
    first, last, step = found["first"], found["last"], found["step"]
    if step is not None and int(step) == 0:
        return False
    if first in {"*", "?"}:
        return last is None
    numbers = [names.get(each.lower(), int(each) if each.isdecimal() else -1) for each in (first, last or first)]
    return least <= numbers[0] <= numbers[1] <= most


def _unread(what: str) -> PydanticCustomError:
    return PydanticCustomError("schedule", "{what}", {"what": what})


TimeZone = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+-]{0,13}(/[A-Za-z0-9_+][A-Za-z0-9_+-]{0,13}){0,2}$")
]
"""The form of an IANA name is checked; only the API server knows which zones exist."""

Lateness = Annotated[int, Field(ge=10, le=YEAR, json_schema_extra=bounds("Kubernetes looks every 10 s; teal, a year"))]

MISSING = clash("cron.schedule", "a cron job has no time for its work", consequence="none of its Jobs would ever start")
"""The error of a cron job that has no schedule."""


class Cron(Model):
    """When a cron job works, and what becomes of its Jobs."""

    schedule: Annotated[str, AfterValidator(scheduled)] = Field(
        description=(
            "When its Jobs start, as cron has it: five fields, or `@daily` and the like. The time zone is "
            "`timeZone`'s, and not part of it."
        ),
        json_schema_extra=wrong("the API server would refuse the CronJob"),
        examples=["'30 2 * * *'"],
    )
    time_zone: TimeZone | None = Field(
        default=None,
        description=(
            "In which time zone that is, by its IANA name. By default it is that of the controller manager, mostly UTC."
        ),
        json_schema_extra=wrong("the API server would refuse the CronJob, or its Jobs would start at another time"),
        examples=["Europe/Berlin"],
    )
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] = Field(
        default="Forbid",
        description=(
            "What becomes of a start that is due while the Job before it is running. `Forbid`, which is not "
            "Kubernetes' default, has it wait until that Job has ended. This is for the Jobs of one colour: at a flip, "
            "a Job of the other one goes on to its end."
        ),
        json_schema_extra=wrong(
            "Jobs would run beside each other, or not start",
            source="teal: jobs that take longer than they should do not pile up",
        ),
    )
    starting_deadline_seconds: Lateness | None = Field(
        default=None,
        description=(
            "How late a Job may start that could not start in time: because the controller was away, the Job before "
            "was running, or a flip was under way. By default there is no bound. Of several starts that were missed, "
            "only the last is made up for."
        ),
        json_schema_extra=wrong("a Job that was missed would be left out, or start at an hour at which it harms"),
        examples=["3600"],
    )
    active_deadline_seconds: YearSeconds | None = Field(
        default=None,
        description="How long a Job may take before it is ended. By default there is no bound.",
        json_schema_extra=wrong("a Job that hangs would keep all later ones from starting"),
        examples=["3600"],
    )
    backoff_limit: FewOrNone = Field(
        default=6,
        description="How often a Job is tried again before it counts as failed.",
        json_schema_extra=wrong(
            "a Job would be given up too early, or tried without end", source="Kubernetes' default", unit="tries"
        ),
    )
    successful_jobs_history_limit: FewOrNone = Field(
        default=3,
        description="How many Jobs of each colour that have succeeded are kept, with their pods and logs.",
        json_schema_extra=wrong(
            "old Jobs would fill the namespace, or nobody could read their logs",
            source="Kubernetes' default",
            unit="Jobs",
        ),
    )
    failed_jobs_history_limit: FewOrNone = Field(
        default=1,
        description="How many Jobs of each colour that have failed are kept, with their pods and logs.",
        json_schema_extra=wrong(
            "old Jobs would fill the namespace, or nobody could read their logs",
            source="Kubernetes' default",
            unit="Jobs",
        ),
        examples=["3"],
    )
