"""docs/commands.md names every command, and every exit status as it is meant."""

import re
from pathlib import Path

from teal.cli.app import app
from teal.cli.say import Exit

PAGE = (Path(__file__).parents[3] / "docs/commands.md").read_text()


def test_every_exit_status_is_there() -> None:
    """A number never gets another meaning."""
    assert {int(each) for each in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == {*Exit}


def test_every_command_is_there() -> None:
    """With what it does."""
    missing = [name for name in app if not name.startswith("-") and not re.search(rf"`(teal )?{name}\b", PAGE)]
    assert missing == []
