"""Decides what an update will do, as a word with its reasons, from what is declared and what is live. Pure.

What must not happen comes in as dangers, in the words of the code that refuses it (`teal_infra.planning.refusals`). The
plan says `UNSAFE` exactly when the program refuses, and for the same reason.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from teal.history.model import Stage
from teal.model.colours import Colour
from teal.model.verdict import printable
from teal.model.workers import Overlap
from teal.plans import outcome
from teal.plans.facts import Facts, ServiceFacts
from teal.plans.model import Cost, Plan, Proof, ServicePlan, SlotPlan, Word, strongest
from teal.plans.proof import Proofs

SHOWN = 200
"""How many characters of an earlier flip's reason are shown; the history has all of it."""


_REFRESH = "if the update does not find what Pulumi knows: pulumi refresh, then pulumi up"
"""What to do where somebody deleted an object that Pulumi's state still has: Pulumi would update what is not there."""

Finding = tuple[Word, str]
"""Something that the update does, as a word and in words."""


def decide(facts: Facts) -> Plan:
    """Decide what an update will do."""
    found = {name: _sorted(_service(facts, each)) for name, each in facts.services.items()}
    proofs = Proofs(facts.move, facts.fewer)
    proof = outcome.proof_of(facts, proofs)
    services = {
        name: ServicePlan(
            word=strongest(word for word, _ in findings),
            reasons=tuple(reason for _, reason in _shown(findings)),
            live_colour=each.live,
            slots=each.slots,
            beside=each.beside,
            proof=proof(name) if name in facts.staying else Proof(),
            idle_cost=outcome.cost(each, facts.move.to.other),
        )
        for (name, findings), each in zip(found.items(), facts.services.values(), strict=True)
    }
    word = strongest([*(each.word for each in services.values()), *([Word.UNSAFE] if facts.dangers else [])])
    watched = facts.confirmed is None and any(each.moves for findings in found.values() for each, _ in findings)
    return Plan(
        word=word,
        reasons=(*facts.dangers, *_grouped(found, only=Word.UNSAFE if word is Word.UNSAFE else None)),
        active_colour=facts.move.to,
        confirmed_colour=facts.move.confirmed,
        namespace=facts.namespace,
        traffic=outcome.traffic(facts, word, watched=watched),
        rollback=outcome.rollback(facts, word),
        proof=proofs.of_the_flip_set if facts.flips else Proof(),
        idle_cost=sum((each.idle_cost for each in services.values()), Cost()),
        services=services,
    )


def _service(facts: Facts, each: ServiceFacts) -> Iterator[Finding]:
    """Yield everything that happens to one service."""
    yield from ((Word.UNSAFE, danger) for danger in each.dangers)
    yield from each.beginning
    if each.removed:
        yield Word.RETIRE, f"it goes, and its live traffic on {each.live} with it (teal:removed)"
        return
    active = facts.move.to
    if each.live is active:
        yield from _unfinished(facts)
        yield from _shared(facts.move.share, each, active.other)
        yield from _chosen(facts, active.other)
        yield from _in_place(each, active)
    else:
        yield from _moved(facts, each)
    yield from _idle(active.other, each, live=each.live is active.other)


def _unfinished(facts: Facts) -> Iterator[Finding]:
    """Yield what is left to do where traffic is as declared, and may not be confirmed yet."""
    active, flip = facts.move.to, facts.history.open
    if flip is None and facts.move.confirmed is active:
        return
    there = f"live traffic is on {active} already, and"
    if (done := facts.confirmed) is not None:
        what = f"ConfigMap teal-confirmed does not say so: this update writes it; {_REFRESH}"
        yield Word.FLIP, f"{there} flip {done.number} was confirmed, but {what}"
        return
    what = f"flip {flip.number} was not brought to its end ({flip.stage})" if flip else "nobody confirmed that"
    yield Word.FLIP, f"{there} {what}: this update watches it, and ends it"


def _shared(share: int, each: ServiceFacts, idle: Colour) -> Iterator[Finding]:
    """Yield changes of the share of traffic that the idle colour has."""
    slot = each.slots[idle]
    if each.share and slot.changes:
        what = f"pods of {idle}, which has {each.share} % of live traffic, are replaced in place"
        yield Word.ROLLING, f"{what}: {_changes(slot)}"
    if share != each.share:
        word = Word.FLIP if share > each.share else Word.ROLLBACK
        yield word, f"{idle} {slot.version} gets {share} % of live traffic; now it has {each.share} %"


