# pyright: reportUnknownMemberType=false
# matplotlib's stubs leave the keywords of nearly every method untyped.
"""The picture of a run: the whole of it above, each flip magnified below; lost requests are red, with a mark each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, cast

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch

from sandbox.report.analysis import write_to_last_old_ms
from sandbox.report.verdict import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from sandbox.load.records import Record
    from sandbox.report.seen import Load, Move, Seen

_INK: Final = "#1f2937"
_FAINT: Final = "#6b7280"
_HUES: Final = {"blue": "#4a90e2", "green": "#34a66a", "lost": "#d7263d"}
_NANO: Final = 1_000_000_000
_AROUND_NS: Final = 3 * _NANO
_FLIP_BIN_NS: Final = _NANO // 20
_RUN_BIN_NS: Final = _NANO // 4


def draw(seen: Seen, path: Path) -> None:
    """Write the picture of a run as PNG.

    Raises:
        ValueError: no load sent anything, so there is nothing to draw.
    """
    loads = [load for load in seen.loads if load.records]
    if not loads:
        raise ValueError("a picture needs at least one request")
    rows = len(loads)
    columns = max(1, len(seen.flips))
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
    figure = Figure(figsize=(12, 2.4 + 2.2 * rows), dpi=130, layout=layout)
    FigureCanvasAgg(figure)
    halves = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.0, 1.2), hspace=0.03)
    above, below = (cast("SubFigure", half) for half in halves[:, 0])
    above.suptitle("The whole run: requests in 250 ms, by the colour that answered", color=_INK, fontsize=12)
    start = min(load.records[0].scheduled_ns for load in loads)
    timelines = [cast("Axes", axes) for axes in above.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]]
    firsts = [min(flip.moves.values(), key=lambda move: move.write_ns) for flip in seen.flips]
    marks = [(move.write_ns, f"{move.from_colour} → {move.to_colour}") for move in firsts]
    marks += [
        (at, f"{refusal.to} {refusal.version} refused")
        for at, refusal in zip(seen.refused_ns, seen.refusals, strict=False)  # a run cut short may lack the last
    ]
    marks += [(each.moved_ns, f"{each.to} {each.version} fails, undone") for each in seen.reverts]
    for axes, load in zip(timelines, loads, strict=True):
        _timeline(axes, load, marks if axes is timelines[0] else [(at, "") for at, _ in marks], start)
    timelines[-1].set_xlabel("seconds since the load began", color=_FAINT)
    if seen.flips:
        below.suptitle("Each flip: requests in 50 ms, around the write", color=_INK, fontsize=12)
        panels = below.subplots(rows, columns, sharex=True, sharey="row", squeeze=False)
        for column, (flip, first) in enumerate(zip(seen.flips, firsts, strict=True)):
            stack = [cast("Axes", axes) for axes in panels[:, column]]
            for axes, load in zip(stack, loads, strict=True):
                _magnified(axes, load, flip.moves[load.service], labelled=column == 0)
            stack[0].set_title(f"{first.from_colour} → {first.to_colour}", color=_INK, loc="left", fontsize=11)
            stack[-1].set_xlabel("seconds after the write", color=_FAINT)
    figure.legend(
        handles=[Patch(color=hue, label=name) for name, hue in _HUES.items()],
        loc="upper right",
        ncols=len(_HUES),
        frameon=False,
        labelcolor=_INK,
    )
    figure.savefig(path)


def _timeline(axes: Axes, load: Load, marks: Sequence[tuple[int, str]], start_ns: int) -> None:
    _bars(axes, load.records, start_ns, _RUN_BIN_NS)
    _dress(axes, _name(load), lost=[r for r in load.records if r.outcome.lost], zero_ns=start_ns)
    axes.margins(x=0.01)
    for at_ns, text in marks:
        at = (at_ns - start_ns) / _NANO
        axes.axvline(at, color=_INK, linewidth=1, linestyle=(0, (4, 2)))
        axes.annotate(
            text,
            (at, 1.0),
            xycoords=("data", "axes fraction"),
            va="bottom",
            ha="center",
            fontsize=9,
            color=_INK,
        )


def _magnified(axes: Axes, load: Load, move: Move, *, labelled: bool) -> None:
    near = [r for r in load.records if abs(r.scheduled_ns - move.write_ns) < _AROUND_NS]
    _bars(axes, near, move.write_ns, _FLIP_BIN_NS)
    _dress(
        axes,
        _name(load) if labelled else "",
        lost=[r for r in near if r.outcome.lost],
        zero_ns=move.write_ns,
    )
    axes.axvline(0, color=_INK, linewidth=1, linestyle=(0, (4, 2)))
    axes.set_xlim(-_AROUND_NS / _NANO, _AROUND_NS / _NANO)
    last = write_to_last_old_ms(load.records, move)
    axes.annotate(
        "did not move" if last is None else f"last {move.from_colour}: {last:.0f} ms",
        (0.99, 1.02),
        xycoords="axes fraction",
        ha="right",
        va="bottom",
        fontsize=9,
        color=_FAINT if last is None else _INK,
    )


def _name(load: Load) -> str:
    return f"{load.service},\n{WORDS[load.header.mode].removesuffix(' connections')}"


def _bars(axes: Axes, records: Sequence[Record], zero_ns: int, bin_ns: int) -> None:
    """Stack what answered in each bin; a lost request stands in the bin in which it was scheduled."""
    counts = {name: Counter[int]() for name in _HUES}
    for record in records:
        name = "lost" if record.outcome.lost else record.colour
        counts.setdefault(name, Counter())[(record.scheduled_ns - zero_ns) // bin_ns] += 1
    bins = {each for counter in counts.values() for each in counter}
    if not bins:
        return
    numbers = range(min(bins), max(bins) + 2)  # the last one ends the last step
    edges = [each * bin_ns / _NANO for each in numbers]
    bottom = [0] * len(edges)
    for name, counter in counts.items():
        top = [low + counter[each] for low, each in zip(bottom, numbers, strict=True)]
        axes.fill_between(edges, bottom, top, step="post", color=_HUES.get(name, _FAINT), linewidth=0)
        bottom = top


def _dress(axes: Axes, name: str, *, lost: Sequence[Record], zero_ns: int) -> None:
    axes.set_ylabel(name, color=_INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    axes.tick_params(colors=_FAINT, length=3)
    axes.set_ylim(bottom=0)
    if lost:  # one among thousands is a pixel high: mark the place too
        axes.plot(
            [(record.scheduled_ns - zero_ns) / _NANO for record in lost],
            [0.0] * len(lost),
            marker="^",
            markersize=7,
            linestyle="none",
            color=_HUES["lost"],
            clip_on=False,
            zorder=5,
        )
