"""A checklist comes to one word, and to JUnit's XML that says no more than it knows."""

from xml.etree import ElementTree as ET

import pytest

from teal.checking.checklist import Checklist
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict


def checklist(*outcomes: Outcome) -> Checklist:
    """With a verdict of each outcome."""
    verdicts = tuple(
        Verdict(gate=f"check.{number}", service="backend", outcome=each, seen='a <"b">', needed="c")
        for number, each in enumerate(outcomes)
    )
    skipped = {"usage": "--skip"}
    return Checklist(stack="dev", colour=Colour.GREEN, version="1.1.0", live=False, verdicts=verdicts, skipped=skipped)


@pytest.mark.parametrize(
    ("outcomes", "passed", "failed"),
    [
        ([Outcome.PASSED, Outcome.PASSED], True, False),
        ([Outcome.PASSED, Outcome.INCONCLUSIVE], False, False),
        ([Outcome.PASSED, Outcome.ERROR], False, False),
        ([Outcome.INCONCLUSIVE, Outcome.FAILED], False, True),
        ([], False, False),
    ],
)
def test_only_what_passed_has_passed(outcomes: list[Outcome], *, passed: bool, failed: bool) -> None:
    """Nothing asked is nothing passed."""
    found = checklist(*outcomes)
    assert (found.passed, found.failed) == (passed, failed)


def test_it_is_summed_up() -> None:
    """In one line."""
    assert str(checklist(Outcome.PASSED, Outcome.FAILED, Outcome.PASSED)) == "green 1.1.0, idle: 2 PASSED, 1 FAILED"


def test_junit_tells_failures_from_what_is_not_known() -> None:
    """A CI system shows neither as passed."""
    xml = checklist(Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.ERROR).junit()
    (suite,) = ET.fromstring(xml)  # noqa: S314 - our own
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "2", "skipped": "1"}
    cases = {case.attrib["name"]: [each.tag for each in case] for case in suite}
    assert cases == {
        "check.0": ["system-out"],
        "check.1": ["failure"],
        "check.2": ["error"],
        "check.3": ["error"],
        "usage": ["skipped"],
    }
    said = suite.find("testcase[@name='check.1']/failure")
    assert said is not None
    assert said.attrib == {"type": "FAILED", "message": 'a <"b">'}
