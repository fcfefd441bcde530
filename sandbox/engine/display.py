"""How a run looks on a terminal: one line per operation, what was said, outputs, and the count, as Pulumi prints them.

Everything printed has its secrets masked. A long operation says again, every few seconds, how long it takes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Final, TextIO

from sandbox.engine import urns
from sandbox.engine.model import Op, Step
from sandbox.engine.values import MASK, Value, contains_secret, is_secret, is_unknown, mask, same

if TYPE_CHECKING:
    from sandbox.engine.report import Severity, Summary, Violation

_SIGNS: Final = {
    Op.SAME: " ",
    Op.CREATE: "+",
    Op.UPDATE: "~",
    Op.DELETE: "-",
    Op.REPLACE: "+-",
    Op.CREATE_REPLACEMENT: "++",
    Op.DELETE_REPLACED: "--",
    Op.READ: ">",
    Op.DISCARD: "<",
    Op.REFRESH: "~",
}
_DOING: Final = {
    Op.CREATE: ("create", "creating", "created"),
    Op.UPDATE: ("update", "updating", "updated"),
    Op.DELETE: ("delete", "deleting", "deleted"),
    Op.REPLACE: ("replace", "replacing", "replaced"),
    Op.CREATE_REPLACEMENT: ("create replacement", "creating replacement", "created replacement"),
    Op.DELETE_REPLACED: ("delete original", "deleting original", "deleted original"),
    Op.READ: ("read", "reading", "read"),
    Op.DISCARD: ("discard", "discarding", "discarded"),
    Op.REFRESH: ("refresh", "refreshing", "refreshed"),
    Op.SAME: ("", "", ""),
}
_COLOURS: Final = {"+": "32", "~": "33", "-": "31", "+-": "35", "++": "32", "--": "31", ">": "36", "error": "31"}
_TITLES: Final = {"update": "Updating", "destroy": "Destroying", "refresh": "Refreshing"}
_STILL_EVERY: Final = 10.0
"""Seconds after which an operation under way is mentioned again."""


class Terminal:
    """Prints a run as it goes."""

    def __init__(  # noqa: PLR0913 - flags of the command line
        self,
        *,
        colour: bool = False,
        show_diff: bool = False,
        show_secrets: bool = False,
        show_sames: bool = False,
        progress: bool = True,
        outputs: bool = True,
        out: TextIO | None = None,
    ) -> None:
        """Print to `out` (standard output)."""
        self._out = out or sys.stdout
        self._show_sames = show_sames
        self._progress = progress
        self._show_outputs = outputs
        self._colour = colour
        self._show_diff = show_diff
        self._show_secrets = show_secrets
        self._dry_run = False
        self._running: dict[str, tuple[Step, float, str]] = {}
        self._said: dict[str, list[tuple[Severity, str]]] = {}
        self._violations: list[Violation] = []
        self._ticker: asyncio.Task[None] | None = None

    def begin(self, kind: str, stack: str, *, dry_run: bool) -> None:
        """Print what is about to happen."""
        self._dry_run = dry_run
        self._running.clear()
        self._said.clear()
        self._violations.clear()
        title = f"Previewing {kind}" if dry_run else _TITLES[kind]
        self._print(f"{self._bold(f'{title} ({stack}):')}")

    def started(self, step: Step) -> None:
        """Print that an operation starts."""
        if self._dry_run or not self._progress or step.op in (Op.SAME, Op.REPLACE):
            return
        self._running[step.urn] = (step, time.monotonic(), "")
        if self._ticker is None:
            self._ticker = asyncio.get_running_loop().create_task(self._tick())
        note = f"; {step.note}" if step.note else ""
        self._line(step, f"{_DOING[step.op][1]}{self._keys(step)}{note}")

    def finished(self, step: Step, seconds: float) -> None:
        """Print that an operation ended well; in a preview, what it would be."""
        self._running.pop(step.urn, None)
        if step.op is Op.SAME and self._show_sames:
            self._line(step, "")
        # In a preview a replacement is one line, in an update the lines are what is done.
        if step.op is Op.SAME or (not step.logical if self._dry_run else step.op is Op.REPLACE):
            return
        if self._dry_run:
            note = f"; {step.note}" if step.note else ""
            self._line(step, f"{_DOING[step.op][0]}{self._keys(step)}{note}")
        else:
            self._line(step, f"{_DOING[step.op][2]} ({_seconds(seconds)})")
        if self._show_diff and step.old and step.new:
            self._difference(step.old.inputs, step.new.inputs)

    def failed(self, step: Step, message: str, seconds: float) -> None:
        """Print that an operation failed; why stands among the diagnostics."""
        self._running.pop(step.urn, None)
        verb = _DOING[step.op][0 if self._dry_run else 1] or str(step.op)
        self._line(step, self._paint("error", f"{verb} failed ({_seconds(seconds)})"))
        self._said.setdefault(step.urn, []).append(("error", message))

    def diagnostic(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Keep what is said for the end; what is worth saying only now is shown now."""
        if severity == "debug" or not message.strip():
            return
        if not ephemeral:
            self._said.setdefault(urn, []).append((severity, message))
        if urn in self._running:
            step, since, last = self._running[urn]
            if message != last:
                self._running[urn] = (step, since, message)
                self._line(step, f"{_DOING[step.op][1]} ({_seconds(time.monotonic() - since)}) {_first_line(message)}")
        elif not urn and not ephemeral:
            self._print(f"    {message}")

    def violated(self, violation: Violation) -> None:
        """Keep a violated policy for the end."""
        self._violations.append(violation)

    def summary(self, summary: Summary) -> None:
        """Print outputs, counts, duration, and what was said; after a failure its reason stands last."""
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        if summary.succeeded:
            self._diagnostics()
        self._policies(summary)
        self._outputs(summary)
        self._counts(summary)
        self._print(f"\n{self._bold('Duration:')} {max(1, round(summary.seconds))}s")
        if not summary.succeeded:
            self._diagnostics()
        self._out.flush()

    # -- parts ---------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_STILL_EVERY)
            for step, since, last in list(self._running.values()):
                waited = f"{_DOING[step.op][1]} ({_seconds(time.monotonic() - since)})"
                self._line(step, f"{waited} {_first_line(last)}".rstrip())

    def _line(self, step: Step, what: str) -> None:
        sign = _SIGNS[step.op]
        name = urns.name_of(step.urn)
        self._print(f" {self._paint(sign, f'{sign:<2}')} {urns.type_of(step.urn)} {name} {what}")

    def _keys(self, step: Step) -> str:
        found = step.difference.replace_keys or step.difference.changed_keys
        keys = sorted({key.split(".")[0].split("[")[0] for key in found})
        return f" [diff: {','.join(f'~{key}' for key in keys)}]" if keys and step.op is not Op.CREATE else ""

    def _difference(self, old: Value, new: Value, path: str = "") -> None:
        if same(old, new) and not contains_secret(new):
            return
        if isinstance(old, dict) and isinstance(new, dict) and not is_secret(old) and not is_secret(new):
            for key in sorted({*old, *new}):
                self._difference(old.get(key), new.get(key), f"{path}.{key}" if path else key)
            return
        if not same(old, new):
            sign = "+" if old is None else "-" if new is None else "~"
            shown = (
                f"{self._value(old)} => {self._value(new)}" if sign == "~" else self._value(new if sign == "+" else old)
            )
            self._print(f"        {self._paint(sign, sign)} {path}: {shown}")

    def _value(self, value: Value) -> str:
        return json.dumps(mask(value, show_secrets=self._show_secrets), ensure_ascii=False)

    def _diagnostics(self) -> None:
        shown = {urn: said for urn, said in self._said.items() if urn or any(level != "info" for level, _ in said)}
        if not shown:
            return
        self._print(f"\n{self._bold('Diagnostics:')}")
        # Errors last: the reason of a failure is what a reader looks for at the end.
        for urn, said in sorted(shown.items(), key=lambda item: any(level == "error" for level, _ in item[1])):
            self._print(f"  {urns.type_of(urn)} ({urns.name_of(urn)}):" if urn else "  stack:")
            for severity, message in dict.fromkeys(said):
                prefix = (
                    "" if severity == "info" else self._paint("error" if severity == "error" else "~", f"{severity}: ")
                )
                first, *rest = message.rstrip().split("\n")
                self._print(f"    {prefix}{first}")
                for line in rest:
                    self._print(f"    {line}")

    def _policies(self, summary: Summary) -> None:
        if not summary.policy_packs:
            return
        self._print(f"\n{self._bold('Policies:')}")
        for name, version in summary.policy_packs.items():
            found = [violation for violation in self._violations if violation.pack == name]
            failed = any(violation.mandatory for violation in found)
            self._print(f"    {'❌' if failed else '✅'} {name}@v{version.removeprefix('v')} (local)")
            for violation in found:
                level = "mandatory" if violation.mandatory else "advisory"
                subject = f"  ({urns.type_of(violation.urn)}: {urns.name_of(violation.urn)})" if violation.urn else ""
                self._print(f"        - [{level}]  {violation.policy}{subject}")
                for line in violation.message.rstrip().split("\n"):
                    self._print(f"          {line}")

    def _outputs(self, summary: Summary) -> None:
        old, new = summary.old_outputs, summary.outputs
        if not self._show_outputs or not (old or new) or (same(dict(old), dict(new)) and not new):
            return
        self._print(f"\n{self._bold('Outputs:')}")
        width = max(len(key) for key in {*old, *new})
        for key in sorted({*old, *new}):
            sign, shown = " ", self._shown(new.get(key))
            if key not in new:
                sign, shown = "-", self._shown(old[key])
            elif old and key not in old:
                sign = "+"
            elif key in old and not same(old[key], new[key]):
                sign, shown = "~", f"{self._shown(old[key])} => {shown}"
            self._print(f"  {self._paint(sign, sign)} {key:<{width}}: {shown}")

    def _shown(self, value: Value) -> str:
        if is_unknown(value):
            return "output<string>"
        return MASK if is_secret(value) and not self._show_secrets else self._value(value)

    def _counts(self, summary: Summary) -> None:
        self._print(f"\n{self._bold('Resources:')}")
        changes = {Op(op): count for op, count in summary.changes.items() if count}
        kinds = [op for op in _DOING if op not in (Op.SAME, Op.READ, Op.DISCARD) and op in changes]
        for op in kinds:
            words = f"to {_DOING[op][0]}" if summary.dry_run else _DOING[op][2]
            self._print(f"    {self._paint(_SIGNS[op], f'{_SIGNS[op]:<2}{changes[op]} {words}')}")
        pieces: list[str] = []
        if len(kinds) > 1:
            total = sum(changes[op] for op in kinds)
            pieces.append(f"{total} change{'s' if total != 1 else ''}")
        if changes.get(Op.SAME):
            pieces.append(f"{changes[Op.SAME]} unchanged")
        if pieces:
            self._print(f"    {'. '.join(pieces)}")
        if summary.errored:
            self._print(f"    {self._paint('error', f'{summary.errored} errored')}")

    def _paint(self, sign: str, text: str) -> str:
        return f"\x1b[{_COLOURS[sign]}m{text}\x1b[0m" if self._colour and sign in _COLOURS else text

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._colour else text

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}s" if seconds < 1 else f"{int(seconds)}s"


def _first_line(message: str) -> str:
    return message.strip().split("\n", 1)[0]
