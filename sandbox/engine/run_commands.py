"""`pulumi up`, `preview`, `destroy` and `refresh`: look first, ask, then do."""

from __future__ import annotations

import asyncio
import copy
import os
import sys
import time
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from sandbox.engine.cli import BANNER, ExitCode, add_command, confirm, interactive
from sandbox.engine.errors import EngineError
from sandbox.engine.reporting import reporter_for

if TYPE_CHECKING:
    import argparse

    from sandbox.engine.checkpoint import Snapshot
    from sandbox.engine.report import Reporter, RunKind, Summary
    from sandbox.engine.stackconfig import ConfigValues
    from sandbox.engine.workspace import Workspace

_NO_CONFIRMATION: Final = (
    "--yes or --skip-preview or --preview-only must be passed in to proceed when running in non-interactive mode"
)
_PARALLEL: Final = 16
"""Operations at a time; Pulumi's default is four for each core, on machines larger than the sandbox's."""


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Declare the commands."""
    for name, aliases, kind, help_ in (
        ("up", ["update"], "update", "Make what the program declares"),
        ("preview", ["pre"], "preview", "Show what `up` would do"),
        ("destroy", ["down"], "destroy", "Delete everything in the stack"),
        ("refresh", [], "refresh", "Make the state say what is there"),
    ):
        parser = add_command(commands, name, execute, help_, aliases=aliases)
        parser.set_defaults(kind=kind)
        parser.add_argument("-p", "--parallel", type=int, default=_PARALLEL, help="operations at a time")
        parser.add_argument("-m", "--message", default="", help="kept in the stack's history")
        parser.add_argument("-j", "--json", action="store_true")
        parser.add_argument("-c", "--config", action="append", default=[], metavar="KEY=VALUE")
        parser.add_argument("--config-path", action="store_true")
        for flag in (
            "--diff",
            "--show-secrets",
            "--expect-no-changes",
            "--continue-on-error",
            "--suppress-outputs",
            "--suppress-progress",
            "--show-sames",
        ):
            parser.add_argument(flag, action="store_true")
        parser.add_argument("-t", "--target", action="append", default=[], metavar="URN", help="only these")
        parser.add_argument("--target-dependents", action="store_true", help="and what depends on them")
        parser.add_argument("--event-log", default="", help="tell events to this file, or to tcp://HOST:PORT")
        parser.add_argument("--client", default="", metavar="HOST:PORT", help="the program, where it runs already")
        parser.add_argument("--exec-kind", default="", help="accepted: who calls makes no difference")
        parser.add_argument("--suppress-permalink", nargs="?", default="true", help="accepted: there is none")
        if kind in ("update", "preview"):
            parser.add_argument("--policy-pack", action="append", default=[], metavar="FOLDER")
            parser.add_argument("--policy-pack-config", action="append", default=[], metavar="FILE")
        if kind != "preview":
            parser.add_argument("-y", "--yes", action="store_true")
            parser.add_argument("-f", "--skip-preview", action="store_true")
            parser.add_argument("--preview-only", action="store_true")
        if kind == "destroy":
            parser.add_argument("--remove", action="store_true", help="remove the stack as well")


def execute(args: argparse.Namespace) -> int:
    """Run one of the four."""
    from sandbox.engine.protocol import use_stubs_without_sdk  # noqa: PLC0415 - see the module's docstring of cli.py

    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC tells of every closed connection otherwise
    use_stubs_without_sdk()
    from sandbox.engine.workspace import Workspace  # noqa: PLC0415 - as above

    preview = args.kind == "preview"
    unattended = not preview and not (args.yes or args.skip_preview or args.preview_only)
    if unattended and (args.json or not interactive(args)):
        raise EngineError(_NO_CONFIRMATION, exit_code=ExitCode.CONFIGURATION)
    if args.parallel < 1:
        raise EngineError(f"--parallel {args.parallel}: at least one operation at a time", exit_code=2)
    workspace = Workspace(args)
    command = _Command(args, workspace, workspace.stack)
    if preview or args.preview_only:
        return command.carry_out()
    with workspace.backend.lock(command.stack, _tell):
        return command.carry_out()


class _Command:
    """One of the four commands on one stack."""

    def __init__(self, args: argparse.Namespace, workspace: Workspace, stack: str) -> None:
        self.args = args
        self.stack = stack
        self._workspace = workspace
        self._config = workspace.config(stack)
        for pair in args.config:
            key, equals, value = pair.partition("=")
            if not equals:
                raise EngineError(f"--config {pair}: not of the form KEY=VALUE; nothing was done")
            self._config.set(key, value, path=args.config_path)
        if args.config:
            self._config.save()
        needs_config = args.kind in ("update", "preview")
        self._values: ConfigValues | None = self._config.values() if needs_config else None
        _tell(f"pulumi: {BANNER}")
        self._reporter: Any = None

    def carry_out(self) -> int:
        """Tell whoever is to be told, while it goes on."""
        with reporter_for(self.args, self._values) as self._reporter:
            if self.args.kind != "preview" and not self.args.preview_only:
                return self._change()
            return self._exit_code(self._run(dry_run=True, snapshot=self._snapshot()))

    def _change(self) -> int:
        """Look, ask, do."""
        args = self.args
        snapshot = self._snapshot()
        if not args.skip_preview:
            summary = self._run(dry_run=True, snapshot=_scratch(snapshot))
            if not summary.succeeded:
                return ExitCode.ERROR
            if args.expect_no_changes and summary.changed:
                return self._exit_code(summary)
            if not args.yes and not self._confirmed(summary):
                raise EngineError("confirmation declined, not proceeding with the update", exit_code=ExitCode.CANCELLED)
        elif getattr(args, "policy_pack", ()):
            self._judge(snapshot)
        started = int(time.time())
        summary = self._run(dry_run=False, snapshot=snapshot)
        self._record(summary, started)
        if summary.succeeded and args.kind == "destroy":
            self._destroyed()
        return self._exit_code(summary)

    def _confirmed(self, summary: Summary) -> bool:
        verbs = {"update": "perform this update", "destroy": "perform this destroy", "refresh": "perform this refresh"}
        what = "" if summary.changed else " (nothing would change)"
        return confirm(f"Do you want to {verbs[self.args.kind]}?{what}")

    def _judge(self, snapshot: Snapshot) -> None:
        """Policies judge the plan before anything is applied, also where no preview is shown."""
        from sandbox.engine.quiet import Quiet  # noqa: PLC0415 - rarely needed

        summary = self._run(dry_run=True, snapshot=_scratch(snapshot), reporter=Quiet(self._reporter), silent=True)
        if not summary.succeeded:
            raise EngineError("the plan was refused; nothing was applied", exit_code=ExitCode.ERROR)

    def _run(
        self, *, dry_run: bool, snapshot: Snapshot, reporter: Reporter | None = None, silent: bool = False
    ) -> Summary:
        from sandbox.engine.run import Request, run  # noqa: PLC0415 - gRPC and protobuf, only for commands that run
        from sandbox.engine.targets import Targets  # noqa: PLC0415 - as above

        args = self.args
        kind: RunKind = "update" if args.kind == "preview" else args.kind
        if reporter is None:
            self._reporter.begin(kind, self.stack, dry_run=dry_run)
        request = Request(
            kind=kind,
            project=self._workspace.project,
            stack=self.stack,
            config=self._values.plain if self._values else {},
            secret_keys=self._values.secret_keys if self._values else [],
            snapshot=snapshot,
            save=lambda state: self._workspace.backend.save(self.stack, state),
            environ=os.environ,
            dry_run=dry_run,
            parallel=args.parallel,
            policy_packs=_packs(args),
            continue_on_error=args.continue_on_error,
            silent_hooks=silent,
            client=args.client,
            targets=Targets(args.target, dependents=args.target_dependents),
        )
        return asyncio.run(run(request, reporter or self._reporter))

    def _snapshot(self) -> Snapshot:
        return self._workspace.snapshot(self.stack, self._config)

    def _record(self, summary: Summary, started: int) -> None:
        from sandbox.engine.backend import UpdateInfo  # noqa: PLC0415 - see cli.py

        entry = UpdateInfo(
            kind=self.args.kind,
            start_time=started,
            end_time=int(time.time()),
            result="succeeded" if summary.succeeded else "failed",
            message=self.args.message,
            resource_changes=summary.changes,
        )
        self._workspace.backend.history_append(self.stack, entry)

    def _destroyed(self) -> None:
        if self.args.remove:
            self._workspace.backend.remove(self.stack)
            self._config.path.unlink(missing_ok=True)
            return
        _tell(
            "The resources in the stack have been deleted, but the history and configuration associated with the stack "
            "are still maintained.\n"
            f"If you want to remove the stack completely, run `pulumi stack rm {self.stack}`."
        )

    def _exit_code(self, summary: Summary) -> int:
        if not summary.succeeded:
            return ExitCode.ERROR
        if self.args.expect_no_changes and summary.changed:
            raise EngineError(
                "no changes were expected but changes " + ("were proposed" if summary.dry_run else "occurred"),
                exit_code=ExitCode.NO_CHANGES_EXPECTED,
            )
        return ExitCode.SUCCESS


def _packs(args: argparse.Namespace) -> dict[str, str | None]:
    """The policy packs' folders, each with its config file if there is one: one for each pack, or none at all."""
    folders: list[str] = getattr(args, "policy_pack", [])
    configs: list[str] = getattr(args, "policy_pack_config", [])
    if configs and len(configs) != len(folders):
        raise EngineError('the number of "--policy-pack-config" flags must match the number of "--policy-pack" flags')
    pairs = zip_longest(folders, configs)
    return {os.path.abspath(folder): config for folder, config in pairs}  # noqa: PTH100 - text for another process


def _scratch(snapshot: Snapshot) -> Snapshot:
    """A copy that a preview may mark as it likes."""
    scratch = copy.copy(snapshot)
    scratch.resources = [copy.copy(state) for state in snapshot.resources]
    scratch.pending_operations = list(snapshot.pending_operations)
    return scratch


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - notes go to stderr: stdout may be JSON
