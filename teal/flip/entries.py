"""Makes, updates and records a move's entry in the history of flips, on behalf of one update."""

from teal.flip.ending import began
from teal.flip.proof import begun, skipped
from teal.flip.tenure import free
from teal.history.model import Flip, History, Stage
from teal.history.store import Kept, OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.model.live import LiveSlot
from teal.spec.move import Move


class Entries:
    """Writes the entry of one move on behalf of one update."""

    def __init__(self, records: Records, move: Move, name: str) -> None:
        """Prepare to write; nothing is recorded yet.

        Args:
            records: the stack's flips.
            move: the move that is declared.
            name: the update's name, which no other update has.
        """
        self._records = records
        self._move = move
        self._name = name

    async def renamed(self, kept: Kept, entry: Flip) -> tuple[Kept, Flip]:
        """Rename the open flip to the release that is live now, since the live slot was changed; that one is baked.

        Raises:
            RefusedError: the flip's owner lives, and bakes another release.
        """
        move = self._move
        if not await free(self._records, entry, self._name):
            raise RefusedError(
                f"{entry}; its owner {entry.owner} lives, and bakes another release of {move.to} than this update "
                "declares. Next: wait for its end (teal status), then pulumi up again"
            )
        now_there = {"release": move.release, "version": move.version, "plan": move.bake}
        unknown = {"identities": dict[str, str]()}  # its pods are not those that were proven
        kept = await self.save(kept, entry.model_copy(update={**now_there, **unknown}).at(Stage.BAKING))
        return kept, kept.flip(entry.number)

    async def entry(self, history: History, origin: Colour | None) -> Flip:
        """Return the entry of this move: the one under way, if it is the same move, or else a new one."""
        move = self._move
        if begun(move, history) and history.open is not None:
            return history.open.model_copy(update={"plan": move.bake, "skipped": dict(skipped(move, history))})
        return Flip(
            number=history.next_number,
            origin=origin,
            to=move.to,
            origin_version=move.versions.get(origin, "") if origin else "",
            version=move.version,
            by=await self._records.whoami(),
            begun=self._records.now(),
            stage=Stage.PROVEN,
            release=move.release,
            slots=move.slots,
            rollback=history.was_confirmed(move.to, move.release),
            undoes=move.confirmed is move.to,
            skipped=dict(skipped(move, history)),
            plan=move.bake,
        )

    def held(self, history: History, number: int, service: str, slot: LiveSlot | None) -> Flip:
        """Return the entry of a flip that this update owns still, whose release is the one that was proven.

        Args:
            history: the stack's flips.
            number: the number of the flip.
            service: the service whose traffic is to move.
            slot: the destination's Deployment now; None where there is none, as of a cron job.

        Raises:
            RefusedError: somebody else has taken the flip, it is over, or the release has been replaced.
        """
        entry = history.open
        if entry is None or (entry.number, entry.owner, entry.stage) != (number, self._name, Stage.PROVEN):
            raise RefusedError(
                f"flip {number} is not this update's to go on with any more: the record says "
                f"{history.find(number) or 'nothing of it'}. This update moved no traffic of this service. Next: "
                "teal status, then pulumi up again"
            )
        proven = entry.identities.get(service)
        if proven and slot is not None and slot.identity != proven:
            raise RefusedError(
                f"somebody has replaced the release of {service}-{entry.to} since the gates judged it. This update "
                "moved no traffic of this service. Next: pulumi up again"
            )
        return entry

    async def save(self, kept: Kept, entry: Flip) -> Kept:
        """Record an entry as this update's.

        Raises:
            RefusedError: somebody else recorded a flip in the meantime.
        """
        try:
            return await self._records.save(kept, entry.owned_by(self._name))
        except OvertakenError:
            history = (await self._records.load()).history
            if ends := began(kept.history, history, entry.number):
                raise RefusedError(
                    f"{ends}, while this update had {entry} to record, so this update goes no further. Next: pulumi up "
                    "again"
                ) from None
            raise RefusedError(
                f"somebody else recorded a flip ({history.last}) while this update had {entry} to record, so this "
                "update goes no further. Next: teal status, then pulumi up again"
            ) from None
