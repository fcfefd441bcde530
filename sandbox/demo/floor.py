"""The floor: what a bare `kubectl patch` of a Service takes on the program's own pods. No proof, nothing recorded."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from sandbox.load.records import Mode
from sandbox.load.writes import COLOUR_LABEL
from sandbox.report.seen import Move

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.demo.traffic import Traffic
    from sandbox.demo.user import User

NAME: Final = "floor"
_BEFORE_SECONDS: Final = 1.1  # the last second before a write says who answered
_PATCH_SECONDS: Final = 1.6  # between two patches: the last second decides whether it moved
_PATCHES: Final = ("green", "blue")


def make(user: User, service: str) -> None:
    """Make a Service like that of `service`; long before it is asked, so that it is everywhere."""
    active = user.get("service", service)["spec"]
    port = {"port": active["ports"][0]["port"], "targetPort": active["ports"][0]["targetPort"]}
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME},
        "spec": {"type": "NodePort", "selector": active["selector"], "ports": [port]},
    }
    user.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))


def measure(user: User, traffic: Traffic, versions: dict[str, str], observe: Callable[[float], None]) -> list[Move]:
    """Patch it to and fro under a load of its own, and take it away; blue is where it begins and ends.

    Args:
        user: who patches.
        traffic: what loads it.
        versions: by colour.
        observe: waits for so many seconds.
    """
    port = user.get("service", NAME)["spec"]["ports"][0]["nodePort"]
    traffic.load(NAME, f"http://127.0.0.1:{port}/pricing", Mode.NEW_CONNECTIONS, shown=False)
    observe(_BEFORE_SECONDS)
    moves: list[Move] = []
    live = "blue"
    for colour in _PATCHES:
        begun = time.monotonic_ns()
        user.kubectl("patch", "service", NAME, "-p", json.dumps({"spec": {"selector": {COLOUR_LABEL: colour}}}))
        written = traffic.written(NAME, colour, begun)
        observe(_PATCH_SECONDS)
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
    traffic.end(NAME)
    user.kubectl("delete", "service", NAME, "--wait=false")
    return moves
