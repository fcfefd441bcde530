"""A simulation that finds nothing proves nothing: bugs that were put back on purpose are found.

Each seed is the first one of 3,000 that finds its bug. Where scenarios are drawn in another way, look for another seed
with the bug in place, by `python -m tests.simulation --seeds 0:3000`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from teal.adapters.kubernetes.server_clock import ServerClock
from teal.flip import owner
from teal.flip.owner import Owner
from teal.flip.revert import Way
from teal.flip.rollback import Rollback
from teal.flip.tenure import Tenure
from teal.flip.watching.observer import Observer
from teal.history.admission import APPROVAL
from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.model.live import LiveService
from teal.model.verdict import Verdict
from tests.simulation.cluster import admission
from tests.simulation.cluster.store import By, Object
from tests.simulation.run import simulate

pytestmark = pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
"""A process that dies between making a coroutine and running it leaves that one unawaited."""

Put = Callable[[pytest.MonkeyPatch], None]
"""A function that puts a bug back."""


async def _nothing(*_: object, **__: object) -> None:
    pass


def _let_pass(*_: object, **__: object) -> None:
    pass


def without_a_proof(patch: pytest.MonkeyPatch) -> None:
    """Traffic moves whatever the gates say."""
    patch.setattr("teal.flip.mover.prove.require", _let_pass)


def without_a_last_look(patch: pytest.MonkeyPatch) -> None:
    """A bake asks front doors, and never where traffic goes."""
    patch.setattr(Observer, "_find", _nothing)


def without_a_way_back(patch: pytest.MonkeyPatch) -> None:
    """A flip counts as undone once that is decided; its traffic stays where it is."""

    async def move(*_: object) -> Mapping[str, str]:
        return {}

    patch.setattr(Way, "move", move)


def without_a_fence(patch: pytest.MonkeyPatch) -> None:
    """A way back is written without a look at who goes on with the flip by then."""

    def way(*, fence: object, **parts: Any) -> Way:  # noqa: ANN401 - as a way is made
        del fence
        return Way(fence=_nothing, **parts)

    patch.setattr(owner, "Way", way)


def half_without_a_proof(patch: pytest.MonkeyPatch) -> None:
    """The rest of a flip that was left halfway follows, whether it can be carried there or not."""
    move = Owner._move  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    async def unproven(
        self: Owner, held: Tenure, live: Mapping[str, LiveService], services: Collection[str], onto: Colour
    ) -> tuple[str, tuple[Verdict, ...], Mapping[str, str]]:
        if onto is held.flip.to:  # as if it were there: then nothing is proven
            live = {name: replace(each, colour=onto) for name, each in live.items()}
        return await move(self, held, live, services, onto)

    patch.setattr(Owner, "_move", unproven)


def by_its_own_clock(patch: pytest.MonkeyPatch) -> None:
    """Each machine writes the times that its own clock shows."""
    patch.setattr(ServerClock, "hear", _let_pass)


def approved_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A yes that another flip has used is good again."""

    def none(self: History, *, besides: int) -> frozenset[str]:
        del self, besides
        return frozenset()

    patch.setattr(History, "approvals", none)


def approved_by_anybody(patch: pytest.MonkeyPatch) -> None:
    """The policy of approvals takes any name."""
    require = admission.require

    def lax(kind: str, name: str, after: Object, by: By) -> None:
        if name != APPROVAL:
            require(kind, name, after, by)

    patch.setattr(admission, "require", lax)


def rolled_back_between(patch: pytest.MonkeyPatch) -> None:
    """A rollback comes between the proof of a flip and the engine's write."""
    go = Rollback.go

    async def regardless(self: Rollback, version: str | None = None) -> Flip:
        seen = await self._look()  # pyright: ignore[reportPrivateUsage]
        flip = seen.history.open
        if flip is None or flip.stage is not Stage.PROVEN or flip.origin is None:
            return await go(self, version)
        return await self._undo(seen, flip, flip.origin)  # pyright: ignore[reportPrivateUsage]

    patch.setattr(Rollback, "go", regardless)


def started_beside(patch: pytest.MonkeyPatch) -> None:
    """The new colour of a worker starts while pods of the old one end, whatever their overlap may be."""
    patch.setattr("teal.adapters.kubernetes.scale.await_gone", _nothing)


@pytest.mark.parametrize(
    ("bug", "seed", "found"),
    [
        (without_a_proof, 6, "moved_only_to_proven"),
        (without_a_last_look, 694, "confirmed_only_where_traffic_is"),
        (without_a_way_back, 3, "history_tells_what_happened"),
        (without_a_fence, 566, "one_writer"),
        (half_without_a_proof, 64, "moved_only_to_proven"),
        (by_its_own_clock, 14, "an_approval_is_used_once"),
        (approved_for_ever, 1780, "an_approval_is_used_once"),
        (approved_by_anybody, 757, "an_approval_is_used_once"),
        (rolled_back_between, 2019, "nothing_shrinks_early"),
        (started_beside, 2, "workers_overlap_as_declared"),
    ],
)
def test_a_bug_is_found(bug: Put, seed: int, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found by the invariant that it violates, and without it the seed violates none."""
    assert not simulate(seed).violations
    bug(monkeypatch)
    assert found in {each.name for each in simulate(seed).violations}
