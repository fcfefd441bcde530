"""What an update will do: from what is declared and what is live to a word, and why. Pure.

What must not happen comes in as dangers, in the words of whoever refuses it
(`infra.rules`): the plan says `UNSAFE` exactly when the program refuses, and
for the same reason.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from teal.colours import Colour
from teal.history import History, Stage
from teal.moves import Move
from teal.plans.model import Cost, Plan, Proof, Rollback, ServicePlan, SlotPlan, Word, strongest
from teal.plans.proof import Proofs, known
from teal.verdict import printable

SHOWN = 200
"""Characters of what came of an earlier flip: the whole of it is in the history."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFacts:
    """One service, as declared and as read."""

    live: Colour | None
    """Where its traffic goes; None where it has none."""
    slots: Mapping[Colour, SlotPlan]
    """Both colours."""
    beside: tuple[str, ...] = ()
    """What changes that live traffic depends on without being part of a pod, by the setting's name."""
    overwrites: str = ""
    """Who else moved its traffic, where this update is told to overwrite that."""
    request: Cost = field(default_factory=Cost)
    """Of one pod."""
    removed: bool = False
    """Whether it is to go, although it carries live traffic."""
    dangers: tuple[str, ...] = ()
    """Why the update is refused, as far as it is this service's doing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All that a plan rests on."""

    namespace: str
    move: Move
    """What is declared of live traffic."""
    history: History
    releases: Mapping[Colour, str]
    """Digest of each slot that there is, as the history keeps them."""
    services: Mapping[str, ServiceFacts]
    dangers: tuple[str, ...] = field(default=())
    """Why the update is refused, as far as it is nobody's in particular."""

    @property
    def staying(self) -> Mapping[str, ServiceFacts]:
        """The services of the flip set; beside them there may be some that are to go."""
        return {name: each for name, each in self.services.items() if name in self.move.flip_set}

    @property
    def fewer(self) -> bool:
        """Whether the active release was confirmed before: what it is worth is known."""
        return known(self.history, self.move.to, self.move.release)


Finding = tuple[Word, str]
"""Something that the update does, and what, in words."""


def decide(facts: Facts) -> Plan:
    """Say what an update will do."""
    found = {name: _sorted(_service(facts, each)) for name, each in facts.services.items()}
    proven = any(each.live is not facts.move.to for each in facts.staying.values())
    proofs = Proofs(facts.move, facts.fewer)
    services = {
        name: ServicePlan(
            word=strongest(word for word, _ in findings),
            reasons=tuple(reason for _, reason in _told(findings)),
            live_colour=each.live,
            slots=each.slots,
            beside=each.beside,
            proof=proofs.of(name) if proven and name in facts.staying else Proof(),
            idle_cost=_cost(each, facts.move.to.other),
        )
        for (name, findings), each in zip(found.items(), facts.services.values(), strict=True)
    }
    word = strongest([*(each.word for each in services.values()), *([Word.UNSAFE] if facts.dangers else [])])
    return Plan(
        word=word,
        reasons=(*facts.dangers, *_grouped(found, only=Word.UNSAFE if word is Word.UNSAFE else None)),
        active_colour=facts.move.to,
        confirmed_colour=facts.move.confirmed,
        namespace=facts.namespace,
        traffic=_traffic(facts, word, found),
        rollback=_rollback(facts, word),
        proof=proofs.of_the_flip_set if proven else Proof(),
        idle_cost=sum((each.idle_cost for each in services.values()), Cost()),
        services=services,
    )


def _service(facts: Facts, each: ServiceFacts) -> Iterator[Finding]:
    """All that happens to one service."""
    yield from ((Word.UNSAFE, danger) for danger in each.dangers)
    if each.removed:
        yield Word.RETIRE, f"it goes, and its live traffic on {each.live} with it (teal:removed)"
        return
    active = facts.move.to
    if each.live is active:
        yield from _unfinished(facts)
        yield from _in_place(each, active)
    else:
        yield from _moved(facts, each)
    yield from _idle(active.other, each.slots[active.other], live=each.live is active.other)


