"""Holds the result of a check: as a list that a person reads, as JSON, and as JUnit's XML, which CI systems show."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from pydantic import Field

from teal.checking.load import Loaded
from teal.model.colours import Colour
from teal.model.stored import Model
from teal.model.verdict import Outcome, Verdict


class Checklist(Model):
    """The result of checking one colour."""

    stack: str
    colour: Colour
    version: str
    live: bool
    """Whether the colour has live traffic of some service."""
    verdicts: tuple[Verdict, ...]
    skipped: Mapping[str, str] = Field(default_factory=dict[str, str])
    """The parts that were left out, each with the reason why."""
    load: Mapping[str, Loaded] = Field(default_factory=dict[str, Loaded])
    """The result of the load test, by service."""
    at: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def failed(self) -> bool:
        """Whether one of the verdicts is FAILED."""
        return any(each.outcome is Outcome.FAILED for each in self.verdicts)

    @property
    def passed(self) -> bool:
        """Whether all that was asked passed: what nobody could look at did not."""
        return bool(self.verdicts) and all(each.outcome is Outcome.PASSED for each in self.verdicts)

    def __str__(self) -> str:
        """Return the result in one sentence."""
        counted = Counter(each.outcome for each in self.verdicts)
        came = ", ".join(f"{counted[each]} {each}" for each in Outcome if counted[each]) or "nothing was asked"
        return f"{self.colour} {self.version}, {'live' if self.live else 'idle'}: {came}"

    def junit(self) -> bytes:
        """Return JUnit's XML: FAILED is a failure, what could not be told is an error, what was left out is skipped."""
        counts = {
            "tests": len(self.verdicts) + len(self.skipped),
            "failures": sum(each.outcome is Outcome.FAILED for each in self.verdicts),
            "errors": sum(each.outcome in {Outcome.INCONCLUSIVE, Outcome.ERROR} for each in self.verdicts),
            "skipped": len(self.skipped),
        }
        name = f"teal check {self.colour} of {self.stack}"
        suites = Element("testsuites", name=name)
        about = {"name": name, "timestamp": self.at, **{key: str(each) for key, each in counts.items()}}
        suite = SubElement(suites, "testsuite", about)
        for each in self.verdicts:
            case = SubElement(suite, "testcase", classname=each.service, name=each.gate)
            if each.outcome is not Outcome.PASSED:
                kind = "failure" if each.outcome is Outcome.FAILED else "error"
                said = SubElement(case, kind, type=str(each.outcome), message=each.seen)
                said.text = str(each)
            else:
                SubElement(case, "system-out").text = str(each)
        for what, why in self.skipped.items():
            case = SubElement(suite, "testcase", classname=str(self.colour), name=what)
            SubElement(case, "skipped", message=why)
        return tostring(suites, encoding="utf-8", xml_declaration=True)