def _chosen(facts: Facts, idle: Colour) -> Iterator[Finding]:
    """Yield changes of the clients that get the idle colour by name; to them it is live."""
    if facts.chosen and facts.chosen != facts.chosen_now:
        yield Word.FLIP, f"clients with {facts.chosen} get {idle}"
    elif facts.chosen_now and not facts.chosen:
        yield Word.ROLLBACK, f"clients with {facts.chosen_now} no longer get {idle}"


def _moved(facts: Facts, each: ServiceFacts) -> Iterator[Finding]:
    """Yield what happens where traffic is on the other colour, or nowhere."""
    active = facts.move.to
    slot = each.slots[active]
    to = f"{active} {slot.version}"
    if each.overwrites:
        yield Word.FLIP, f"what '{each.overwrites}' wrote is overwritten (teal:repair)"
    if each.live is None:
        yield Word.RELEASE, f"{_nothing(facts, each)}: {to} gets the traffic"
        return
    move = _move(each, active)
    back = facts.fewer or facts.move.confirmed is active
    made = slot.now is None or bool(slot.changes)
    if made:
        yield Word.RELEASE, f"{_prepared(active, slot, counted=not each.cron)}; then {move}"
    elif back:
        started = ", whose pods are started first" if slot.starts and not each.starts_with_the_move else ""
        yield Word.ROLLBACK, f"{move}, which was confirmed before{started}"
    elif (slot.starts and not each.starts_with_the_move) or slot.halfway:
        yield Word.RELEASE, f"{_prepared(active, slot)}; then {move}"
    else:
        yield Word.FLIP, move
    yield from ((Word.FLIP, why) for why in (*_short(each, active), *_tried(facts), *_around(each)))


def _move(each: ServiceFacts, active: Colour) -> str:
    """Return what moves, and for a worker how long both colours take work, or neither does."""
    origin = each.live or active.other
    came, to = f"{origin} {each.slots[origin].version}", f"{active} {each.slots[active].version}"
    if each.worker is None:
        return f"live traffic goes from {came} to {to}"
    if each.cron:
        return (
            f"the schedule of {came} goes to {to}: {came} is suspended first, and a job of its that runs goes on to "
            "its end"
        )
    if not each.starts_with_the_move:
        return f"a worker's turn goes from {came} to {to}, and both go on taking work (overlap: allowed)"
    planned = each.slots[active].planned
    pods = _pods(planned.replicas if planned else 0)
    how = (
        f"{came} stops first, so nobody takes work until {to} is ready (overlap: forbidden)"
        if each.worker is Overlap.FORBIDDEN
        else f"{came} takes work beside it, and stops once that is confirmed"
    )
    return f"the work of {came} goes to {to}, which starts with {pods}; {how}"


def _nothing(facts: Facts, each: ServiceFacts) -> str:
    """Return why no traffic is found."""
    if known := facts.move.confirmed:
        if each.new:
            return f"{known} is live, and no flip has moved this service yet"
        return f"{known} was confirmed, and no traffic of it is found ({_REFRESH})"
    flip, router = facts.history.open, facts.move.bake.router
    if flip is not None and flip.plan.router is not router:  # nobody knows that front door yet, so it may go
        return (
            f"flip {flip.number} through router {flip.plan.router} was never confirmed ({flip.stage}), and the front "
            f"door that it may have made goes for that of {router}"
        )
    return "nothing is live yet"


def _short(each: ServiceFacts, active: Colour) -> Iterator[str]:
    """Yield a capacity that the capacity gate will refuse."""
    planned = each.slots[active].planned
    serving = each.slots[active.other].now
    if planned and serving and planned.replicas < serving.ready:
        yield (
            f"{active} is to have {planned.replicas} pods, and {active.other} serves with {serving.ready}: "
            "the capacity gate will refuse that"
        )


def _tried(facts: Facts) -> Iterator[str]:
    """Yield what the last attempt at the same flip came to."""
    last, move = facts.history.last, facts.move
    failed = {Stage.REFUSED, Stage.REVERTED, Stage.OVERTAKEN}
    if last and last.stage in failed and (last.to, last.release) == (move.to, move.release):
        yield f"the last try, flip {last.number}, came to {last.stage}: {printable(last.reason, SHOWN)}"


