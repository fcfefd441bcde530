"""The floor: what a bare write takes on the program's own pods. No proof, nothing recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from sandbox.demo.doors import FLOOR
from sandbox.load.records import Mode
from sandbox.report.seen import Move

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.demo.doors import Doors
    from sandbox.demo.traffic import Traffic

_BEFORE_SECONDS: Final = 1.1  # the last second before a write says who answered
_AFTER_SECONDS: Final = 1.6  # between two writes: the last second decides whether it moved
_WRITES: Final = ("green", "blue")


def measure(doors: Doors, traffic: Traffic, versions: dict[str, str], observe: Callable[[float], None]) -> list[Move]:
    """Move it to and fro under a load of its own, and take it away; blue is where it begins and ends.

    Args:
        doors: how it is written.
        traffic: what loads it.
        versions: by colour.
        observe: waits for so many seconds.
    """
    traffic.load(FLOOR, doors.floor(), Mode.NEW_CONNECTIONS, shown=False)
    observe(_BEFORE_SECONDS)
    moves: list[Move] = []
    live = "blue"
    for colour in _WRITES:
        begun = time.monotonic_ns()
        doors.move_floor(colour)
        written = traffic.written(FLOOR, colour, begun)
        observe(_AFTER_SECONDS)
        moves.append(
            Move(
                from_colour=live,
                to_colour=colour,
                version=versions[colour],
                write_ns=written,
                until_ns=time.monotonic_ns(),
            )
        )
        live = colour
    traffic.end(FLOOR)
    doors.remove_floor()
    return moves
