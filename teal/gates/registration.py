"""The entry by which a gate's module tells the rest of teal about the gate; `teal.gates` collects them. Pure."""

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
    """The names of the verdicts."""
    asks: str
    """Who is asked, and for what."""
    passes: str
    """The condition under which the verdict is PASSED."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skippable:
    """How a gate is switched off: by a field of the setting `teal:skipGates`."""

    description: str
    wrong: str
    """What a reason that says nothing would have caused."""
    example: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """All that the rest of teal knows of one gate."""

    name: str
    """The name of its verdict. A gate with several verdicts begins their names with it and a dot."""
    questions: Sequence[Question]
    deadline_seconds: float
    """The time in seconds after which its verdict is an ERROR."""
    extends: bool = False
    """Whether the deadline is added to the time that the gate's own settings give it."""
    always: bool = False
    """Whether every service is asked, whatever its settings are."""
    router: RouterKind | None = None
    """The router whose services are asked; None where the router does not matter."""
    skippable: Skippable | None = None
    """How it is switched off; None where it cannot be switched off by its own name."""
    on_rollback: bool = True
    """Whether a flip back to a release that was confirmed before asks it as well."""
    in_preview: str = "asked"
    """Whether a preview asks it, in the words of the page."""
    remedy: str = (
        "kubectl -n {namespace} get pods,services -l {label}={destination}, mend that slot (pulumi refresh first, if a "
        "Service of it is gone)"
    )
    """The next command where only this gate has not passed."""

    @property
    def family(self) -> str:
        """The name that `teal:skipGates` and plans use for it."""
        return family(self.name)

    def next_command(self, *, namespace: str, service: str, destination: Colour) -> str:
        """Return the remedy for one service."""
        return self.remedy.format(namespace=namespace, service=service, destination=destination, label=COLOUR_LABEL)


class Asked:
    """The base of each gate's plan: what a stack asks of one service, and within which bounds."""

    __slots__ = ()
    entry: ClassVar[Gate]

    @property
    def gates(self) -> frozenset[str]:
        """The names of all verdicts that this plan leads to: the gate's own, unless a plan has several."""
        return frozenset({self.entry.name})

    @property
    def deadline_seconds(self) -> float:
        """The time in seconds after which its verdicts are ERRORs: the gate's deadline, unless the plan adds to it."""
        return self.entry.deadline_seconds


def family(verdict: str) -> str:
    """Return the part of a verdict's name that is its gate's."""
    return verdict.partition(".")[0]
