"""`pulumi stack` and `pulumi cancel`: stacks, their outputs and their state."""

from __future__ import annotations

import json
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.engine.checkpoint import Snapshot
from sandbox.engine.cli import ExitCode, add_command, confirm, interactive
from sandbox.engine.errors import EngineError, StackNotFoundError
from sandbox.engine.state import ROOT_STACK_TYPE, Properties, Value
from sandbox.engine.workspace import Workspace, has_passphrase

if TYPE_CHECKING:
    import argparse

    from sandbox.engine.state import ResourceState


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Declare the commands."""
    stack = add_command(commands, "stack", show, "Show the selected stack")
    below = stack.add_subparsers(dest="stack_command", parser_class=type(stack))
    init = add_command(below, "init", initialise, "Make a stack and select it")
    init.add_argument("name", nargs="?")
    init.add_argument("--secrets-provider", default="passphrase")
    init.add_argument("--no-select", action="store_true")
    listing = add_command(below, "ls", list_stacks, "List the project's stacks")
    listing.add_argument("-j", "--json", action="store_true")
    listing.add_argument("-a", "--all", action="store_true", help="accepted: there are only this project's")
    select = add_command(below, "select", select_stack, "Select a stack")
    select.add_argument("name", nargs="?")
    select.add_argument("-c", "--create", action="store_true")
    output = add_command(below, "output", show_outputs, "Show a stack's outputs")
    output.add_argument("name", nargs="?")
    for flags in (("-j", "--json"), ("--show-secrets",), ("--shell",)):
        output.add_argument(*flags, action="store_true")
    export = add_command(below, "export", export_state, "Write the state as JSON")
    export.add_argument("--file")
    export.add_argument("--show-secrets", action="store_true")
    load = add_command(below, "import", import_state, "Replace the state by exported JSON")
    load.add_argument("--file")
    load.add_argument("-f", "--force", action="store_true")
    remove = add_command(below, "rm", remove_stack, "Remove a stack")
    remove.add_argument("name", nargs="?")
    for flags in (("-y", "--yes"), ("-f", "--force"), ("--preserve-config",)):
        remove.add_argument(*flags, action="store_true")
    history = add_command(below, "history", show_history, "Show what was done to a stack", aliases=["hist"])
    history.add_argument("-j", "--json", action="store_true")
    history.add_argument("--show-secrets", action="store_true", help="accepted: this history holds no config")
    history.add_argument("--page-size", type=int, default=0, help="entries a page; all at once if 0")
    history.add_argument("--page", type=int, default=1)
    cancel = add_command(commands, "cancel", cancel_update, "Remove the lock of an update")
    cancel.add_argument("name", nargs="?")
    cancel.add_argument("-y", "--yes", action="store_true")


def _named(args: argparse.Namespace) -> str:
    name: str | None = getattr(args, "name", None) or getattr(args, "stack", None)
    if not name:
        raise EngineError("name the stack", exit_code=ExitCode.CONFIGURATION)
    return name


def _take_name(args: argparse.Namespace) -> None:
    if getattr(args, "name", None):
        args.stack = args.name


def initialise(args: argparse.Namespace) -> int:
    """Make a stack."""
    if args.secrets_provider not in ("passphrase", "default"):
        raise EngineError(
            f"the secrets provider {args.secrets_provider!r} is not supported by the embedded engine; nothing was "
            "done; use `passphrase`, or Pulumi's own engine"
        )
    workspace, name = Workspace(args), _named(args)
    workspace.backend.create(name)
    config = workspace.config(name.rpartition("/")[2])
    if config.encryption_salt is None and has_passphrase(os.environ):
        config.crypter()
        config.save()
    if not args.no_select:
        workspace.backend.select(name)
    print(f"Created stack '{name}'")  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def list_stacks(args: argparse.Namespace) -> int:
    """List the project's stacks."""
    workspace = Workspace(args)
    current = workspace.backend.current()
    rows: list[dict[str, Any]] = []
    for name in workspace.backend.stacks():
        last = next(iter(workspace.backend.history(name)), None)
        row: dict[str, Any] = {"name": name, "current": name == current}
        if last is not None:
            row["lastUpdate"] = datetime.fromtimestamp(last.end_time, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        rows.append({**row, "updateInProgress": False, "resourceCount": len(workspace.backend.load(name).resources)})
    if args.json:
        print(json.dumps(rows, indent=2))  # noqa: T201 - the command's output
        return ExitCode.SUCCESS
    table = [("NAME", "LAST UPDATE", "RESOURCE COUNT")]
    for row in rows:
        mark = "*" if row["current"] else ""
        table.append((row["name"] + mark, row.get("lastUpdate", "n/a"), str(row["resourceCount"])))
    widths = [max(len(line[column]) for line in table) for column in range(3)]
    for line in table:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())  # noqa: T201 - as above
    return ExitCode.SUCCESS