def _unfinished(facts: Facts) -> Iterator[Finding]:
    """Traffic is where it is declared; whether it may stay there is still to be seen."""
    active, flip = facts.move.to, facts.history.open
    if flip is None and facts.move.confirmed is active:
        return
    what = f"flip {flip.number} was not brought to its end ({flip.stage})" if flip else "nobody confirmed that"
    yield Word.FLIP, f"live traffic is on {active} already, and {what}: this update watches it, and ends it"


def _moved(facts: Facts, each: ServiceFacts) -> Iterator[Finding]:
    """Traffic is somewhere else, or nowhere."""
    active = facts.move.to
    slot = each.slots[active]
    to = f"{active} {slot.version}"
    if each.overwrites:
        yield Word.FLIP, f"what '{each.overwrites}' wrote is overwritten (teal:repair)"
    if each.live is None:
        yield Word.RELEASE, f"nothing is live yet: {to} is made, and gets the traffic"
        return
    move = f"live traffic goes from {each.live} {each.slots[each.live].version} to {to}"
    back = facts.fewer or facts.move.confirmed is active
    made = slot.now is None or bool(slot.changes)
    if made:
        yield Word.RELEASE, f"{_prepared(active, slot)}; then {move}"
    elif back:
        started = ", whose pods are started first" if slot.starts else ""
        yield Word.ROLLBACK, f"{move}, which was confirmed before{started}"
    elif slot.starts or slot.halfway:
        yield Word.RELEASE, f"{_prepared(active, slot)}; then {move}"
    else:
        yield Word.FLIP, move
    yield from ((Word.FLIP, why) for why in (*_short(each, active), *_tried(facts)))


def _short(each: ServiceFacts, active: Colour) -> Iterator[str]:
    """A capacity that no gate will let pass is worth saying before."""
    planned = each.slots[active].planned
    serving = each.slots[active.other].now
    if planned and serving and planned.replicas < serving.ready:
        yield (
            f"{active} is to have {planned.replicas} pods, and {active.other} serves with {serving.ready}: "
            "the capacity gate will refuse that"
        )


def _tried(facts: Facts) -> Iterator[str]:
    """Whoever tries again ought to know what came of it before."""
    last, move = facts.history.last, facts.move
    if last and last.stage in {Stage.REFUSED, Stage.REVERTED} and (last.to, last.release) == (move.to, move.release):
        yield f"the last try, flip {last.number}, came to {last.stage}: {printable(last.reason, SHOWN)}"


def _in_place(each: ServiceFacts, live: Colour) -> Iterator[Finding]:
    """What changes under live traffic."""
    slot = each.slots[live]
    if slot.changes:
        yield Word.ROLLING, f"pods of {live}, which is live, are replaced in place: {_changes(slot)}"
    elif slot.halfway:
        yield Word.ROLLING, _going_on(live, slot)
    if each.beside:
        yield Word.ROLLING, f"around live pods, without a restart of them, changes: {', '.join(each.beside)}"
    if slot.now and slot.planned and slot.planned.replicas > slot.now.replicas:
        yield Word.ROLLING, f"{live}, which is live, goes from {slot.now.replicas} to {slot.planned.replicas} pods"


def _idle(colour: Colour, slot: SlotPlan, *, live: bool) -> Iterator[Finding]:
    """What becomes of the colour that is not to be live; `live` if it is until this update."""
    if slot.now is None and slot.planned is None:
        return
    after = ", right after the move" if live else ""
    if slot.ends and slot.now is not None:
        what = f"is {slot.planned.state}" if slot.planned else "has no release any more"
        yield Word.RETIRE, f"{colour} {slot.now.version} {what}: its {_pods(slot.now.replicas)} go{after}"
    elif slot.now is None or slot.changes or slot.starts or slot.halfway:
        yield Word.PREPARE, _prepared(colour, slot)
    elif slot.planned and slot.planned.replicas != slot.now.replicas:
        yield Word.PREPARE, f"{colour} goes from {slot.now.replicas} to {_pods(slot.planned.replicas)}{after}"


def _prepared(colour: Colour, slot: SlotPlan) -> str:
    """What is done to a colour that carries no traffic."""
    if slot.now is None:
        return f"{colour} {slot.version} is made"
    if slot.halfway and not slot.changes:
        return _going_on(colour, slot)
    what = f"{colour} changes: {_changes(slot)}" if slot.changes else f"{colour} {slot.version} is started"
    return f"{what}, with {_pods(slot.planned.replicas)}" if slot.starts and slot.planned else what


