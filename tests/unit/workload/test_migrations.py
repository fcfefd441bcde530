"""The reference service's migrations, on a real PostgreSQL: both releases work on the expanded schema."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest

from sandbox.backing import postgres
from tests.unit.workload.conftest import Database, dsn
from workload.migrations import history
from workload.migrations.__main__ import main
from workload.migrations.errors import RefusedError
from workload.migrations.history import Phase

pytestmark = pytest.mark.skipif(
    not (postgres.BINARIES / "postgres").exists(),
    reason=f"there is no PostgreSQL in {postgres.BINARIES}: apt-get install {postgres.PACKAGE}",
)

OLD_WRITES = "INSERT INTO quotes (model, usd) VALUES ('old', 1.25)"
OLD_READS = "SELECT usd FROM quotes WHERE model = %s"
NEW_WRITES = "INSERT INTO quotes (model, micros) VALUES ('new', 2500000)"
NEW_READS = "SELECT micros FROM quotes WHERE model = %s"


def test_expanding_leaves_the_old_releases_queries_working(database: Database) -> None:
    """Before, after and beside the new release: each reads what the other wrote, and what was there before."""
    assert database.migrate("up", "1") == 0
    database.ask(OLD_WRITES)
    assert database.migrate("up", "2") == 0
    database.ask(OLD_WRITES.replace("old", "between"))
    assert database.migrate("up", "3") == 0
    database.ask(NEW_WRITES)
    database.ask(OLD_WRITES.replace("old", "after"))
    for model in ("old", "between", "after"):
        assert database.ask(NEW_READS, model) == [(1250000,)]
    assert [float(str(row[0])) for row in database.ask(OLD_READS, "new")] == [2.5]
    database.ask("UPDATE quotes SET usd = 3 WHERE model = 'new'")
    assert database.ask(NEW_READS, "new") == [(3000000,)]
    database.ask("UPDATE quotes SET micros = 4000000 WHERE model = 'old'")
    assert [float(str(row[0])) for row in database.ask(OLD_READS, "old")] == [4.0]


def test_a_large_table_is_filled_in_batches(database: Database) -> None:
    """No row is left out, whatever their number."""
    database.migrate("up", "1")
    database.ask("INSERT INTO quotes (model, usd) SELECT 'm', n / 100.0 FROM generate_series(1, 2345) AS n")
    assert database.migrate("up", "3") == 0
    assert database.ask("SELECT count(*) FROM quotes WHERE micros = usd * 1000000") == [(2345,)]


def test_a_contracting_migration_is_refused_among_the_expanding_ones(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """The live release may need what it drops: nothing is applied, and exit status 2 says that trying again is vain."""
    database.migrate("up", "2")
    assert database.migrate("up", "4", "--phase", "expand") == 2
    assert "refused: migration 0004 (The old column goes" in capsys.readouterr().err
    database.ask(OLD_WRITES)
    assert database.migrate("status") == 0
    assert "pending: 0003 (expand)" in capsys.readouterr().out


def test_in_an_empty_database_nobody_needs_anything(database: Database) -> None:
    """A new environment starts with the newest release."""
    assert database.migrate("up", "4", "--phase", "expand") == 0
    database.ask(NEW_WRITES)


def test_contracting_drops_the_old_column_and_the_new_release_works_on(database: Database) -> None:
    """And the old one does not, which is why it has to be gone."""
    database.migrate("up", "3")
    database.ask(OLD_WRITES)
    assert database.migrate("up", "4", "--phase", "contract") == 0
    database.ask(NEW_WRITES)
    assert database.ask(NEW_READS, "old") == [(1250000,)]
    with pytest.raises(psycopg.errors.UndefinedColumn):
        database.ask(OLD_WRITES)


def test_every_migration_can_be_taken_back_without_losing_a_price(database: Database) -> None:
    """Down to each revision in turn, verified there; then up again."""
    database.migrate("up", "4", "--phase", "contract")
    database.ask(NEW_WRITES)
    for revision in (3, 2, 1):
        assert database.migrate("down", str(revision)) == 0
        assert database.migrate("verify") == 0
    assert [float(str(row[0])) for row in database.ask(OLD_READS, "new")] == [2.5]
    assert database.migrate("up", "4", "--phase", "contract") == 0
    assert database.ask(NEW_READS, "new") == [(2500000,)]
    assert database.migrate("down", "0") == 0
    assert database.ask("SELECT to_regclass('quotes')") == [(None,)]


def test_up_is_idempotent(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """A second Job finds nothing to do; so does one of a release that is behind."""
    database.migrate("up", "3")
    capsys.readouterr()
    for revision in ("3", "1"):
        assert database.migrate("up", revision) == 0
        assert capsys.readouterr().out == "the schema is at 0003\n"


def test_an_older_image_leaves_a_newer_schema_alone(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """Its release is known to work there, or the stack would not have it; the way back it does not know."""
    database.migrate("up")
    database.ask("UPDATE alembic_version SET version_num = '0009'")
    assert database.migrate("up", "3") == 0
    assert database.migrate("verify") == 0
    assert database.migrate("status") == 0
    assert "the schema is at 0009" in capsys.readouterr().out
    assert database.migrate("down", "1") == 2
    assert "revision 0009, at which the database stands, is not in this image" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE quotes DROP COLUMN model", "quotes.model is missing"),
        ("ALTER TABLE quotes ADD COLUMN note text", "quotes.note is left over"),
        ("ALTER TABLE quotes ALTER COLUMN micros DROP NOT NULL", "quotes.micros may be null"),
        ("DROP TABLE quotes", "table quotes is missing"),
    ],
)
def test_verify_finds_what_somebody_else_changed(
    database: Database, capsys: pytest.CaptureFixture[str], change: str, said: str
) -> None:
    """Columns missing and left over, nulls, tables."""
    database.migrate("up", "3")
    assert database.migrate("verify") == 0
    database.ask(change)
    assert database.migrate("verify") == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["up", "9"], "there is no migration 0009 in this image, the last is 0004"),
        (["down", "7"], "revision 0007, to be gone back to, is not in this image"),
    ],
)
def test_a_revision_that_does_not_exist_is_refused(
    database: Database, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """With exit status 2."""
    assert database.migrate(*arguments) == 2
    assert said in capsys.readouterr().err


def test_a_lock_that_is_not_to_be_had_is_worth_another_try(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1, and the schema as it was: a waiting ALTER TABLE would hold up every query of the table."""
    database.migrate("up", "1")
    with psycopg.connect(dsn(database.environ)) as connection:
        connection.execute("SELECT 1 FROM quotes")
        connection.execute("LOCK TABLE quotes IN SHARE MODE")
        assert database.migrate("up", "2") == 1
    assert "lock timeout" in capsys.readouterr().err
    assert database.migrate("up", "2") == 0


