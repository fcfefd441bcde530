"""Gives the stack's config to `teal.schema.migrations`, which decides what is done to each database."""

from collections.abc import Iterator, Mapping, Sequence

from teal.adapters.kubernetes.jobs import Became, MigrationJob
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.plans.model import Word
from teal.schema.migrations import Contracted, Phase, Plan, Release, Rules, Schema, Step, decide
from teal_infra.planning.live import Live
from teal_infra.settings import Settings
from teal_infra.settings.slot import State


def plans(settings: Settings, live: Live) -> Mapping[str, Plan]:
    """Return what is to be done to the schema of each service that has migrations.

    Raises:
        RefusedError: a release needs what was dropped, or a way down would drop what one needs.
    """
    return {name: plan(settings, name, live) for name, each in settings.services.items() if each.migrations is not None}


def plan(settings: Settings, service: str, live: Live) -> Plan:
    """Return the same for one service.

    Raises:
        RefusedError: as above.
    """
    said = settings.services[service].migrations
    rules = Rules(revisions=said.revisions, down_refused=said.down_refused or "") if said else Rules()
    recorded = live.contracted.get(service, Contracted())
    return decide(service, settings.active_colour, releases(settings, service), recorded, rules)


def releases(settings: Settings, service: str) -> Sequence[Release]:
    """Return what each colour declares of a service and its schema."""
    return [
        Release(
            colour=colour,
            version=slot.version,
            schema=Schema(expand=says.expand, contract=says.contract, down=says.down) if says else None,
            retired=slot.state is not State.RUNNING,
        )
        for colour in Colour
        if (slot := settings.slot(colour)) is not None
        for says in (slot.services[service].database,)
    ]


def changes(settings: Settings, live: Live, service: str) -> Iterator[tuple[Word, str]]:
    """Yield what the update does to a service's schema, as far as the Jobs that ran say; nothing where it is refused.

    Both colours use it. So where live traffic stays, the word for what drops something is that what is live changes; a
    move of it is the graver word by itself.
    """
    if settings.services[service].migrations is None:
        return
    try:
        its = plan(settings, service, live)
    except RefusedError:
        return
    recorded, traffic = live.contracted.get(service, Contracted()), live.services.get(service)
    stays = traffic is not None and traffic.colour is settings.active_colour
    for step in (*its.before, *its.after):
        if (
            its.contracted == recorded
            if step.phase is Phase.CONTRACT
            else done(step, [each for each in live.ran if each.service == service])
        ):
            continue
        grave = stays and (step.phase is not Phase.EXPAND or step.release.colour is settings.active_colour)
        yield Word.ROLLING if grave else Word.PREPARE, f"{_DOES[step.phase]} {step.revision} for {step.release}"


_DOES: Mapping[Phase, str] = {
    Phase.EXPAND: "the schema is expanded to",
    Phase.CONTRACT: "the schema is contracted, once nobody needs what that drops for good, to",
    Phase.DOWN: "the schema goes down, with what was written since, to",
}


def done(step: Step, ran: Sequence[MigrationJob]) -> bool:
    """Return whether a service's Job of that step has succeeded, as far as its labels say."""
    wanted = (step.release.colour, step.release.version, step.phase, step.revision)
    return any(
        each.became is Became.SUCCEEDED and (each.colour, each.version, each.phase, each.revision) == wanted
        for each in ran
    )
