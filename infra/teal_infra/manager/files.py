"""Writes the stack file: it is checked first, written whole or not at all, and can be put back."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from teal.adapters.pulumi_project import Project
from teal.model.errors import ConfigError

if TYPE_CHECKING:  # see `valid`
    from teal_infra.settings import Settings


def write(path: Path, text: str) -> None:
    """Write a file's text; whoever reads it meanwhile finds the text before, or this one.

    Raises:
        ConfigError: it cannot be written; it is as it was.
    """
    place = path.resolve()
    try:
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.", delete=False) as made:
            made.write(text.encode())
        if place.exists():
            Path(made.name).chmod(place.stat().st_mode & 0o7777)
        Path(made.name).replace(place)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error}. Nothing was updated. Next: ls -ld {place.parent}"
        ) from None


def put_back(path: Path, ours: str, text: str) -> None:
    """Write another text over one of ours; what somebody else wrote meanwhile is left alone."""
    with suppress(OSError, UnicodeDecodeError):
        if path.read_bytes().decode() == ours:
            write(path, text)


def valid(project: Project, text: str) -> "Settings":
    """Return the settings that a text declares, as a preview would take them; encrypted values are placeholders.

    Raises:
        ConfigError: a preview would refuse them; the message names everything that is wrong.
    """
    from teal_infra.settings import load, stack_file  # noqa: PLC0415 - a rollback has no time for all settings

    with tempfile.TemporaryDirectory(prefix="teal-") as folder:
        copy = Path(folder) / project.file.name
        copy.touch(mode=0o600)
        copy.write_bytes(text.encode())
        found = stack_file.read(copy)
    return load.load(found.raw, secret=found.secret, stack=found.stack)
