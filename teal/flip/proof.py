"""Decides which gates a move has to pass, by what the history says of its release, and measures them."""

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
    """Measures the gates of a move."""

    def __init__(
        self,
        cluster: Cluster,
        prometheus: Prometheus | None,
        records: Records,
        router: Callable[[BakePlan], Router],
        say: Callable[[str], None],
    ) -> None:
        """Prepare to measure; nothing is asked yet.

        Args:
            cluster: the cluster whose traffic is to move.
            prometheus: the stack's Prometheus; None where it has none.
            records: the stack's flips.
            router: makes the router of a flip set.
            say: is called with each line of progress.
        """
        self._cluster = cluster
        self._prometheus = prometheus
        self._records = records
        self._router = router
        self._say = say

    async def measure(self, move: Move, history: History, *, wait: bool) -> Sequence[Verdict]:
        """Measure the gates that a move has to pass.

        Args:
            move: the move that is declared.
            history: the stack's flips.
            wait: False measures once, sends nothing and reports what the gates would decide now.

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
            asked: the move, with the gates of these workers only.
            carried: how many pods of the colour that is left did the work of each.

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
            move: the move that is declared.
            wait: False reports what the gates would decide now, and refuses nothing.

        Raises:
            RefusedError: it cannot carry the share.
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
        """Return the conditions for an approval: no other flip used it, and the API server may vouch for its name."""
        if asked.approval is None:
            return None
        number = history.open.number if begun(asked, history) and history.open else history.next_number
        vouched = await admission.vouched(self._cluster.http, self._cluster.namespace)
        updater = await self._records.whoami() if asked.approval.another else ""
        used, now = history.approvals(besides=number), datetime.fromisoformat(self._records.now())
        versions = dict.fromkeys(asked.approval.releases, asked.version)
        return replace(asked.approval, versions=versions, used=used, updater=updater, vouched=vouched, now=now)


def to_prove(move: Move, history: History) -> Move:
    """Return the move with the gates that have to pass: fewer for a release that was confirmed before."""
    if not history.was_confirmed(move.to, move.release):
        return move
    fewer = {name: each.for_rollback() for name, each in move.flip_set.items()}
    return replace(move, flip_set=fewer, approval=None)


def skipped(move: Move, history: History) -> Mapping[str, str]:
    """Return the gates that are not asked, and why."""
    asked, full = (prove.expected(each.flip_set, each.approval) for each in (to_prove(move, history), move))
    left_out = {
        gate.partition(".")[0] for name, all_ in full.items() for gate in all_ - asked.get(name, frozenset[str]())
    }
    return {**dict.fromkeys(sorted(left_out), "this release was confirmed before"), **move.skipped}


def begun(move: Move, history: History) -> bool:
    """Return whether this very move is under way."""
    entry = history.open
    return entry is not None and entry.to is move.to and entry.release == move.release


def confirmed_last(move: Move, history: History) -> bool:
    """Return whether the last move was this very one and confirmed, for example by the watch after a killed update."""
    last = history.last_move
    return last is not None and (last.stage, last.to, last.release) == (Stage.CONFIRMED, move.to, move.release)
