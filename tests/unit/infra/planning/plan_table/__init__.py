"""The plan table: one module a word, and what the plans of all rows say."""

from typing import TYPE_CHECKING

from teal.plans import render
from tests.unit.infra.planning.plan_table import moving, rolling, staying, unsafe

if TYPE_CHECKING:
    from teal.plans.model import Word

TABLE = [
    *(*staying.NOTHING, *staying.PREPARE, *staying.RETIRE),
    *(*moving.FLIP, *moving.CANARY, *moving.RELEASE, *moving.ROLLBACK),
    *(*rolling.ROLLING, *unsafe.UNSAFE),
]


def said() -> str:
    """Every row's plan as a terminal shows it, and the first of each word as a pull request's comment."""
    parts: list[str] = []
    commented: set[Word] = set()
    for row in TABLE:
        plan = row.plan
        parts.append(f"## {row.what}\n{render.text(plan)}\n")
        if plan.word not in commented:
            commented.add(plan.word)
            parts.append(render.markdown(plan))
    return "\n".join(parts)
