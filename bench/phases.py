"""Where the time of a run goes, as seen from outside: by when Pulumi's engine events arrive.

The events are those that `pulumi preview --json` streams. Looks into no process.
"""

import json
from collections.abc import Mapping
from typing import Any


class Events:
    """The events of one run."""

    def __init__(self) -> None:
        """Have seen none."""
        self._prelude = self._first = self._last = self._end = 0.0
        self.resources = 0
        """How many there were, the stack itself and providers included."""

    def line(self, text: str, seconds: float) -> None:
        """One line of a run's JSON, and when it came: seconds since the command was started."""
        event: dict[str, Any] = json.loads(text)
        if "preludeEvent" in event:
            self._prelude = seconds
        elif "resourcePreEvent" in event:
            self._first = self._first or seconds
        elif "resOutputsEvent" in event:
            self._last = seconds
        elif (summary := event.get("summaryEvent")) is not None:
            self.resources = sum(summary["resourceChanges"].values())
        self._end = seconds

    def phases(self) -> Mapping[str, float]:
        """Seconds of each part of the run, in order."""
        marks = {
            "engine starts": self._prelude,
            # Its body runs as a whole before Pulumi's SDK sends the first of what it declared.
            "program: imports, live state, declarations": self._first,
            "resources compared, one by one": self._last,
            "end": self._end,
        }
        return {
            name: mark - before for (name, mark), before in zip(marks.items(), [0.0, *marks.values()], strict=False)
        }
