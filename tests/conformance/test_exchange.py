"""States travel between the engines: what one exports, the other imports, and has nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.conformance.engines import Engine, Stack, real_pulumi

if TYPE_CHECKING:
    from pathlib import Path

PULUMI: Final = real_pulumi()
SCENARIO: Final = {
    "declare": [
        {
            "thing": "a",
            "with": {"x": 1, "password": "!swordfish"},
            "options": {"protect": True, "ignore_changes": ["y"]},
        },
        {"group": "g", "options": {"aliases": ["old"]}},
        {"thing": "b", "with": {"from": "${a}"}, "options": {"parent": "g", "gated": True, "retain_on_delete": True}},
    ],
    "export": ["a", "b"],
}

pytestmark = [
    pytest.mark.skipif(PULUMI is None, reason="no pulumi of Pulumi's own on PATH: nobody to exchange states with"),
    pytest.mark.timeout(600),
]


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "in the clear"])
@pytest.mark.parametrize("direction", ["to Pulumi's own", "from Pulumi's own"])
def test_an_export_is_taken_over(direction: str, tmp_path: Path, *, sealed: bool) -> None:
    """The other engine accepts it, shows the same state and the same secrets, and a preview finds nothing to do."""
    both = [Engine.embedded(), Engine("pulumi", (PULUMI or "",))]
    giver, taker = both if direction.startswith("to") else reversed(both)
    one, other = Stack(giver, tmp_path / "one"), Stack(taker, tmp_path / "other")
    one.scenario = other.scenario = SCENARIO
    made = one.operate("up", "--yes", "--skip-preview")
    assert (made.status, made.calls) == (0, ["create a", "create b"])
    file = str(tmp_path / "state.json")
    one.check("stack", "export", "--file", file, *([] if sealed else ["--show-secrets"]))
    other.check("stack", "import", "--file", file)
    assert other.exported() == one.exported()
    assert other.outputs("--show-secrets") == one.outputs("--show-secrets")
    (other.cloud).mkdir(exist_ok=True)
    looked = other.operate("preview", "--expect-no-changes")
    assert (looked.status, looked.calls) == (0, []), looked.out + looked.err
