"""A run as JSON: one digest of a preview, or one engine event a line, in Pulumi's own shapes (apitype, pkg/display)."""

# ruff: noqa: ARG002 - a reporter is told more than these displays show

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from sandbox.engine import urns
from sandbox.engine.model import Op
from sandbox.engine.values import UNKNOWN, Properties, mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.engine.model import Step
    from sandbox.engine.report import Severity, Summary, Violation
    from sandbox.engine.state import ResourceState


def masked(properties: Properties) -> Properties:
    """A property bag as Pulumi prints it as JSON: secrets masked, unknowns as they travel."""
    return {key: mask(value, unknown=UNKNOWN) for key, value in properties.items()}


def resource_json(state: ResourceState) -> dict[str, Any]:
    """A state as `apitype.ResourceV3`, secrets masked."""
    known: dict[str, Any] = {
        "urn": state.urn,
        "custom": state.custom,
        "delete": state.delete,
        "id": state.id,
        "type": state.type,
        "inputs": masked(state.inputs),
        "outputs": masked(state.outputs),
        "parent": state.parent,
        "protect": state.protect,
        "external": state.external,
        "dependencies": state.dependencies,
        "provider": state.provider,
        "propertyDependencies": state.property_dependencies,
    }
    return {key: value for key, value in known.items() if value or key == "custom"}


class Digest:
    """The one document of `pulumi preview --json`."""

    def __init__(self, config: dict[str, str], *, show_sames: bool, out: TextIO | None = None) -> None:
        """Print to `out` (standard output) when the preview is over. `config` has its secrets masked."""
        self._out = out or sys.stdout
        self._show_sames = show_sames
        self._digest: dict[str, Any] = {"config": config, "steps": [], "diagnostics": []}

    def begin(self, kind: str, stack: str, *, dry_run: bool) -> None:
        """Nothing is printed before the end."""

    def started(self, step: Step) -> None:
        """Wait for what it would come to."""

    def finished(self, step: Step, seconds: float) -> None:
        """Note a step; of those that change nothing only the stack's, unless asked for."""
        if not step.logical:
            return
        if step.op is Op.SAME and not self._show_sames and step.subject.type != urns.STACK_TYPE:
            return
        entry: dict[str, Any] = {"op": step.op, "urn": step.urn, "provider": step.subject.provider}
        if step.old is not None:
            entry["oldState"] = resource_json(step.old)
        if step.new is not None:
            entry["newState"] = resource_json(step.new)
        entry["diffReasons"] = list(step.difference.changed_keys)
        entry["replaceReasons"] = list(step.difference.replace_keys)
        detailed = {path: {"kind": kind, "inputDiff": False} for path, kind in step.difference.detailed.items()}
        self._digest["steps"].append(
            {**{key: value for key, value in entry.items() if value}, "detailedDiff": detailed or None}
        )

    def failed(self, step: Step, message: str, seconds: float) -> None:
        """Note the step, and why it would fail."""
        self.finished(step, seconds)
        self.diagnostic("error", message, step.urn)

    def diagnostic(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Note what was said."""
        if not ephemeral and severity != "debug":
            entry = {"urn": urn, "message": message, "severity": severity}
            self._digest["diagnostics"].append({key: value for key, value in entry.items() if value})

    def violated(self, violation: Violation) -> None:
        """Note a violated policy; Pulumi's digest leaves them out, which hides why a preview failed."""
        severity: Severity = "error" if violation.mandatory else "warning"
        self.diagnostic(severity, f"[{violation.policy}] {violation.message}", violation.urn)

    def summary(self, summary: Summary) -> None:
        """Print."""
        digest = {key: value for key, value in self._digest.items() if value}
        digest["duration"] = int(summary.seconds * 1e9)
        digest["changeSummary"] = summary.changes
        print(json.dumps(digest, indent=4), file=self._out, flush=True)


class Events:
    """One `apitype.EngineEvent` a line: `pulumi up --json`."""

    def __init__(self, config: dict[str, str], tell: Callable[[str], None] | None = None) -> None:
        """Hand each line to `tell` (to print it). `config` has its secrets masked."""
        self._tell = tell or _print
        self._config = config
        self._dry_run = False
        self._sequence = 0

    def begin(self, kind: str, stack: str, *, dry_run: bool) -> None:
        """Tell the config."""
        self._dry_run = dry_run
        self._emit("preludeEvent", {"config": self._config})

    def started(self, step: Step) -> None:
        """Tell that an operation starts."""
        self._emit("resourcePreEvent", {"metadata": _metadata(step), "planning": self._dry_run})

    def finished(self, step: Step, seconds: float) -> None:
        """Tell that an operation ended well."""
        self._emit("resOutputsEvent", {"metadata": _metadata(step), "planning": self._dry_run})

    def failed(self, step: Step, message: str, seconds: float) -> None:
        """Tell that an operation failed, and why."""
        self.diagnostic("error", message, step.urn)
        if not self._dry_run:
            self._emit("resOpFailedEvent", {"metadata": _metadata(step), "status": 0, "steps": 0})

    def diagnostic(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Tell what was said; debug messages are kept back, as without --debug."""
        if severity == "debug":
            return
        entry = {"message": message, "color": "never", "severity": severity}
        more = {"urn": urn, "ephemeral": ephemeral}
        self._emit("diagnosticEvent", {**entry, **{key: value for key, value in more.items() if value}})

    def violated(self, violation: Violation) -> None:
        """Tell of a violated policy."""
        entry = {
            "resourceUrn": violation.urn,
            "message": violation.message,
            "color": "never",
            "policyName": violation.policy,
            "policyPackName": violation.pack,
            "policyPackVersion": violation.version,
            "policyPackVersionTag": violation.version,
            "enforcementLevel": "mandatory" if violation.mandatory else "advisory",
        }
        self._emit("policyEvent", entry)

    def summary(self, summary: Summary) -> None:
        """Tell what the run came to; the last event is Pulumi's end of stream."""
        entry = {
            "maybeCorrupt": False,
            "durationSeconds": round(summary.seconds),
            "resourceChanges": summary.changes,
            "PolicyPacks": summary.policy_packs,
            "isPreview": summary.dry_run,
            "result": "succeeded" if summary.succeeded else "failed",
        }
        self._emit("summaryEvent", entry)
        self._emit("cancelEvent", {})

    def _emit(self, name: str, body: dict[str, Any]) -> None:
        event = {"sequence": self._sequence, "timestamp": int(time.time()), name: body}
        self._sequence += 1
        self._tell(json.dumps(event))


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the command's output


def _metadata(step: Step) -> dict[str, Any]:
    return {
        "op": step.op,
        "urn": step.urn,
        "type": urns.type_of(step.urn),
        "old": _state(step.old),
        "new": _state(step.new),
        "keys": list(step.difference.replace_keys),
        "diffs": list(step.difference.changed_keys),
        "detailedDiff": {
            path: {"diffKind": kind, "inputDiff": False} for path, kind in step.difference.detailed.items()
        },
        "logical": step.logical,
        "provider": step.subject.provider,
    }


def _state(state: ResourceState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "type": state.type,
        "urn": state.urn,
        "custom": state.custom,
        "delete": state.delete,
        "id": state.id,
        "parent": state.parent,
        "protect": state.protect,
        "inputs": masked(state.inputs),
        "outputs": masked(state.outputs),
        "provider": state.provider,
        "initErrors": state.init_errors,
    }
