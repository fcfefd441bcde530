"""What the rest of teal has to know of a gate: one entry in the gate's own module; `teal.gates` collects them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from teal.model.colours import Colour
from teal.model.labels import COLOUR_LABEL
from teal.model.routes import RouterKind


@dataclass(frozen=True, slots=True)
class Question:
    """One row of the table in docs/gates.md."""

    names: str
    """What the verdicts are called, as the page has it."""
    asks: str
    """Who is asked for what."""
    passes: str
    """When the verdict is PASSED."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skippable:
    """How a gate is switched off: a field of the setting `teal:skipGates`."""

    description: str
    wrong: str
    """What a reason that says nothing would have caused."""
    example: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One gate."""

    name: str
    """What its verdict is called; those of a gate that has several begin with it and a dot."""
    questions: Sequence[Question]
    deadline_seconds: float
    """After which its verdict is an ERROR."""
    extends: bool = False
    """Whether the deadline begins when the time is over that the gate's own settings give it."""
    always: bool = False
    """Whether every service is asked, whatever its settings say."""
    router: RouterKind | None = None
    """The router that asks it; None where it does not depend on the router."""
    skippable: Skippable | None = None
    """None where nothing switches it off by its own name."""
    on_rollback: bool = True
    """Whether a release is asked that was confirmed before."""
    in_preview: str = "asked"
    """Whether a preview asks, as the page has it."""
    remedy: str = "kubectl -n {namespace} get pods -l {label}={destination}, mend that slot"
    """The next command where this gate alone has not passed."""

    @property
    def family(self) -> str:
        """The name under which `teal:skipGates` switches it off, and a plan says that it is left out."""
        return family(self.name)

    def next_command(self, *, namespace: str, service: str, destination: Colour) -> str:
        """The remedy for one service."""
        return self.remedy.format(namespace=namespace, service=service, destination=destination, label=COLOUR_LABEL)


class Asked:
    """What a stack asks of one service for a gate, and by which bounds: each gate's plan is one."""

    __slots__ = ()
    entry: ClassVar[Gate]

    @property
    def gates(self) -> frozenset[str]:
        """The names of all verdicts that come of it: the gate's own, where it has one verdict."""
        return frozenset({self.entry.name})

    @property
    def deadline_seconds(self) -> float:
        """After so many seconds its verdicts are ERRORs: the gate's own deadline, where the plan gives it no time."""
        return self.entry.deadline_seconds


def family(verdict: str) -> str:
    """The part of a verdict's name that is its gate's."""
    return verdict.partition(".")[0]
