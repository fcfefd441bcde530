"""Prepares what is shown for the templates: a flip by time, and how a stack stands at one moment. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from teal.gates.approvals import Approval
from teal.history.model import Flip, Stage
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.notifications.messages import became, passed
from teal.notifications.told import Told
from teal.status.look import Pods, Status
from teal.status.requests import Requests

BAKED = "bake"
"""The beginning of the names of a bake's verdicts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A while in which traffic was in one place, or on its way."""

    who: str
    """A colour, or in words what was under way."""
    colour: Colour | None
    begun: datetime
    seconds: float
    left: float
    """The percentage of the whole time that had gone before it."""
    width: float
    """The percentage of the whole time that it took."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A flip as it is shown."""

    flip: Flip
    until: datetime
    """The moment up to which it is shown, where it has not ended."""
    told: Told = field(default_factory=Told)

    @property
    def gates(self) -> Sequence[Verdict]:
        """The verdicts of what was measured before traffic moved."""
        return [each for each in self.flip.verdicts if not each.gate.startswith(BAKED)]

    @property
    def bake(self) -> Sequence[Verdict]:
        """The verdicts of the bake."""
        return [each for each in self.flip.verdicts if each.gate.startswith(BAKED)]

    @property
    def passed(self) -> int:
        """The number of verdicts that passed, including those that the history has dropped."""
        return self.flip.thinned + sum(each.outcome is Outcome.PASSED for each in self.flip.verdicts)

    @property
    def became(self) -> str:
        """What became of the flip, in words."""
        return became(self.flip, self.flip.stage)

    @property
    def stages(self) -> Mapping[Stage, bool]:
        """The stages that it went through, and whether somebody was told of each."""
        return {stage: self.told.has(self.flip, stage) for stage in passed(self.flip)}

    @property
    def moments(self) -> Sequence[tuple[str, str]]:
        """What happened and when, as far as the record says."""
        known = (
            ("begun", self.flip.begun),
            ("all gates had passed", self.flip.allowed_at),
            ("traffic had moved, and was watched", self.flip.bake_began_at),
            ("the bake came to its verdict", self.flip.decided_at),
            (f"ended: {self.flip.stage}", self.flip.ended),
        )
        return [(what, at) for what, at in known if at]

    @property
    def baked_seconds(self) -> float:
        """The seconds for which the flip has been watched, at most those of its whole bake."""
        if not self.flip.bake_began_at:
            return 0.0
        end = _moment(self.flip.decided_at or self.flip.ended) or self.until
        gone = (end - datetime.fromisoformat(self.flip.bake_began_at)).total_seconds()
        return min(max(gone, 0.0), self.flip.plan.seconds)

    @property
    def spans(self) -> Sequence[Span]:
        """Where traffic was, span by span."""
        flip = self.flip
        end = _moment(flip.ended) or self.until
        marks: list[tuple[datetime, Colour | None, str]] = [
            (datetime.fromisoformat(flip.begun), flip.origin, str(flip.origin or "nothing"))
        ]
        moved = _moment(flip.bake_began_at)
        allowed = _moment(flip.allowed_at)
        if allowed is not None and (moved is not None or flip.stage is Stage.PROVEN):
            marks.append((allowed, None, f"moving to {flip.to}"))
        if moved is not None:
            marks.append((moved, flip.to, str(flip.to)))
        decided = _moment(flip.decided_at)
        if decided is not None and flip.stage in {Stage.REVERTING, Stage.REVERTED}:
            marks.append((decided, None, f"moving back to {flip.origin or 'nothing'}"))
        return _spans(marks, end)


def _spans(marks: Sequence[tuple[datetime, Colour | None, str]], end: datetime) -> Sequence[Span]:
    """Return a span from each mark to the next; some marks are in whole seconds, so none begins before the last."""
    begun = [marks[0][0]]
    for at, _, _ in marks[1:]:
        begun.append(max(at, begun[-1]))
    ends = [*begun[1:], max(end, begun[-1])]
    whole = (ends[-1] - begun[0]) / timedelta(seconds=1) or 1.0
    return [
        Span(
            who=who,
            colour=colour,
            begun=since,
            seconds=(until - since).total_seconds(),
            left=round(100 * (since - begun[0]).total_seconds() / whole, 2),
            width=round(100 * (until - since).total_seconds() / whole, 2),
        )
        for (_, colour, who), since, until in zip(marks, begun, ends, strict=True)
    ]


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How a stack stands at one moment."""

    namespace: str
    at: datetime
    status: Status
    requests: Requests | None = None
    """The requests as counted last; None where no Prometheus is asked."""
    trend: Sequence[Mapping[Colour, float]] = ()
    """The requests a second of each colour at each answer of Prometheus, oldest first."""
    approval: Approval | None = None
    """The last approval; None where there is none."""
    progress: Sequence[str] = ()
    """The last lines of the update under way, oldest first."""
    why: str = ""
    """Why it is not known how the stack stands now, so that an earlier look is shown; empty where it is known."""

    @property
    def shown(self) -> Shown | None:
        """The flip under way, or the last one."""
        return Shown(flip=self.status.last, until=self.at) if self.status.last is not None else None

    @property
    def history(self) -> Sequence[Flip]:
        """The last flips, newest first."""
        return self.status.history[::-1]

    @property
    def approvable(self) -> Colour | None:
        """The colour that can be approved: it has a release and is not live. None while a flip is under way."""
        idle = self.status.main.other if self.status.main else None
        return idle if idle is not None and self.approved(idle) and self.status.open is None else None

    def approved(self, colour: Colour) -> Mapping[str, Pods]:
        """Return the services that an approval of a colour names: all that it runs, except cron jobs."""
        return {name: each for name, each in self.status.colours.get(colour, {}).items() if not each.cron}

    def weight(self, colour: Colour) -> Mapping[str, int]:
        """Return the percentage of each service's traffic that a colour has."""
        return {name: each.get(colour, 0) for name, each in self.status.weights.items()}

    def line(self, colour: Colour) -> str:
        """Return the trend of a colour as the points of an SVG line, 100 wide and 30 high."""
        most = max((value for each in self.trend for value in each.values()), default=0.0) or 1.0
        step = 100 / max(1, len(self.trend) - 1)
        return " ".join(
            f"{place * step:.1f},{29 - 28 * each.get(colour, 0.0) / most:.1f}" for place, each in enumerate(self.trend)
        )
