"""Every gate has one entry, and what is known of a gate elsewhere is read from it."""

from pathlib import Path

import pytest

from teal.gates import GATES, gate_of
from teal.gates.documents import CHANGES, ContractPlan
from teal.gates.identity import VersionPlan
from teal.gates.registration import Asked
from teal.gates.replies import SmokeCheck
from teal.gates.samples import AVAILABILITY, MetricsPlan
from teal.gates.series import SeriesPlan
from teal.gates.usage import UsagePlan
from teal.model.colours import Colour
from teal.proof import table
from teal.proof.measure import measure

PAGE = Path(__file__).parents[4] / "docs" / "gates.md"


def test_no_two_gates_have_one_name() -> None:
    """A verdict would be taken for another gate's."""
    names = [each.name for each in GATES]
    assert len({*names}) == len(names)


@pytest.mark.parametrize(
    ("verdict", "gate"),
    [
        ("capacity", "capacity"),
        ("smoke.prices", "smoke"),
        (CHANGES, "contract"),
        (AVAILABILITY, "metrics"),
        ("metrics.series", "metrics.series"),  # a gate of its own, whose name begins like another one's
        ("alarms", "alarms"),
    ],
)
def test_a_verdict_is_of_the_gate_that_its_name_says(verdict: str, gate: str) -> None:
    """By the whole name first, then by what it begins with."""
    found = gate_of(verdict)
    assert found is not None
    assert found.name == gate


def test_the_page_has_the_gates_as_they_are() -> None:
    """Made by `python -m teal.proof.table`."""
    page = PAGE.read_text()
    assert table.questions() in page
    assert table.rules() in page


@pytest.mark.parametrize("plan", [VersionPlan, SmokeCheck, ContractPlan, MetricsPlan, SeriesPlan, UsagePlan])
def test_each_plan_is_measured_and_says_what_it_is_for(plan: type[Asked]) -> None:
    """One that nothing measures would fail at the first flip."""
    assert measure.dispatch(plan) is not measure.dispatch(object)
    assert plan.entry in GATES


def test_a_remedy_is_a_command_for_the_colour_that_is_refused() -> None:
    """It names the colour, and nothing in it is left to be filled in."""
    for gate in GATES:
        command = gate.next_command(namespace="shop", service="backend", destination=Colour.GREEN)
        assert "green" in command
        assert not {"{", "}"} & {*command}
