"""What a move has to prove, by what the history says of its release, and the measuring of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.prometheus import Prometheus
from teal.gates.approvals import ApprovalPlan
from teal.history import admission
from teal.history.model import History, Stage
from teal.history.store import Records
from teal.model.verdict import Verdict
from teal.proof import prove
from teal.routers.base import Router
from teal.spec.bake import BakePlan
from teal.spec.move import Move


class Proof:
    """Has the gates of a move measured."""

    def __init__(
        self,
        cluster: Cluster,
        prometheus: Prometheus | None,
        records: Records,
        router: Callable[[BakePlan], Router],
        say: Callable[[str], None],
    ) -> None:
        """Prepare.

        Args:
            cluster: where traffic is to move.
            prometheus: of the stack; None where it has none.
            records: of its flips.
            router: makes what directs the traffic of a flip set.
            say: where progress goes, a line each.
        """
        self._cluster = cluster
        self._prometheus = prometheus
        self._records = records
        self._router = router
        self._say = say

    async def measure(self, move: Move, history: History, *, wait: bool) -> Sequence[Verdict]:
        """Measure what a move has to prove.

        Args:
            move: as it is declared.
            history: of the stack's flips.
            wait: False measures once, sends nothing, and says what the gates would decide now.

        Raises:
            UnreachableError: the cluster could not be asked.
        """
        began, asked = time.monotonic(), to_prove(move, history)
        verdicts = await prove.prove(
            self._cluster,
            self._prometheus,
            asked.to,
            asked.flip_set,
            approval=await self._approval(asked, history),
            router=self._router(asked.bake),
            wait=wait,
            tell=(lambda verdict: self._say(str(verdict))) if wait else None,
        )
        self._say(f"asked {len(verdicts)} gates of {asked.to} in {time.monotonic() - began:.2f} s")
        return verdicts

    async def started(self, asked: Move, carried: Mapping[str, int]) -> Sequence[Verdict]:
        """Measure workers that a flip has started.

        Args:
            asked: the move, with what has to be proven of them alone.
            carried: with how many pods the colour that is left did the work of each.

        Raises:
            UnreachableError: the cluster could not be asked.
        """
        router = self._router(asked.bake)
        return await prove.prove(
            self._cluster, self._prometheus, asked.to, asked.flip_set, router=router, carried=carried
        )

    async def canary(self, move: Move, *, wait: bool) -> Sequence[Verdict]:
        """Measure whether the other colour can carry its share of live traffic.

        Args:
            move: as it is declared.
            wait: False says what the gates would decide now, and refuses nothing.

        Raises:
            RefusedError: it cannot.
            UnreachableError: the cluster could not be asked.
        """
        verdicts = await prove.prove(
            self._cluster,
            None,
            move.to.other,
            move.canary,
            router=self._router(move.bake),
            share=move.share,
            wait=wait,
        )
        if wait:
            prove.require(
                verdicts,
                expected=prove.expected(move.canary),
                live=move.to,
                destination=move.to.other,
                namespace=self._cluster.namespace,
            )
        return verdicts

    async def _approval(self, asked: Move, history: History) -> ApprovalPlan | None:
        """What a yes has to be: no other flip's, and in whose name as far as the API server vouches for it."""
        if asked.approval is None:
            return None
        number = history.open.number if begun(asked, history) and history.open else history.next_number
        vouched = await admission.vouched(self._cluster.http, self._cluster.namespace)
        updater = await self._records.whoami() if asked.approval.another else ""
        used, now = history.approvals(besides=number), datetime.fromisoformat(self._records.now())
        versions = dict.fromkeys(asked.approval.releases, asked.version)
        return replace(asked.approval, versions=versions, used=used, updater=updater, vouched=vouched, now=now)


def to_prove(move: Move, history: History) -> Move:
    """The move with the gates that have to pass: a release that was confirmed before has fewer."""
    if not history.was_confirmed(move.to, move.release):
        return move
    fewer = {name: each.for_rollback() for name, each in move.flip_set.items()}
    return replace(move, flip_set=fewer, approval=None)


def skipped(move: Move, history: History) -> Mapping[str, str]:
    """Gates that are not asked, and why."""
    asked, full = (prove.expected(each.flip_set, each.approval) for each in (to_prove(move, history), move))
    left_out = {
        gate.partition(".")[0] for name, all_ in full.items() for gate in all_ - asked.get(name, frozenset[str]())
    }
    return {**dict.fromkeys(sorted(left_out), "this release was confirmed before"), **move.skipped}


def begun(move: Move, history: History) -> bool:
    """Whether this very move is under way."""
    entry = history.open
    return entry is not None and entry.to is move.to and entry.release == move.release


def confirmed_last(move: Move, history: History) -> bool:
    """Whether the last move of traffic was this very one, and confirmed: by the watch, say, after a killed update."""
    last = history.last_move
    return last is not None and (last.stage, last.to, last.release) == (Stage.CONFIRMED, move.to, move.release)
