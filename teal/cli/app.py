"""The command line, `teal` or `python -m teal`. Each command is imported when it is called, with what it needs."""

from importlib.metadata import entry_points
from typing import Any

from cyclopts import App

COMMANDS = "teal.commands"
"""The entry points whose packages add commands, as `teal_infra` does; the watch's image has only what is named here."""


class _Listing(App):
    def help_print(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - cyclopts' own
        """Print the help, which says of a command what its function says: so all are imported."""
        for name in self:
            _ = self[name]
        super().help_print(*args, **kwargs)


app = _Listing(
    name="teal",
    help="Flips of a stack: their state, their history, their approval; a team's own repository, and its stack files. "
    "Exit statuses: 0 done, 1 failed, 2 cannot be asked for, 3 not confirmed, 4 unsafe.",
    version_flags=[],
)
for _name in ("status", "history", "approve", "watch"):
    app.command(f"teal.cli.flips:{_name}", name=_name)
app.command("teal.cli.plan:plan", name="plan")
for _added in entry_points(group=COMMANDS):
    app.command(_added.value, name=_added.name)
