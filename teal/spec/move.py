"""What an update declares of live traffic, as far as its proof, its bake and its plan need it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from teal.gates.approvals import ApprovalPlan
from teal.model.colours import Colour
from teal.spec.bake import BakePlan
from teal.spec.gates import GatePlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """What an update declares of live traffic."""

    to: Colour
    versions: Mapping[Colour, str]
    """The versions of the slots that exist."""
    release: str
    """The digest of what the active slot declares."""
    slots: Mapping[Colour, str] = field(default_factory=dict[Colour, str])
    """The digest of each slot alone, without what the services say of its pods."""
    confirmed: Colour | None
    """The colour whose bake passed last, as the cluster has it recorded."""
    flip_set: Mapping[str, GatePlan]
    bake: BakePlan
    planned: Mapping[str, Colour | None] = field(default_factory=dict[str, Colour | None])
    """Where each service's traffic went when the update was planned; the engine writes only what it saw to change."""
    front_doors: Mapping[str, str] = field(default_factory=dict[str, str])
    """The URLs that this machine may probe after the write, by service."""
    skipped: Mapping[str, str] = field(default_factory=dict[str, str])
    """The gates that the stack switches off, with its reason for each."""
    approval: ApprovalPlan | None = None
    """The conditions for an approval; None where none is needed."""
    repair: Colour | None = None
    """A colour that somebody else may have sent traffic to, which this update may overwrite."""
    scaled_by_others: frozenset[str] = frozenset()
    """The services whose pods somebody else's autoscaler scales."""
    share: int = 0
    """The percentage of live traffic that the other colour is to get."""
    canary: Mapping[str, GatePlan] = field(default_factory=dict[str, GatePlan])
    """What is measured of the other colour before it gets more traffic than it has."""

    def measured(self, *, late: bool) -> Self:
        """Return the move with only the services whose pods run before it (`late=False`), or start with it."""
        return replace(self, flip_set={name: each for name, each in self.flip_set.items() if each.late is late})

    @property
    def version(self) -> str:
        """The version that is to become live."""
        return self.versions[self.to]
