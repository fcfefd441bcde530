"""A reporter for a plan that nobody asked to see: only what stops the run is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.engine.model import Step
    from sandbox.engine.report import Reporter, Severity, Summary, Violation


class Quiet:
    """Passes on errors and mandatory violations."""

    def __init__(self, reporter: Reporter) -> None:
        """Pass on to this reporter."""
        self._reporter = reporter

    def started(self, step: Step) -> None:
        """Say nothing."""

    def finished(self, step: Step, seconds: float) -> None:
        """Say nothing."""

    def failed(self, step: Step, message: str, seconds: float) -> None:
        """Pass on."""
        self._reporter.failed(step, message, seconds)

    def diagnostic(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Pass on errors."""
        if severity == "error":
            self._reporter.diagnostic(severity, message, urn, ephemeral=ephemeral)

    def violated(self, violation: Violation) -> None:
        """Pass on what stops the run; the update says the rest."""
        if violation.mandatory:
            self._reporter.violated(violation)

    def summary(self, summary: Summary) -> None:
        """Say why, if the plan is refused."""
        if not summary.succeeded:
            self._reporter.summary(summary)
