"""What the program declares passes every policy, with everything that a stack can ask for."""

import pytest

from tests.unit.policies.graphs import declared, everything, live_in
from tests.unit.policies.pack import Pack


@pytest.mark.parametrize("active", ["blue", "green"])
@pytest.mark.parametrize("live", [None, "blue", "green"])
async def test_every_policy_passes(pack: Pack, active: str, live: str | None) -> None:
    """A first update, one that changes nothing, and a flip either way."""
    assert pack.judge(await declared(everything(active), await live_in(live, before=everything()))) == []