def select_stack(args: argparse.Namespace) -> int:
    """Select a stack for the commands that follow."""
    workspace, name = Workspace(args), _named(args)
    if not workspace.backend.exists(name):
        if not args.create:
            raise StackNotFoundError(f"no stack named '{name}' found; make it with `pulumi stack init {name}`")
        args.secrets_provider, args.no_select = "passphrase", False
        return initialise(args)
    workspace.backend.select(name)
    return ExitCode.SUCCESS


def show(args: argparse.Namespace) -> int:
    """Show the selected stack and its resources."""
    workspace = Workspace(args)
    stack = workspace.stack
    resources = workspace.backend.load(stack).resources
    lines = [f"Current stack is {stack}:", f"Current stack resources ({len(resources)}):"]
    lines += [f"    {state.type}  {state.urn.split('::', 3)[-1]}" for state in resources]
    print("\n".join(lines))  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def _outputs(resources: list[ResourceState]) -> dict[str, Value]:
    return next((state.outputs for state in resources if state.type == ROOT_STACK_TYPE), dict[str, Value]())


def show_outputs(args: argparse.Namespace) -> int:
    """Show outputs, secrets masked unless asked for; one named output in clear, as Pulumi does."""
    from sandbox.engine.values import mask  # noqa: PLC0415 - brings protobuf, which most of these commands do without

    workspace = Workspace(args)
    outputs = _outputs(workspace.backend.load(workspace.stack).resources)
    if args.name is not None:
        if args.name not in outputs:
            raise EngineError(f"current stack does not have output property '{args.name}'")
        value = mask(outputs[args.name], show_secrets=True)
        print(json.dumps(value, indent=2) if args.json or not isinstance(value, str) else value)  # noqa: T201 - output
        return ExitCode.SUCCESS
    shown = {key: mask(value, show_secrets=args.show_secrets) for key, value in sorted(outputs.items())}
    if args.json:
        print(json.dumps(shown, indent=2))  # noqa: T201 - the command's output
        return ExitCode.SUCCESS
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in shown.items()}
    if args.shell:
        print("\n".join(f"{key}={shlex.quote(text)}" for key, text in texts.items()))  # noqa: T201 - as above
        return ExitCode.SUCCESS
    width = max([len("OUTPUT"), *(len(key) for key in texts)])
    print(f"Current stack outputs ({len(texts)}):")  # noqa: T201 - as above
    for key, text in (
        [("OUTPUT", "VALUE"), *texts.items()] if texts else [("No output values currently in this stack", "")]
    ):
        print(f"    {key:<{width}}  {text}".rstrip())  # noqa: T201 - as above
    return ExitCode.SUCCESS


