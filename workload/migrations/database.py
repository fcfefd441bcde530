"""Where the database is, from the environment; its password is never printed."""

from collections.abc import Mapping

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from workload.migrations.errors import RefusedError

DRIVER = "postgresql+psycopg"

LOCK_TIMEOUT = "5s"
"""A change that waits for a lock makes all later queries of the table wait behind it: rather fail, and try again."""

_CONNECT_TIMEOUT_SECONDS = 5


def url(environ: Mapping[str, str]) -> URL:
    """The database that `DATABASE_URL` names, or else `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER`, `DB_PASSWORD`.

    Raises:
        RefusedError: neither names one.
    """
    if given := environ.get("DATABASE_URL"):
        try:
            return make_url(given).set(drivername=DRIVER)
        except (ArgumentError, ValueError):
            # The cause's text may hold the password: it is left out.
            raise RefusedError(
                "DATABASE_URL is no URL, so nothing can be migrated. Say postgresql://USER:PASSWORD@HOST:PORT/NAME"
            ) from None
    missing = [name for name in ("DB_HOST", "DB_NAME", "DB_USER") if not environ.get(name)]
    if missing:
        raise RefusedError(
            f"{', '.join(missing)} not set, and no DATABASE_URL: there is no database to migrate. Set them, or name "
            "the Secrets and ConfigMaps that hold them in the stack's migrations.secrets and migrations.configMaps"
        )
    port = environ.get("DB_PORT") or "5432"
    if not port.isdecimal():
        raise RefusedError(f"DB_PORT {port!r} is no port number, so nothing can be migrated. Say 5432")
    return URL.create(
        DRIVER,
        username=environ["DB_USER"],
        password=environ.get("DB_PASSWORD"),
        host=environ["DB_HOST"],
        port=int(port),
        database=environ["DB_NAME"],
    )


def engine(where: URL, environ: Mapping[str, str]) -> Engine:
    """Connections to it, one at a time; `LOCK_TIMEOUT` says how long they wait for a lock (PostgreSQL's notation)."""
    options = {
        "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
        "application_name": "migrations",
        "options": f"-c lock_timeout={environ.get('LOCK_TIMEOUT') or LOCK_TIMEOUT}",
    }
    return create_engine(where, poolclass=NullPool, connect_args=options)
