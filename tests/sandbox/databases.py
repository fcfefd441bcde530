"""Databases of the tests' own in a sandbox's PostgreSQL."""

import subprocess
from collections.abc import Mapping

from sandbox.backing import postgres
from sandbox.cluster.building.packages import SYSTEM_PATH
from sandbox.cluster.environment import Sandbox
from sandbox.cluster.layout import NODE_ADDRESS


def fresh(sandbox: Sandbox, name: str) -> Mapping[str, str]:
    """An empty database; how pods connect to it, as environment variables."""
    found = {**postgres.await_ready(sandbox), "DB_NAME": name}
    for statement in (f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}"):
        where = [f"--host={NODE_ADDRESS}", f"--username={postgres.NAME}", postgres.NAME]
        subprocess.run(
            sandbox.command([str(postgres.BINARIES / "psql"), *where, "--command", statement]),
            env={"PGPASSWORD": found["DB_PASSWORD"], "PATH": SYSTEM_PATH},
            check=True,
        )
    return found
