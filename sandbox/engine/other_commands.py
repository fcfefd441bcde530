"""`pulumi version`, `about`, `whoami`, `login` and `logout`."""

from __future__ import annotations

import getpass
import json
import platform
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

from sandbox.engine.cli import BANNER, ExitCode, NotSupportedError, add_command
from sandbox.engine.workspace import backend_url, credentials_file

if TYPE_CHECKING:
    import argparse


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Declare the commands."""
    add_command(commands, "version", version, "Show the version of the protocol this engine speaks")
    about_ = add_command(commands, "about", about, "Show versions and the backend")
    about_.add_argument("-j", "--json", action="store_true")
    who = add_command(commands, "whoami", whoami, "Show who is logged in")
    who.add_argument("-j", "--json", action="store_true")
    login_ = add_command(commands, "login", login, "Choose a folder as the backend")
    login_.add_argument("url", nargs="?")
    login_.add_argument("-l", "--local", action="store_true")
    out = add_command(commands, "logout", logout, "Forget the backend")
    out.add_argument("url", nargs="?")
    out.add_argument("-a", "--all", action="store_true")


def engine_version() -> str:
    """The version of Pulumi whose protocol is spoken, marked as ours."""
    return f"v{metadata.version('pulumi')}+embedded"


def version(args: argparse.Namespace) -> int:  # noqa: ARG001 - as every command
    """Show the version."""
    print(engine_version())  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def about(args: argparse.Namespace) -> int:
    """Show versions and the backend."""
    facts = {
        "cliAbout": {"version": engine_version(), "engine": BANNER, "python": platform.python_version()},
        "backend": {"url": backend_url(), "user": getpass.getuser()},
        "packages": {name: metadata.version(name) for name in ("pulumi", "pulumi-kubernetes", "pulumi-policy")},
    }
    print(json.dumps(facts, indent=2) if args.json else _table(facts))  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def _table(facts: dict[str, dict[str, str]]) -> str:
    return "\n".join(f"{name:<20}{value}" for group in facts.values() for name, value in group.items())


def whoami(args: argparse.Namespace) -> int:
    """Show the user; a folder knows no other."""
    user = getpass.getuser()
    print(json.dumps({"user": user, "url": backend_url()}) if args.json else user)  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def login(args: argparse.Namespace) -> int:
    """Choose a folder as the backend."""
    url: str = "file://~" if args.local else (args.url or "")
    if not url.startswith("file://"):
        raise NotSupportedError(f"the backend {url or 'of Pulumi Cloud'!r}")
    file = credentials_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"current": url, "accessTokens": {url: ""}, "accounts": {url: {}}}), encoding="utf-8")
    print(f"Logged in to {platform.node()} as {getpass.getuser()} ({url})")  # noqa: T201 - the command's output
    return ExitCode.SUCCESS


def logout(args: argparse.Namespace) -> int:  # noqa: ARG001 - as every command
    """Forget the backend."""
    credentials_file().unlink(missing_ok=True)
    print("Logged out", file=sys.stdout)  # noqa: T201 - the command's output
    return ExitCode.SUCCESS
