"""docs/commands.md names every command, and every exit status as it is meant; what it shows of a check is one."""

import ast
import re
from collections import Counter
from pathlib import Path

from teal_infra.manager import BlueGreenManager, Done
from teal_infra.planning.checks import subjects

from teal.cli.app import app
from teal.cli.say import Exit
from teal.model.colours import Colour
from teal.status.health import Health
from tests.unit.infra.worlds import BASE, edited, settings

PAGE = (Path(__file__).parents[3] / "docs/commands.md").read_text()


def test_every_exit_status_is_there() -> None:
    """A number never gets another meaning."""
    assert {int(each) for each in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == {*Exit}


def test_every_command_is_there() -> None:
    """With what it does."""
    missing = [name for name in app if not name.startswith("-") and not re.search(rf"`(teal )?{name}\b", PAGE)]
    assert missing == []


def test_the_example_in_python_asks_for_what_there_is() -> None:
    """The manager, a verb's result and the colours' health have the attributes that the example reads."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    has = {
        "manager": {*dir(BlueGreenManager)},
        "done": {*Done.model_fields},
        "health": {*dir(Health), *Health.model_fields},
    }
    reads = [each for each in ast.walk(ast.parse(code)) if isinstance(each, ast.Attribute)]
    used = [(each.value.id, each.attr) for each in reads if isinstance(each.value, ast.Name)]
    assert {name for name, _ in used} == has.keys()
    assert [each for name, each in used if each not in has[name]] == []


def test_the_checklist_is_in_order_and_adds_up() -> None:
    """The lines of a service stand as the command prints them, and the last line counts them."""
    lines = re.findall(r"^(PASSED|FAILED|INCONCLUSIVE) +([\w.]+) of (?:backend|the flip set):", PAGE, re.MULTILINE)
    counts = Counter(outcome for outcome, _ in lines)
    assert "idle: " + ", ".join(f"{counts[each]} {each}" for each in ("PASSED", "FAILED", "INCONCLUSIVE")) in PAGE
    backing = {"kind": "database", "host": "10.20.0.7", "network": {"cidrs": ["10.20.0.0/28"], "ports": [5432]}}
    fixed = {"enabled": False}
    changes = {"backing.database": backing, "services.backend.backing": ["database"]}
    declared = settings(edited(BASE, {**changes, "services.backend.autoscaling": fixed}))
    its = subjects(declared, Colour.GREEN)["backend"]
    gates = ["capacity", *(gate for plan in its.gates.measured for gate in sorted(plan.gates))]
    objects, probes, needs = (
        [f"{part}.{name}" for name in names]
        for part, names in (("resources", its.objects), ("probes", its.probes), ("reach", its.needs))
    )
    asked = [*objects, *gates, *probes, "metrics.availability", *needs, "load", "usage", "security"]
    assert [gate for _, gate in lines] == asked
