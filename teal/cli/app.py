"""Defines the command line, `teal` or `python -m teal`. Each command is imported, with what it needs, when called."""

import json
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from cyclopts import App, CycloptsError
from rich.text import Text

from teal.cli.say import Exit, Lines, say

COMMANDS = "teal.commands"
"""The entry points of teal's commands beyond its core; the watch's image, which has only the core, has none."""


class _Listing(App):
    def help_print(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - cyclopts' own
        """Print the help, which shows the docstring of each command's function: so all of them are imported first."""
        for name in self:
            _ = self[name]
        super().help_print(*args, **kwargs)


def _said(error: CycloptsError) -> Text:
    chain = " ".join(("teal", *(error.command_chain or ())))
    said = f"{str(error).rstrip('.')}. Nothing was done. Next: {chain} --help"
    if "--json" in (error.root_input_tokens or ()):
        say(json.dumps({"error": said, "exitStatus": Exit.USAGE}, indent=2))
    return Text(said)


app = _Listing(
    name="teal",
    help="Blue/green delivery: releases, flips and their history, and the stack files that declare them. What each "
    "exit status means: 0 done, 1 failed, 2 cannot be asked for, 3 not confirmed, 4 unsafe, 5 refused, 6 locked, 7 "
    "unreachable, 8 declined, 9 not well, 10 not known.",
    version_flags=[],
    error_formatter=_said,
    error_console=Lines(stderr=True),
)
app.command("teal.cli.status:status", name="status")
app.command("teal.cli.status:health_check", name="health-check")
app.command("teal.cli.flips:history_app", name="history")
for _name in ("approve", "watch"):
    app.command(f"teal.cli.flips:{_name}", name=_name)
app.command("teal.cli.plan:plan", name="plan")
app.command("teal.cli.completion:completion", name="completion")
with suppress(PackageNotFoundError):
    for _added in distribution("teal").entry_points.select(group=COMMANDS):  # to search all packages takes longer
        app.command(_added.value, name=_added.name)
