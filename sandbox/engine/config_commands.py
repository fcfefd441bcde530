"""`pulumi config`: values of a stack file."""

from __future__ import annotations

import getpass
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from sandbox.engine.cli import ExitCode, add_command, interactive
from sandbox.engine.errors import EngineError
from sandbox.engine.workspace import Workspace

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from sandbox.engine.stackconfig import ConfigValue, StackConfig

_MASK: Final = "[secret]"


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Declare the commands."""
    config = add_command(commands, "config", list_config, "Show or change a stack's config")
    config.add_argument("--show-secrets", action="store_true")
    config.add_argument("-j", "--json", action="store_true")
    below = config.add_subparsers(dest="config_command", parser_class=type(config))
    get = add_command(below, "get", get_config, "Show one value")
    get.add_argument("key")
    get.add_argument("--path", action="store_true")
    get.add_argument("-j", "--json", action="store_true")
    one = add_command(below, "set", set_config, "Set one value")
    one.add_argument("key")
    one.add_argument("value", nargs="?")
    for flag in ("--path", "--secret", "--plaintext"):
        one.add_argument(flag, action="store_true")
    many = add_command(below, "set-all", set_all, "Set several values")
    many.add_argument("--path", action="store_true")
    many.add_argument("--plaintext", action="append", default=[], metavar="KEY=VALUE")
    many.add_argument("--secret", action="append", default=[], metavar="KEY=VALUE")
    many.add_argument("-j", "--json", help="all at once, as `pulumi config --json` shows them")
    remove = add_command(below, "rm", remove_config, "Remove one value")
    remove.add_argument("key")
    remove.add_argument("--path", action="store_true")
    several = add_command(below, "rm-all", remove_all, "Remove several values")
    several.add_argument("keys", nargs="*")
    several.add_argument("--path", action="store_true")


def _open(args: argparse.Namespace) -> tuple[str, StackConfig]:
    workspace = Workspace(args)
    stack = workspace.stack
    return stack, workspace.config(stack)


def _decrypter(config: StackConfig, *, show: bool) -> Callable[[str], str]:
    if not show:
        return lambda _: _MASK
    return lambda sealed: config.crypter().decrypt(sealed)


def _described(value: ConfigValue, decrypt: Callable[[str], str], *, show: bool) -> dict[str, Any]:
    described: dict[str, Any] = {}
    if not value.secret or show:
        described["value"] = value.text(decrypt)
        if value.is_object:
            described["objectValue"] = value.plain(decrypt)
    return {**described, "secret": value.secret}


def list_config(args: argparse.Namespace) -> int:
    """Show all values."""
    _, config = _open(args)
    decrypt = _decrypter(config, show=args.show_secrets)
    items = config.items()
    if args.json:
        shown = {key: _described(value, decrypt, show=args.show_secrets) for key, value in sorted(items.items())}
        print(json.dumps(shown, indent=2))  # noqa: T201 - the command's output
        return ExitCode.SUCCESS
    own = f"{config.project.name}:"
    rows = [(key.removeprefix(own), value.text(decrypt)) for key, value in sorted(items.items())]
    width = max([len("KEY"), *(len(key) for key, _ in rows)])
    for key, text in [("KEY", "VALUE"), *rows]:
        print(f"{key:<{width}}  {text}")  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def get_config(args: argparse.Namespace) -> int:
    """Show one value, a secret one in clear, as Pulumi does."""
    stack, config = _open(args)
    value = config.get(args.key, path=args.path)
    if value is None:
        raise EngineError(f"configuration key '{args.key}' not found for stack '{stack}'")
    decrypt = _decrypter(config, show=True)
    shown = json.dumps(_described(value, decrypt, show=True), indent=2) if args.json else value.text(decrypt)
    print(shown)  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def set_config(args: argparse.Namespace) -> int:
    """Set one value, given, typed or piped in."""
    _, config = _open(args)
    config.set(args.key, _value(args), path=args.path, secret=args.secret)
    config.save()
    return ExitCode.SUCCESS


def _value(args: argparse.Namespace) -> str:
    given: str | None = args.value
    if given is not None:
        return given
    if not interactive(args):
        return sys.stdin.read().removesuffix("\n")
    return getpass.getpass("value: ") if args.secret else input("value: ")


def set_all(args: argparse.Namespace) -> int:
    """Set several values at once, or none."""
    _, config = _open(args)
    try:
        described: dict[str, dict[str, Any]] = json.loads(args.json or "{}")
        for key, entry in described.items():
            config.set(key, entry["value"], secret=entry.get("secret", False))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise EngineError(
            f"--json: {type(error).__name__} {error}; nothing was set; give it as `pulumi config --json` shows it"
        ) from error
    for pairs, secret in ((args.plaintext, False), (args.secret, True)):
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not equals:
                raise EngineError(f"'{pair}' is not of the form KEY=VALUE; nothing was set")
            config.set(key, value, path=args.path, secret=secret)
    config.save()
    return ExitCode.SUCCESS


def remove_all(args: argparse.Namespace) -> int:
    """Remove several values."""
    _, config = _open(args)
    for key in args.keys:
        config.rm(key, path=args.path)
    config.save()
    return ExitCode.SUCCESS


def remove_config(args: argparse.Namespace) -> int:
    """Remove one value."""
    _, config = _open(args)
    config.rm(args.key, path=args.path)
    config.save()
    return ExitCode.SUCCESS