def test_two_jobs_do_not_migrate_at_once(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """The second one fails for want of the lock, and is tried again."""
    with psycopg.connect(dsn(database.environ)) as connection:
        connection.execute("SELECT pg_advisory_lock(7420001)")
        assert database.migrate("up") == 1
    assert "lock timeout" in capsys.readouterr().err


@pytest.mark.parametrize("variable", ["DB_PASSWORD", "DATABASE_URL"])
def test_the_password_is_never_printed(
    environ: Mapping[str, str], capsys: pytest.CaptureFixture[str], variable: str
) -> None:
    """A wrong one neither."""
    url = f"postgresql://teal:wr0ng-secret@/{environ['DB_NAME']}?host={environ['DB_HOST']}"
    value = "wr0ng-secret" if variable == "DB_PASSWORD" else url
    assert main(["up"], {**environ, variable: value}) == 1
    said = "".join(capsys.readouterr())
    assert "password authentication failed" in said
    assert "wr0ng" not in said


def test_a_database_url_says_where_too(environ: Mapping[str, str]) -> None:
    """In the form that most platforms give out."""
    url = f"postgres://{postgres.NAME}:{environ['DB_PASSWORD']}@/{environ['DB_NAME']}?host={environ['DB_HOST']}"
    assert main(["up"], {"DATABASE_URL": url}) == 0


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "DB_HOST, DB_NAME, DB_USER not set, and no DATABASE_URL"),
        ({"DB_HOST": "h", "DB_NAME": "n", "DB_USER": "u", "DB_PORT": "http"}, "DB_PORT 'http' is no port number"),
        ({"DATABASE_URL": "wr0ng-secret"}, "DATABASE_URL is no URL"),
        ({"DATABASE_URL": "postgresql://u:wr0ng-secret@host:port/x"}, "DATABASE_URL is no URL"),
    ],
)
def test_an_environment_without_a_database_is_refused(
    capsys: pytest.CaptureFixture[str], environ: Mapping[str, str], said: str
) -> None:
    """Trying again would not help; what is there of a password is not shown."""
    assert main(["up"], environ) == 2
    written = "".join(capsys.readouterr())
    assert said in written
    assert "wr0ng" not in written


def test_a_database_that_is_away_is_worth_another_try(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1."""
    assert main(["up"], {"DB_HOST": "/nowhere", "DB_NAME": "n", "DB_USER": "u"}) == 1
    assert "failed: connection is bad" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('phase = "expand"', "migration 0005 has no way down"),
        ('phase = "expand"\ndef downgrade(): pass', "migration 0005 has no way down"),
        ("def downgrade(): print()", "migration 0005 says phase None"),
        ('phase = "shrink"\ndef downgrade(): print()', "migration 0005 says phase 'shrink'"),
    ],
)
def test_a_migration_with_no_down_or_no_phase_is_refused(tmp_path: Path, broken: str, said: str) -> None:
    """Before anything is applied."""
    shutil.copytree(history.FOLDER, tmp_path / "migrations")
    file = tmp_path / "migrations/versions/v0005_more.py"
    file.write_text(f'"""More."""\nrevision = "0005"\ndown_revision = "0004"\ntables = {{}}\n{broken}\n')
    with pytest.raises(RefusedError, match=said):
        history.load(tmp_path / "migrations")


def test_the_migrations_expand_first_and_contract_last() -> None:
    """As docs/migrations.md has them."""
    assert [(each.revision, each.phase) for each in history.load()] == [
        ("0001", Phase.EXPAND),
        ("0002", Phase.EXPAND),
        ("0003", Phase.EXPAND),
        ("0004", Phase.CONTRACT),
    ]
