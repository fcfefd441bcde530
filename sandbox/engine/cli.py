"""The command line: Pulumi's names, flags and exit codes for what this engine does, a clear refusal for the rest.

What a command needs is imported when it runs: `pulumi config set` must not wait for gRPC.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sandbox.engine.errors import EngineError, StackNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

BANNER: Final = "embedded engine (for rehearsals and tests; production runs on Pulumi's own engine)"


class ExitCode(IntEnum):
    """Exit statuses of Pulumi's command line since 3.227 (pkg/cmd/pulumi/cmd/exit_codes.go)."""

    SUCCESS = 0
    ERROR = 1
    CONFIGURATION = 2
    STACK_NOT_FOUND = 6
    NO_CHANGES_EXPECTED = 7
    CANCELLED = 8


class NotSupportedError(EngineError):
    """Pulumi has this command or flag; this engine does not."""

    def __init__(self, what: str) -> None:
        """Name what was asked for."""
        super().__init__(
            f"{what} is not supported by the embedded engine; use Pulumi's own engine for this",
            exit_code=ExitCode.ERROR,
        )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        if unknown := re.match(r"argument \w+_command: invalid choice: '([^']+)'", message):
            raise NotSupportedError(f"`{self.prog} {unknown[1]}`")
        raise EngineError(f"{message}; see `{self.prog} --help`", exit_code=ExitCode.CONFIGURATION)


_COMMANDS: Final = {
    "up": "run_commands",
    "update": "run_commands",
    "preview": "run_commands",
    "pre": "run_commands",
    "destroy": "run_commands",
    "down": "run_commands",
    "refresh": "run_commands",
    "stack": "stack_commands",
    "cancel": "stack_commands",
    "config": "config_commands",
    "version": "other_commands",
    "about": "other_commands",
    "whoami": "other_commands",
    "login": "other_commands",
    "logout": "other_commands",
}
_ALIASES: Final = {"update": "up", "pre": "preview", "down": "destroy"}


def main(argv: Sequence[str]) -> int:
    """Run one command; gives the exit status."""
    try:
        return _dispatch(list(argv))
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command line's errors go to stderr
        if isinstance(error, StackNotFoundError):
            return ExitCode.STACK_NOT_FOUND
        return ExitCode.ERROR if error.exit_code == 255 else error.exit_code  # noqa: PLR2004 - Pulumi's older generic status
    except KeyboardInterrupt:
        print("error: interrupted before anything was begun", file=sys.stderr)  # noqa: T201 - as above
        return ExitCode.ERROR
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has read enough
        return ExitCode.ERROR


def _dispatch(argv: list[str]) -> int:
    name = _command_of(argv)
    if name is None:
        print(_overview())  # noqa: T201 - help goes to stdout
        return ExitCode.SUCCESS
    if name not in _COMMANDS:
        raise NotSupportedError(f"`pulumi {name}`")
    parser = _Parser(prog="pulumi", description=f"Pulumi's commands on the {BANNER}.", allow_abbrev=False)
    add_globals(parser)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    module: Any = importlib.import_module(f"sandbox.engine.{_COMMANDS[name]}")
    module.add_parsers(commands)
    flags, separator, literal = _cut(argv)
    args, unknown = parser.parse_known_args(flags)
    words = literal if separator else [word for word in unknown if not word.startswith("-")]
    if len(words) == 1 and getattr(args, "value", ...) is None:
        args.value = words[0]  # argparse gives up on an optional argument once a flag has stood before it
        unknown = [word for word in unknown if word is not words[0]]
    elif separator:
        unknown += literal
    if unknown:
        raise NotSupportedError(f"`{unknown[0].partition('=')[0]}` of `pulumi {name}`")
    if (folder := getattr(args, "cwd", None)) is not None:
        try:
            os.chdir(folder)
        except OSError as error:
            raise EngineError(f"--cwd {folder}: {error.strerror}; nothing was done") from error
    run: Any = args.run
    return run(args)


def _cut(argv: list[str]) -> tuple[list[str], bool, list[str]]:
    """What stands before `--`, whether there is one, and what stands behind it: that is never a flag."""
    index = argv.index("--") if "--" in argv else len(argv)
    return argv[:index], index < len(argv), argv[index + 1 :]


def _command_of(argv: list[str]) -> str | None:
    """The command among flags that may stand before it."""
    words = iter(argv)
    for word in words:
        if word in ("-C", "--cwd", "--color", "-s", "--stack", "--config-file", "-v", "--verbose"):
            next(words, None)
        elif word in ("-h", "--help"):
            return None
        elif not word.startswith("-"):
            return word
    return None


def _overview() -> str:
    names = "\n".join(f"  {name}" for name in _COMMANDS if name not in _ALIASES)
    return f"pulumi: {BANNER}\n\nCommands (see `pulumi COMMAND --help`):\n{names}"


def add_globals(parser: argparse.ArgumentParser) -> None:
    """The flags that every command of Pulumi takes."""
    group = parser.add_argument_group("global flags")
    group.add_argument("-C", "--cwd", default=argparse.SUPPRESS, help="run as if started in this folder")
    group.add_argument("-s", "--stack", default=argparse.SUPPRESS, help="the stack to work on")
    group.add_argument("--config-file", default=argparse.SUPPRESS, help="the stack file, if not Pulumi.<stack>.yaml")
    group.add_argument("--color", choices=("always", "never", "auto", "raw"), default=argparse.SUPPRESS)
    for flag, short in (("--non-interactive", ()), ("--emoji", ("-e",)), ("--logtostderr", ()), ("--logflow", ())):
        group.add_argument(flag, *short, action="store_true", default=argparse.SUPPRESS)
    group.add_argument("-v", "--verbose", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def add_command(commands: Any, name: str, run: Any, help_: str, **kwargs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse's own types are private
    """One command with the global flags."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help_, description=help_, allow_abbrev=False, **kwargs
    )
    add_globals(parser)
    parser.set_defaults(run=run)
    return parser


def interactive(args: argparse.Namespace) -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not getattr(args, "non_interactive", False)


def confirm(question: str) -> bool:
    """Ask; only `yes` is a yes."""
    try:
        return input(f"{question} [yes/no] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
