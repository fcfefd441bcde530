"""Watches a share of live traffic on the colour that is not live, and takes it away where its bake fails.

A share is no flip, and is in no history. The record of the confirmed colour names a share once it was watched: so
whoever finds a larger one, after an update that died, watches it anew.
"""

import math
from collections.abc import Callable, Mapping

from teal.adapters.kubernetes.cluster import Cluster
from teal.flip import guards
from teal.flip.revert import Way
from teal.flip.watching.bake import Bake, thinly
from teal.flip.watching.live_metrics import LiveMetrics
from teal.flip.watching.observer import Observer
from teal.model.errors import RefusedError, UnreachableError
from teal.model.live import LiveService
from teal.model.verdict import unproven
from teal.routers import Router
from teal.spec.move import Move


class Share:
    """The share that one update gives the colour that is not live."""

    def __init__(
        self,
        cluster: Cluster,
        router: Router,
        move: Move,
        live_metrics: LiveMetrics | None,
        live: Mapping[str, LiveService],
    ) -> None:
        """Prepare to watch the share.

        Args:
            cluster: the stack's cluster.
            router: shares out the traffic.
            move: what the update declares.
            live_metrics: metrics of live traffic; None where the stack has no Prometheus.
            live: how each service's traffic is shared out, as it was read after the write.
        """
        sharing = {name: each for name, each in move.bake.services.items() if each.worker is None}
        # The colour's own Service is asked: at a door that splits its traffic, nobody knows which colour answers.
        self._plan = move.bake.routed(live).model_copy(
            update={
                "services": sharing,
                "reachable": False,
                "samples": math.ceil(move.bake.samples * move.share / 100),
            }
        )
        self._cluster = cluster
        self._router = router
        self._move = move
        self._live_metrics = live_metrics
        self._sent = {name: live[name] for name in sharing}

    async def watch(self, say: Callable[[str], None], since: str) -> None:
        """Watch the share for as long as a flip, and return if it passed; otherwise take all of it away.

        Args:
            say: is called with each line of progress.
            since: this moment by the API server's clock, RFC 3339.

        Raises:
            RefusedError: it did not pass; the message says what was seen, and where traffic is.
            UnreachableError: it did not pass, and could not be taken away.
        """
        move = self._move
        bake = Bake.begin(self._plan, move.to.other, left=move.to, since=since)
        observer = Observer(self._cluster, self._live_metrics, self._router, bake, self._sent)
        await observer.bake(_nothing, thinly(bake, say))
        missing = unproven((*(bake.failed() or bake.verdicts()), *bake.routing()))
        if not missing:
            return
        idle = move.to.other
        why = (
            f"{move.share} % of live traffic on {idle} {move.versions.get(idle, '')} did not pass its bake: "
            + "; ".join(str(each) for each in missing)
        )
        way = Way(cluster=self._cluster, router=self._router, onto=move.to, fence=_nothing, say=say)
        try:
            await way.move(self._unmoved, self._sent)
            live = await self._router.live_services(list(self._sent))
        except UnreachableError as error:
            raise UnreachableError(
                f"{why}. {error}. Next: pulumi config set teal:canaryWeight 0, then pulumi up"
            ) from None
        left = [
            f"{name} leads to {guards.wrote(each, self._router.stranger(each))}, and was left there"
            for name, each in live.items()
            if each.colour is not move.to or each.share
        ]
        raise RefusedError(
            f"{why}. {'; '.join(left) or f'{move.to} has all live traffic again'}. Next: pulumi config set "
            f"teal:canaryWeight 0, mend {idle}, then pulumi up"
        )

    async def _unmoved(self) -> Mapping[str, LiveService]:
        """Return where traffic goes, without services that somebody else moved: a share is no reason to undo a flip."""
        live, onto = await self._router.live_services(list(self._sent)), self._move.to
        own = {name for name, each in live.items() if guards.is_as_sent(self._sent[name], each)}
        return {name: each for name, each in live.items() if name in own or (each.colour is onto and not each.share)}


async def _nothing() -> None:
    """Do nothing: no flip is under way, and each write is made on a condition."""
