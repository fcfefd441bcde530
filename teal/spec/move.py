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
    """Of the slots that there are."""
    release: str
    """Digest of what the active slot declares."""
    slots: Mapping[Colour, str] = field(default_factory=dict[Colour, str])
    """Digest of each slot alone."""
    confirmed: Colour | None
    """Whose bake passed last, as the cluster has it recorded."""
    flip_set: Mapping[str, GatePlan]
    bake: BakePlan
    front_doors: Mapping[str, str] = field(default_factory=dict[str, str])
    """URLs that this machine may probe after the write, by service."""
    skipped: Mapping[str, str] = field(default_factory=dict[str, str])
    """Gates that the stack switches off, and its reason for each."""
    approval: ApprovalPlan | None = None
    """What a person's yes has to be; None where nobody has to give it."""
    repair: Colour | None = None
    """A colour that somebody else may have sent traffic to, and that this update may overwrite."""
    scaled_by_others: frozenset[str] = frozenset()
    """Services whose pods an autoscaler of somebody else's counts."""
    share: int = 0
    """Percent of live traffic that the other colour is to get."""
    canary: Mapping[str, GatePlan] = field(default_factory=dict[str, GatePlan])
    """What is measured of the other colour before it gets more than it has."""

    def measured(self, *, late: bool) -> Self:
        """The same with the services alone of which the pods run before the move, or only once it has begun."""
        return replace(self, flip_set={name: each for name, each in self.flip_set.items() if each.late is late})

    @property
    def version(self) -> str:
        """What is to become live."""
        return self.versions[self.to]