def _going_on(colour: Colour, slot: SlotPlan) -> str:
    """What an update did not bring to its end goes on by itself, and is waited for."""
    return f"the last rollout of {colour} goes on: {_pods(slot.now.outdated if slot.now else 0)} not replaced yet"


def _changes(slot: SlotPlan) -> str:
    """What of its pods is another, and from which release to which."""
    names = ", ".join(slot.changes)
    if slot.now and slot.now.version != slot.version:
        return f"{names} ({slot.now.version} → {slot.version})"
    return names


def _pods(number: int) -> str:
    return f"{number} pod" if number == 1 else f"{number} pods"


def _sorted(findings: Iterable[Finding]) -> Sequence[Finding]:
    """The gravest first."""
    order = list(Word)
    return sorted(findings, key=lambda each: -order.index(each[0]))


def _told(findings: Sequence[Finding]) -> Sequence[Finding]:
    """What is worth saying: of an update that is refused, only why."""
    return [each for each in findings if each[0] is Word.UNSAFE] or findings


def _grouped(found: Mapping[str, Sequence[Finding]], only: Word | None) -> Iterator[str]:
    """Reasons of all services, the gravest first; what is the same for all of them is said once."""
    names: dict[Finding, list[str]] = {}
    for name, findings in found.items():
        for each in findings:
            names.setdefault(each, []).append(name)
    for each in _sorted(names):
        if only in {None, each[0]}:
            yield each[1] if len(names[each]) == len(found) else f"{', '.join(names[each])}: {each[1]}"


def _traffic(facts: Facts, word: Word, found: Mapping[str, Sequence[Finding]]) -> str:
    """What clients will notice."""
    move = facts.move
    moving = {name: each.live for name, each in facts.staying.items() if each.live is not move.to}
    on = " and ".join(sorted({str(each.live) for each in facts.staying.values() if each.live})) or "nothing"
    watched = f"is watched for {move.bake.seconds:g} s"
    if word is Word.UNSAFE:
        return f"stays on {on}: the update is refused before anything is touched"
    if moving:
        whose = "" if len(moving) == len(facts.staying) else f"of {', '.join(moving)} "
        origin = move.to.other if move.to.other in moving.values() else None
        back = f", and goes back where more than {move.bake.error_percent:g} % of it fails" if origin else ""
        came = f"{origin} {move.versions.get(origin, '')}".rstrip() if origin else "nothing"
        return (
            f"{whose}goes from {came} to {move.to} {move.version} once every gate has passed; then it {watched}{back}"
        )
    if any(finding.moves for findings in found.values() for finding, _ in findings):
        return f"stays on {on}; it {watched}, and then {move.to} is confirmed, or it goes back"
    if any(each.slots[move.to].changes for each in facts.staying.values()):
        return f"stays on {on}, whose pods are replaced one by one: no gate, no bake"
    return f"stays on {on} {move.version}"


def _rollback(facts: Facts, word: Word) -> Rollback:
    """The way back, once this update is through."""
    if word is Word.UNSAFE:
        return Rollback(how="nothing changes: there is nothing to come back from")
    idle = facts.move.to.other
    planned = [slot for each in facts.staying.values() if (slot := each.slots[idle].planned) is not None]
    if not planned:
        return Rollback(how=f"none: there is no release in {idle}")
    version, warm = planned[0].version, all(each.running for each in planned)
    before = known(facts.history, idle, facts.releases.get(idle, "")) or facts.move.confirmed is idle
    asks = "capacity, version and smoke alone" if before else "every gate: it was never confirmed"
    start = "" if warm else f"it is {planned[0].state}, so its pods are started first; "
    return Rollback(colour=idle, version=version, warm=warm, how=f"{start}asks for {asks}")


def _cost(each: ServiceFacts, idle: Colour) -> Cost:
    planned = each.slots[idle].planned
    pods = planned.replicas if planned and not each.removed else 0
    one = each.request
    return Cost(pods=pods, cpu_millicores=one.cpu_millicores * pods, memory_bytes=one.memory_bytes * pods)
