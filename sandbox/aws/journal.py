"""When each rule's weights were written, by the clock that loads are recorded with: what a flip is timed by.

`GET /teal-sandbox/moves` answers with all of them, oldest first:

    [{"rule": "0123456789abcdef", "weights": {"fedcba9876543210": 100, ...}, "at_ns": 12345678900}]

Rules and target groups by the last part of their ARNs; `at_ns` is CLOCK_MONOTONIC, right after moto took the change,
whenever the data path learns of it.
"""

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from sandbox.aws.balancer.picture import Picture
from sandbox.aws.faults import Application, Start

PATH: Final = "/teal-sandbox/moves"


@dataclass(frozen=True, kw_only=True)
class Move:
    """One rule's weights, from an instant on."""

    rule: str
    weights: dict[str, int]
    at_ns: int


class Journal:
    """Every change of every rule's weights."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._moves: list[Move] = []
        self._known: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def note(self, picture: Picture) -> None:
        """Keep what is another now than when it was last noted."""
        with self._lock:
            at_ns = time.monotonic_ns()
            now = {rule.id: dict(rule.action.shares) for each in picture.listeners for rule in each.rules}
            changed = {rule: weights for rule, weights in now.items() if weights and weights != self._known.get(rule)}
            self._moves += [Move(rule=rule, weights=weights, at_ns=at_ns) for rule, weights in changed.items()]
            self._known = now

    def served(self, application: Application) -> Application:
        """The application, with this journal beside it."""

        def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
            if environ["PATH_INFO"] != PATH:
                return application(environ, start)
            start("200 OK", [("Content-Type", "application/json")])
            return [json.dumps([asdict(move) for move in self._moves]).encode()]

        return answer
