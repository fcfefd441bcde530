"""Makes the plan of an update from the settings and from what is live, and shows it.

It is registered before anything else as a component of its own, so that policies judge it. It is also a stack output,
and part of a preview's diagnostics.
"""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pulumi
from lightkube.utils.quantity import parse_quantity

from teal.model.colours import MANAGER, Colour
from teal.model.errors import RefusedError, TealError
from teal.plans import render
from teal.plans.decide import decide
from teal.plans.facts import Facts, ServiceFacts
from teal.plans.model import COMPONENT, FILE, Cost, Plan, Word
from teal_infra.components import fingerprint
from teal_infra.planning import adoption, ending, flags, refusals, schema, slots
from teal_infra.planning import live as explained
from teal_infra.planning.live import Live
from teal_infra.planning.lost import without
from teal_infra.planning.move import move_of
from teal_infra.planning.refusals import Danger
from teal_infra.planning.slots import Slots
from teal_infra.settings import Settings
from teal_infra.settings.service import ServiceSettings


def make(settings: Settings, live: Live) -> Plan:
    """Return what this update will do, including whatever refuses it."""
    planned = slots.compared(settings, live)
    existing = [Danger(text, name) for name, text in adoption.dangers(settings, live.existing, live.services)]
    found = [*_refusals(settings, live), *existing, *refusals.dangers(settings, live, planned)]
    gone = [name for name in live.services if name not in settings.services]
    return decide(
        Facts(
            namespace=settings.namespace,
            move=move_of(settings, live),
            history=live.history,
            chosen=str(settings.chosen or ""),
            chosen_now=live.record.get("chosen", ""),
            releases={colour: slots.release(settings, colour) for colour in Colour if settings.slot(colour)},
            services={
                name: _service(settings, live, planned, name, [each.text for each in found if each.service == name])
                for name in (*settings.services, *gone)
            },
            ends=ending.ends(settings, live),
            dangers=tuple(each.text for each in found if not each.service),
        )
    )


def _refusals(settings: Settings, live: Live) -> Iterator[Danger]:
    """Yield what the rest of the program refuses before it declares anything."""
    for check in (partial(explained.require_explained, live, settings), partial(schema.plans, settings, live)):
        try:
            check()
        except TealError as refusal:
            yield Danger(str(refusal))


def _service(settings: Settings, live: Live, planned: Slots, name: str, dangers: Sequence[str]) -> ServiceFacts:
    traffic, service = live.services.get(name), settings.services.get(name)
    serving = traffic.colour if traffic else None
    slot = live.slots.get((name, serving)) if serving else None
    declared = slots.fingerprint_of(settings, name, serving) if serving else None
    flagged = flags.changes(settings, live.flags, serving) if service else ()
    migrated = schema.changes(settings, live, name) if service else ()
    foreign = traffic is not None and not explained.ours(traffic) and traffic.writer != MANAGER
    return ServiceFacts(
        live=serving,
        # A worker has no requests to share, so its share is always what the stack declares.
        share=settings.canary_weight if service and service.worker else traffic.share if traffic else 0,
        worker=service.worker.overlap if service and service.worker else None,
        cron=service.cron is not None if service else traffic is not None and traffic.cron,
        slots={colour: planned[name, colour] for colour in Colour},
        beside=fingerprint.changed_service(declared, slot.annotations) if declared and slot else (),
        overwrites=traffic.writer if traffic and foreign and serving is settings.repair else "",
        request=_request(service) if service else Cost(),
        new=bool(live.history.flips) and not any(name in each.plan.services for each in live.history.flips),
        removed=service is None and name in settings.removed,
        beginning=(*adoption.beginning(settings, live.existing, name, traffic), *flagged, *migrated),
        dangers=tuple(dangers),
    )


def _request(service: ServiceSettings) -> Cost:
    """Return what one pod requests."""
    requests = service.resources.requests
    cpu, memory = parse_quantity(requests.cpu), parse_quantity(requests.memory)
    return Cost(pods=1, cpu_millicores=int((cpu or 0) * 1000), memory_bytes=int(memory or 0))


class Planned(pulumi.ComponentResource):
    """The plan as a resource that holds nothing, so that policies judge it with everything else.

    Its outputs are this plan. Its inputs are too, unless nothing is to be done. Then they stay those of the last plan
    that did something, since otherwise every update would be followed by one that only changes the plan.
    """

    def __init__(self, name: str, args: Plan, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the resource."""
        content = args.model_dump(mode="json", by_alias=True)
        rests = pulumi.ResourceOptions(ignore_changes=[*content] if args.word is Word.NOTHING else None)
        super().__init__(COMPONENT, name, content, pulumi.ResourceOptions.merge(rests, opts))
        self.register_outputs(content)


def declare(plan: Plan, hooks: pulumi.ResourceHookBinding | None = None) -> Planned:
    """Register the plan with hooks that run before its change is recorded, and export it as a stack output."""
    planned = Planned("plan", plan, pulumi.ResourceOptions(hooks=hooks))
    pulumi.export("plan", plan.model_dump(mode="json", by_alias=True))
    return planned


def require_safe(plan: Plan) -> None:
    """Refuse what the plan calls unsafe, in its words.

    Raises:
        RefusedError: the plan is unsafe; the message lists all reasons.
    """
    if plan.word is Word.UNSAFE:
        why = "\n  ".join(plan.reasons)
        raise RefusedError(f"refused before anything was touched; nothing was changed:\n  {why}")


def tell(plan: Plan, settings: Settings) -> None:
    """Show the plan in a preview's diagnostics. Why it is refused is in the error, and so left out."""
    told = plan.model_copy(update={"reasons": ()}) if plan.word is Word.UNSAFE else plan
    pulumi.log.info("\n".join([render.text(told), *without(settings)]))


def write(plan: Plan) -> None:
    """Write the plan to the file that `TEAL_PLAN_FILE` names, if it names one, for `teal plan`.

    Raises:
        TealError: the file cannot be written.
    """
    name = os.environ.get(FILE)
    if not name:
        return
    file = Path(pulumi.runtime.get_root_directory() or ".") / name
    try:
        file.write_text(plan.model_dump_json(by_alias=True, indent=2) + "\n")
    except OSError as error:
        raise TealError(
            f"the plan cannot be written to {file} ({error}), which {FILE} names; nothing was changed. Next: unset "
            f"{FILE}, or name a file in a folder that is there"
        ) from error
