"""Gives the stack's config to `teal.schema.migrations`, which decides what is done to each database."""

from collections.abc import Mapping, Sequence

from teal.model.colours import Colour
from teal.schema.migrations import Contracted, Plan, Release, Rules, Schema, decide
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
