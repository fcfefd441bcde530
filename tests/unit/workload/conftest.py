"""A PostgreSQL runs, with a database for each test."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from sandbox.backing import postgres
from workload.migrations.__main__ import main


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """The folder of a running PostgreSQL's socket; it listens nowhere else."""
    owner = pwd.getpwnam(postgres.USER) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # not pytest's: its folders are closed to other users
    try:
        postgres.prepare(folder, owner)
        script = (
            "import os, pwd, sys; from pathlib import Path; from sandbox.backing import postgres\n"
            "folder = Path(sys.argv[1]); os.geteuid() or postgres.become(pwd.getpwnam(postgres.USER))\n"
            "postgres.create(folder); command = postgres.server(folder, [], folder); os.execv(command[0], command)"
        )
        log = (folder / "log").open("wb")
        with log, subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=log, stderr=log) as server:
            try:
                _await(server, folder)
                yield folder
            finally:
                server.send_signal(signal.SIGQUIT)  # at once: the data goes too
    finally:
        shutil.rmtree(folder)


def _await(server: subprocess.Popen[bytes], folder: Path) -> None:
    ready = [str(postgres.BINARIES / "pg_isready"), "--quiet", f"--host={folder}", "--timeout=1"]
    while subprocess.run(ready, check=False).returncode:
        assert server.poll() is None, (folder / "log").read_text()


@pytest.fixture
def environ(cluster: Path, request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The environment of a Job whose database is empty."""
    name = f"t{abs(hash(request.node.nodeid))}"  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # pytest 9.0 does not say its type
    found = {**postgres.environment(cluster, str(cluster)), "DB_NAME": name, "LOCK_TIMEOUT": "100ms"}
    with psycopg.connect(dsn({**found, "DB_NAME": postgres.NAME}), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {found['DB_NAME']}".encode())
    return found


def dsn(environ: Mapping[str, str]) -> str:
    """How a client is told of a database."""
    names = {"host": "DB_HOST", "port": "DB_PORT", "dbname": "DB_NAME", "user": "DB_USER", "password": "DB_PASSWORD"}
    return " ".join(f"{name}={environ[variable]}" for name, variable in names.items())


class Database:
    """A database as the two releases use it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Name it."""
        self.environ = environ

    def migrate(self, *arguments: str) -> int:
        """Run the tool, as the Job does; its exit status."""
        return main(arguments, self.environ)

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Run one query of a release."""
        with psycopg.connect(dsn(self.environ)) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def database(environ: Mapping[str, str]) -> Database:
    """An empty database."""
    return Database(environ)
