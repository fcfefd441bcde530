"""The migrations in this image: their order, what each does to the schema, and whether each can be taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from types import FunctionType

from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from workload.migrations.errors import RefusedError

FOLDER = Path(__file__).parent


class Phase(StrEnum):
    """What a migration does to releases that worked before it."""

    EXPAND = "expand"
    """They go on working."""
    CONTRACT = "contract"
    """It drops what some of them still need."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """One migration."""

    revision: str
    title: str
    phase: Phase
    tables: Mapping[str, Mapping[str, bool]]
    """The schema after it: by table its columns, and whether each may be null."""

    @property
    def number(self) -> int:
        """Its place in the order."""
        return int(self.revision)


def config(folder: Path = FOLDER) -> Config:
    """Alembic's configuration for a folder of migrations."""
    made = Config()
    made.set_main_option("script_location", str(folder).replace("%", "%%"))
    return made


def load(folder: Path = FOLDER) -> Sequence[Migration]:
    """All migrations of a folder, in order.

    Raises:
        RefusedError: one has no phase or no way down, or they are no chain of rising numbers.
    """
    scripts = list(ScriptDirectory.from_config(config(folder)).walk_revisions())[::-1]
    loaded = [_migration(script) for script in scripts]
    for before, after in pairwise(scripts):
        if after.down_revision != before.revision or int(after.revision) <= int(before.revision):
            raise RefusedError(
                f"migration {after.revision} follows {after.down_revision}, needed: {before.revision}, and a higher "
                "number than that. Nobody could tell what runs before what: renumber it"
            )
    return loaded


def _migration(script: Script) -> Migration:
    module = script.module
    phase: object = getattr(module, "phase", None)
    if phase not in set(Phase):
        raise RefusedError(
            f"migration {script.revision} says phase {phase!r}, needed: one of {', '.join(Phase)}. Nobody could tell "
            f"whether the old release survives it: write phase = Phase.EXPAND or Phase.CONTRACT into {script.path}"
        )
    down: object = getattr(module, "downgrade", None)
    if not isinstance(down, FunctionType) or not down.__code__.co_names:  # `pass` names nothing
        raise RefusedError(
            f"migration {script.revision} has no way down: it could not be taken back. Write downgrade() into "
            f"{script.path}"
        )
    return Migration(revision=script.revision, title=script.doc, phase=Phase(str(phase)), tables=module.tables)
