"""The database's schema: where it stands, how it is brought elsewhere, whether it is what the migrations say."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from workload.migrations import history
from workload.migrations.errors import RefusedError
from workload.migrations.history import Migration, Phase

_LOCK = 7_420_001
"""Of our own choosing, known to nothing else in the database."""


class Schema:
    """One database's schema, and the migrations that are known here. Open it with `Schema.of`."""

    def __init__(self, connection: Connection, migrations: Sequence[Migration]) -> None:
        """Wrap a connection."""
        self._connection = connection
        self._migrations = migrations

    @classmethod
    @contextmanager
    def of(cls, engine: Engine) -> Generator["Schema"]:
        """The schema, with nobody else migrating it: a second one fails when it has waited for a lock long enough.

        Raises:
            RefusedError: the migrations here are not in order.
            OperationalError: the database does not answer.
        """
        migrations = history.load()
        with engine.connect() as connection:
            # The session's, because each migration commits; it ends with the connection.
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            connection.commit()
            yield cls(connection, migrations)

    @property
    def revision(self) -> int:
        """Where the database stands; 0 when it is empty. It may be ahead of what is known here."""
        found = MigrationContext.configure(self._connection).get_current_revision()
        self._connection.rollback()
        return int(found or 0)

    def pending(self, to: int | None = None) -> Sequence[Migration]:
        """The migrations that are not applied, up to a revision or all."""
        start = self.revision
        return [each for each in self._migrations if start < each.number and (to is None or each.number <= to)]

    def up(self, to: int | None, allowed: Phase) -> Sequence[Migration]:
        """Apply what is pending up to a revision (None: all), and say what that was.

        Raises:
            RefusedError: there is no such revision, or a contracting migration stands in the way and only expanding
                ones are allowed. Nothing is applied then.
        """
        if to is not None and to > self._migrations[-1].number:
            raise RefusedError(
                f"there is no migration {to:04d} in this image, the last is {self._migrations[-1].revision}: the "
                "release says it needs a schema that it does not carry. Correct its schema in the stack, or its image"
            )
        steps = self.pending(to)
        contracting = next((each for each in steps if each.phase is Phase.CONTRACT), None)
        # In an empty database nobody can need anything yet.
        if contracting and self.revision and allowed is Phase.EXPAND:
            raise RefusedError(
                f"migration {contracting.revision} ({contracting.title}) contracts, and only expanding ones may run "
                f"before a release: what it drops may be needed by the one that is live. Nothing was applied. Let "
                f'schema.contract: "{contracting.revision}" of a live release run it first, then go on'
            )
        if steps:
            self._run(command.upgrade, steps[-1].revision)
        return steps

    def down(self, to: int) -> Sequence[Migration]:
        """Take back what was applied after a revision (0: everything), and say what that was, the last first.

        Raises:
            RefusedError: there is no such revision, or the database is ahead of this image.
        """
        known = {0, *(each.number for each in self._migrations)}
        start = self.revision
        for wanted, what in ((to, "to be gone back to"), (start, "at which the database stands")):
            if wanted not in known:
                raise RefusedError(
                    f"revision {wanted:04d}, {what}, is not in this image: the way back is unknown here. Nothing was "
                    "changed. Use the image of the newest release, and a revision that its `status` lists"
                )
        steps = [each for each in reversed(self._migrations) if to < each.number <= start]
        if steps:
            self._run(command.downgrade, f"{to:04d}" if to else "base")
        return steps

    def verify(self) -> None:
        """Compare the database with what the migration that it stands at says.

        A database that is ahead of this image is for the newer image to verify.

        Raises:
            RefusedError: names all that is missing, left over or different.
        """
        current = next((each for each in self._migrations if each.number == self.revision), None)
        if current is None:
            return
        found = list(self._differences(current))
        if found:
            raise RefusedError(
                f"the schema is not what migration {current.revision} says: {'; '.join(found)}. Somebody else changed "
                "it. Releases may fail on it: compare it with the migrations, and mend it with the next one"
            )

    def _differences(self, current: Migration) -> Iterator[str]:
        looked = inspect(self._connection)
        there = set(looked.get_table_names())
        ours = {table for migration in self._migrations for table in migration.tables}
        for table in sorted(ours | current.tables.keys()):
            if table not in current.tables or table not in there:
                if (table in there) is not (table in current.tables):
                    yield f"table {table} is {'there' if table in there else 'missing'}"
                continue
            columns = {str(each["name"]): bool(each["nullable"]) for each in looked.get_columns(table)}
            wanted = current.tables[table]
            yield from (f"{table}.{name} is missing" for name in wanted if name not in columns)
            yield from (f"{table}.{name} is left over" for name in columns if name not in wanted)
            yield from (
                f"{table}.{name} may {'' if columns[name] else 'not '}be null"
                for name in wanted
                if name in columns and columns[name] is not wanted[name]
            )
        self._connection.rollback()

    def _run(self, move: Callable[[Config, str], None], revision: str) -> None:
        config = history.config()
        config.attributes["connection"] = self._connection
        move(config, revision)
        self._connection.commit()