def _in_place(each: ServiceFacts, live: Colour) -> Iterator[Finding]:
    """Yield what changes under live traffic."""
    slot = each.slots[live]
    if slot.now is None and slot.planned and slot.planned.running and not slot.adopted:
        yield Word.ROLLING, f"pods of {live}, which is live, are gone, and are made anew; {_REFRESH}"
    elif slot.changes and each.cron:
        yield Word.ROLLING, f"jobs of {live}, which is live, are others from the next one on: {_changes(slot)}"
    elif slot.changes:
        yield Word.ROLLING, f"pods of {live}, which is live, are replaced in place: {_changes(slot)}"
    elif slot.halfway:
        yield Word.ROLLING, _going_on(live, slot)
    yield from ((Word.ROLLING, what) for what in _around(each))
    if each.cron:
        return
    if slot.now and slot.planned and slot.planned.replicas > slot.now.replicas:
        yield Word.ROLLING, f"{live}, which is live, goes from {slot.now.replicas} to {slot.planned.replicas} pods"


def _around(each: ServiceFacts) -> Iterator[str]:
    """Yield what live traffic depends on that changes without a restart; of a move it is no word of its own."""
    if each.beside:
        around = "of its live schedule" if each.cron else "around live pods, without a restart of them,"
        yield f"{around} changes: {', '.join(each.beside)}"


def _idle(colour: Colour, each: ServiceFacts, *, live: bool) -> Iterator[Finding]:
    """Yield what happens to the colour that is not to be live; `live` says whether it is until this update."""
    slot = each.slots[colour]
    if slot.now is None and slot.planned is None:
        return
    after = ", right after the move" if live else ""
    if slot.ends and slot.now is not None:
        what = f"is {slot.planned.state}" if slot.planned else "has no release any more"
        gone = "its schedule ends" if each.cron else f"its {_pods(slot.now.replicas)} go"
        yield Word.RETIRE, f"{colour} {slot.now.version} {what}: {gone}{after}"
    elif slot.now is None or slot.changes or slot.starts or slot.halfway:
        yield Word.PREPARE, _prepared(colour, slot)
    elif slot.planned and slot.planned.replicas != slot.now.replicas:
        yield Word.PREPARE, f"{colour} goes from {slot.now.replicas} to {_pods(slot.planned.replicas)}{after}"


def _prepared(colour: Colour, slot: SlotPlan, *, counted: bool = True) -> str:
    """Return what is done to a colour that carries no traffic; `counted` says whether its number of pods is told."""
    if slot.now is None:
        return f"{colour} {slot.version} is made"
    if slot.halfway and not slot.changes:
        return _going_on(colour, slot)
    what = f"{colour} changes: {_changes(slot)}" if slot.changes else f"{colour} {slot.version} is started"
    return f"{what}, with {_pods(slot.planned.replicas)}" if slot.starts and slot.planned and counted else what


def _going_on(colour: Colour, slot: SlotPlan) -> str:
    """Return that a rollout goes on which the last update did not wait for."""
    return f"the last rollout of {colour} goes on: {_pods(slot.now.outdated if slot.now else 0)} not replaced yet"


def _changes(slot: SlotPlan) -> str:
    """Return which parts of its pods change, and from which version to which."""
    names = ", ".join(slot.changes)
    if slot.now and slot.now.version != slot.version:
        return f"{names} ({slot.now.version} → {slot.version})"
    return names


def _pods(number: int) -> str:
    return f"{number} pod" if number == 1 else f"{number} pods"


def _sorted(findings: Iterable[Finding]) -> Sequence[Finding]:
    """Return the findings, the gravest first."""
    order = list(Word)
    return sorted(findings, key=lambda each: -order.index(each[0]))


def _shown(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Return the findings that are shown: of an update that is refused, only the reasons for that."""
    return [each for each in findings if each[0] is Word.UNSAFE] or findings


def _grouped(found: Mapping[str, Sequence[Finding]], only: Word | None) -> Iterator[str]:
    """Yield the reasons of all services, the gravest first. What all services have in common is said once."""
    names: dict[Finding, list[str]] = {}
    for name, findings in found.items():
        for each in findings:
            names.setdefault(each, []).append(name)
    for each in _sorted(names):
        if only in {None, each[0]}:
            yield each[1] if len(names[each]) == len(found) else f"{', '.join(names[each])}: {each[1]}"
