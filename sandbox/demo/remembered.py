"""What the program itself remembers of a flip, by `teal history`, on the clock of the loads."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from sandbox.demo.user import User

_Instant = Annotated[datetime | None, BeforeValidator(lambda found: found or None)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class Verdict(_Record):
    """What one gate said."""

    gate: str  # with its check, where it has several: "metrics.p95"
    service: str
    outcome: str
    seen: str


class Flip(_Record):
    """One entry of the history, as far as a demo reads it."""

    number: int
    to: str
    version: str
    verdicts: list[Verdict] = []
    bake_began_at: _Instant = None  # None: the record does not say, or no bake asked anything
    decided_at: _Instant = None

    @property
    def unproven(self) -> list[Verdict]:
        """What did not pass."""
        return [each for each in self.verdicts if each.outcome != "PASSED"]


_HISTORY = TypeAdapter(list[Flip])


class Memory:
    """Reads the history of a stack's namespace as it grows."""

    def __init__(self, user: User) -> None:
        """Read as `user`; what is there by now is taken as known by the first call of `flip`."""
        self._user = user
        self._known = 0

    def flip(self, to: str, version: str) -> Flip | None:
        """Return the newest flip, if it came after the last call and is one to this release; None if there is none.

        Raises:
            DemoError: the history cannot be read.
        """
        argv = [sys.executable, "-m", "teal", "history", "--json", "--namespace", self._user.namespace]
        flips = _HISTORY.validate_json(self._user.run(*argv).output)
        new = [each for each in flips if each.number > self._known]
        self._known = max((each.number for each in flips), default=0)
        return new[-1] if new and (new[-1].to, new[-1].version) == (to, version) else None


def monotonic_ns(instant: datetime | None) -> int | None:
    """Put an instant of this machine's wall clock onto CLOCK_MONOTONIC, in ns."""
    if instant is None:
        return None
    return round(instant.timestamp() * 1e9) + time.monotonic_ns() - time.time_ns()
