"""What an update means: what clients notice, which gates are asked, the way back, and its cost. Pure."""

from collections.abc import Callable

from teal.model.colours import Colour
from teal.plans.facts import Facts, ServiceFacts
from teal.plans.model import IDLE, Cost, Proof, Rollback, Word
from teal.plans.proof import Proofs


def traffic(facts: Facts, word: Word, *, watched: bool) -> str:
    """Return what clients will notice, in words.

    Args:
        facts: the facts of the update.
        word: the word of the update.
        watched: whether live traffic is watched although it stays, since a move was not ended.
    """
    move = facts.move
    moving = {name: each.live for name, each in facts.staying.items() if each.live is not move.to}
    on = " and ".join(sorted({str(each.live) for each in facts.staying.values() if each.live})) or "nothing"
    looked_at = f"is watched for {move.bake.seconds:g} s"
    if word is Word.UNSAFE:
        return f"stays on {on}: the update is refused before anything is touched"
    if moving:
        whose = "" if len(moving) == len(facts.staying) else f"of {', '.join(moving)} "
        origin = move.to.other if move.to.other in moving.values() else None
        back = f", and goes back where more than {move.bake.error_percent:g} % of it fails" if origin else ""
        came = f"{origin} {move.versions.get(origin, '')}".rstrip() if origin else "nothing"
        return (
            f"{whose}goes from {came} to {move.to} {move.version} once every gate has passed; then it {looked_at}{back}"
        )
    return f"stays on {on}{_beside(facts, looked_at if watched else '')}"


def _beside(facts: Facts, looked_at: str) -> str:
    """Return what else clients notice of traffic that stays where it is."""
    move = facts.move
    if any(each.share != move.share for each in facts.staying.values()):
        more = any(each.share < move.share for each in facts.staying.values())
        return f"; {move.to.other} gets {move.share} % of it" + (
            ", and loses that where its bake fails" if more else ""
        )
    if facts.chosen != facts.chosen_now:
        return (
            f", but for clients with {facts.chosen}" if facts.chosen else f", also of clients with {facts.chosen_now}"
        )
    if looked_at:
        return f"; it {looked_at}, and then {move.to} is confirmed, or it goes back"
    if any(each.slots[move.to].changes for each in facts.staying.values()):
        return ", whose pods are replaced one by one: no gate, no bake"
    return f" {move.version}"


def rollback(facts: Facts, word: Word) -> Rollback:
    """Return the way back after this update."""
    if word is Word.UNSAFE:
        return Rollback(how="nothing changes: there is nothing to come back from")
    idle = facts.move.to.other
    planned = [slot for each in facts.staying.values() if (slot := each.slots[idle].planned) is not None]
    if not planned:
        return Rollback(how=f"none: there is no release in {idle}")
    version, cold = planned[0].version, [each.state for each in planned if not each.running and each.state != IDLE]
    working = [name for name, each in facts.staying.items() if each.starts_with_the_move]
    before = facts.history.was_confirmed(idle, facts.releases.get(idle, ""))
    proofs = Proofs(facts.move, fewer=True)
    asks = f"{proofs.at_least} alone" if before else "every gate: this release was never confirmed"
    start = f"it is {cold[0]}, so its pods are started first; " if cold else ""
    end = f"; its pods end {facts.ends} (teal:retireAfterMinutes), and from then on they are started first"
    end = end if facts.ends and not cold else ""
    start += f"{', '.join(working)} starts again with it; " if working and not cold else ""
    return Rollback(colour=idle, version=version, warm=not cold, how=f"{start}asks for {asks}{end}")


def cost(each: ServiceFacts, idle: Colour) -> Cost:
    """Return what the idle colour of a service requests of its nodes."""
    slot = each.slots[idle]
    pods = slot.planned.replicas if slot.planned and not slot.adopted and not each.removed else 0
    one = each.request
    return Cost(pods=pods, cpu_millicores=one.cpu_millicores * pods, memory_bytes=one.memory_bytes * pods)


def proof_of(facts: Facts, proofs: Proofs) -> Callable[[str], Proof]:
    """Return a function that gives a service's gates. What moves together is proven together."""
    if facts.flips:
        return proofs.of
    if any(facts.move.share > each.share for each in facts.staying.values()):
        return proofs.of_a_share
    return lambda _: Proof()
