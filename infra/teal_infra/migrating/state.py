"""Collects what is known of one service's migrations: what is declared, recorded, run, and still to do. Pure."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from teal.adapters.kubernetes.jobs import Became, MigrationJob
from teal.model.errors import RefusedError
from teal.model.stored import Model
from teal.schema.migrations import Contracted, Phase, Release, Step
from teal_infra.planning import schema
from teal_infra.planning.live import Live
from teal_infra.settings import Settings


class ReleaseSeen(Model):
    """What one colour declares of the schema."""

    colour: str
    version: str
    active: bool
    retired: bool
    expand: str | None = None
    contract: str | None = None
    down: str | None = None

    def __str__(self) -> str:
        """Return it in one line."""
        states = [word for word, so in (("active", self.active), ("has no pods", self.retired)) if so]
        said = [f"{key} {each}" for key in ("expand", "contract", "down") if (each := getattr(self, key))]
        state = f" ({', '.join(states)})" if states else ""
        return f"{self.colour} {self.version}{state}: {', '.join(said) or 'says nothing of the schema'}"


class JobSeen(Model):
    """What became of one Job."""

    name: str
    colour: str
    version: str
    phase: str
    revision: str
    became: Became
    why: str = ""
    at: str

    def __str__(self) -> str:
        """Return it in one line."""
        end = f": {self.why}" if self.why and self.became is Became.FAILED else ""
        return f"{self.at} {self.phase} to {self.revision} for {self.colour} {self.version}: {self.became}{end}"


class ServiceSeen(Model):
    """What is known of one service's schema."""

    begun: str = Field(
        default="", description="The revision to which the schema has been contracted, or may have been."
    )
    done: str = ""
    by: str = ""
    releases: Sequence[ReleaseSeen] = ()
    jobs: Sequence[JobSeen] = ()
    """The Jobs, the newest first."""
    pending: Sequence[str] = ()
    """The steps that the next update will run."""
    waiting: str = ""
    """Why a contraction will not be among them."""
    refused: str = ""
    """Why the next update would be refused."""

    @property
    def rests(self) -> bool:
        """Whether the next update has nothing to do, and nothing waits."""
        return not (self.pending or self.waiting or self.refused)

    def lines(self, name: str) -> Iterator[str]:
        """Yield lines for a person to read."""
        gone = f"contracted to {self.done} by {self.by}" if self.done else "nothing was contracted"
        begun = f"; contracting to {self.begun} has begun" if self.begun and self.begun != self.done else ""
        yield f"{name}: {gone}{begun}"
        yield from (f"  {each}" for each in self.releases)
        yield from (f"  {each}" for each in self.jobs)
        yield from (f"  pending: {each}" for each in self.pending)
        if self.waiting:
            yield f"  {self.waiting}"
        if self.refused:
            yield f"  UNSAFE: {self.refused}"


def seen(settings: Settings, service: str, contracted: Contracted, jobs: Sequence[MigrationJob]) -> ServiceSeen:
    """Return what is known of a service that has migrations."""
    releases = schema.releases(settings, service)
    steps: Sequence[Step] = ()
    waiting, refused = "", ""
    try:
        plan = schema.plan(settings, service, Live(contracted={service: contracted}))
    except RefusedError as error:
        refused = str(error)
    else:
        steps, waiting = (*plan.before, *plan.after), plan.waiting
    ran = [each for each in jobs if each.service == service]
    return ServiceSeen(
        begun=contracted.begun,
        done=contracted.done,
        by=contracted.by,
        releases=[_release(each, active=each.colour is settings.active_colour) for each in releases],
        jobs=[_job(each) for each in ran],
        pending=[f"{each.phase} to {each.revision} for {each.release}" for each in steps if not schema.done(each, ran)],
        waiting=waiting,
        refused=refused,
    )


def _release(release: Release, *, active: bool) -> ReleaseSeen:
    said = release.schema
    return ReleaseSeen(
        colour=release.colour,
        version=release.version,
        active=active,
        retired=release.retired,
        expand=said.expand if said else None,
        contract=said.contract if said else None,
        down=said.down if said else None,
    )


def _job(job: MigrationJob) -> JobSeen:
    return JobSeen(
        name=job.metadata.name,
        colour=job.colour,
        version=job.version,
        phase=job.phase,
        revision=job.revision,
        became=job.became,
        why=job.why,
        at=job.metadata.creation_timestamp,
    )


def one_step(listed: Sequence[str], at: str, steps: int | None, phase: Phase) -> str:
    """Return the revision some steps on, or back, by a service's list; None goes on to its end, or back by one.

    Raises:
        ValueError: there is no such revision; the message says why.
    """
    if not listed:
        raise ValueError("nothing lists its revisions, so nobody knows which comes next")
    if at not in listed:
        raise ValueError(f"the list of its revisions ({', '.join(listed)}) does not have {at}")
    here = listed.index(at)
    there = here - (steps or 1) if phase is Phase.DOWN else (len(listed) - 1 if steps is None else here + steps)
    if not 0 <= there < len(listed):
        raise ValueError(f"there are {here} before {at} in its list and {len(listed) - 1 - here} after it")
    if there == here:
        raise ValueError(f"{at} is the last one in its list")
    return listed[there]