def export_state(args: argparse.Namespace) -> int:
    """Write the state in Pulumi's own format."""
    workspace = Workspace(args)
    deployment = workspace.backend.load(workspace.stack).to_deployment(show_secrets=args.show_secrets)
    text = json.dumps(deployment, indent=4)
    if args.file:
        Path(args.file).write_text(text + "\n", encoding="utf-8")
    else:
        print(text)  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def import_state(args: argparse.Namespace) -> int:
    """Replace the state."""
    workspace = Workspace(args)
    stack = workspace.stack
    source = args.file or "standard input"
    try:
        text = Path(args.file).read_text(encoding="utf-8") if args.file else sys.stdin.read()
        deployment: Properties = json.loads(text)
    except (OSError, ValueError) as error:
        raise EngineError(f"{source} cannot be read as JSON: {error}; the state stays as it is") from error
    if "deployment" not in deployment:
        raise EngineError(f"{source} is no export: it has no `deployment`; the state stays as it is")
    config = workspace.config(stack)
    crypter = config.crypter() if config.encryption_salt else None
    snapshot = Snapshot.from_deployment(deployment, os.environ, crypter)
    foreign = [state.urn for state in snapshot.resources if state.urn.split(":", 3)[2] != stack]
    if foreign and not args.force:
        raise EngineError(
            f"{foreign[0]} is not a resource of stack '{stack}'; the state stays as it is; use --force to import it "
            "all the same"
        )
    snapshot.crypter = crypter or snapshot.crypter
    with workspace.backend.lock(stack, _tell):
        workspace.backend.save(stack, snapshot)
    print("Import complete.")  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def remove_stack(args: argparse.Namespace) -> int:
    """Remove a stack and, unless told otherwise, its config file."""
    _take_name(args)
    workspace = Workspace(args)
    stack = workspace.stack
    if not args.yes:
        if not interactive(args):
            raise EngineError("--yes must be passed in to proceed when running in non-interactive mode", exit_code=2)
        if not confirm(f"This will permanently remove the '{stack}' stack!"):
            raise EngineError("confirmation declined", exit_code=ExitCode.CANCELLED)
    workspace.backend.remove(stack, force=args.force)
    if not args.preserve_config:
        workspace.config(stack).path.unlink(missing_ok=True)
    print(f"Stack '{stack}' has been removed!")  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def show_history(args: argparse.Namespace) -> int:
    """Show what was done to a stack, newest first."""
    workspace = Workspace(args)
    entries = workspace.backend.history(workspace.stack)
    if args.page_size:
        entries = entries[(args.page - 1) * args.page_size : args.page * args.page_size]
    if args.json:
        print(json.dumps([_entry(entry) for entry in entries], indent=2))  # noqa: T201 - the command's output
        return ExitCode.SUCCESS
    for entry in entries:
        when = datetime.fromtimestamp(entry.end_time, UTC).isoformat()
        changes = ", ".join(f"{count} {op}" for op, count in entry.resource_changes.items())
        print(f"Version: {entry.version}\n{entry.kind} {entry.result} {when}\n    {entry.message}\n    {changes}\n")  # noqa: T201 - as above
    return ExitCode.SUCCESS


def _entry(entry: Any) -> dict[str, Any]:  # noqa: ANN401 - backend.UpdateInfo, not imported for its type alone
    moments = {
        name: datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for name, moment in (("startTime", entry.start_time), ("endTime", entry.end_time))
    }
    return {
        "version": entry.version,
        "kind": entry.kind,
        **moments,
        "message": entry.message,
        "environment": entry.environment,
        "config": entry.config,
        "result": entry.result,
        "resourceChanges": entry.resource_changes,
    }


def cancel_update(args: argparse.Namespace) -> int:
    """Remove a stack's lock: only for an update that is known to be dead."""
    _take_name(args)
    workspace = Workspace(args)
    stack = workspace.stack
    if not args.yes and interactive(args) and not confirm(f"This will irreversibly cancel the update of '{stack}'!"):
        raise EngineError("confirmation declined", exit_code=ExitCode.CANCELLED)
    count = workspace.backend.cancel(stack)
    print(f"The currently running update for '{stack}' has been canceled! ({count} lock(s) removed)")  # noqa: T201 - output
    return ExitCode.SUCCESS


def _tell(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - notes go to stderr
