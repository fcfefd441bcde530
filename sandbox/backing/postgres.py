"""A throwaway PostgreSQL from Debian's package: a fresh cluster in a folder, one role, one database.

Run as `python -m sandbox.backing.postgres FOLDER ADDRESS...` it makes what is missing and becomes the server, so that
whoever started it supervises the server itself. PostgreSQL refuses to run as root: root hands over to Debian's user
`postgres`, and lays the folder where that user can reach it, which needs a mount namespace of its own.
"""

import os
import pwd
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.cluster.environment import Sandbox
from sandbox.cluster.errors import StartError
from sandbox.cluster.layout import NODE_ADDRESS

BINARIES = Path("/usr/lib/postgresql/15/bin")
"""Where Debian 12 has them; it keeps them off PATH, because several versions may be installed."""

PACKAGE = "postgresql-15"
USER = "postgres"
PORT = 5432
NAME = "teal"
"""Of the role and of the database."""

SOCKETS = Path("/run/postgresql")
_REACHABLE = Path("/run/teal-postgres")

_POLL_S = 0.1

# The data is not to outlive the sandbox, so nothing waits for a disk; the machine is small.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "50",
}


def environment(folder: Path, host: str) -> Mapping[str, str]:
    """How to connect to the cluster in `folder`, as environment variables.

    Raises:
        FileNotFoundError: it has not been started yet.
    """
    password = (folder / "password").read_text()
    return {"DB_HOST": host, "DB_PORT": str(PORT), "DB_NAME": NAME, "DB_USER": NAME, "DB_PASSWORD": password}


def await_ready(sandbox: Sandbox, *, seconds: float = 60.0) -> Mapping[str, str]:
    """Wait until a sandbox's PostgreSQL answers; how pods connect to it, as environment variables.

    Raises:
        StartError: it did not in time.
    """
    ready = sandbox.command([str(BINARIES / "pg_isready"), "--quiet", f"--host={NODE_ADDRESS}"])
    deadline = time.monotonic() + seconds
    while subprocess.run(ready, check=False).returncode:  # noqa: S603 - our own command
        if time.monotonic() > deadline:
            log = sandbox.root / "logs" / "postgres.log"
            msg = f"the PostgreSQL of sandbox {sandbox.name!r} did not answer within {seconds:.0f} s. Its log: {log}"
            raise StartError(msg)
        time.sleep(_POLL_S)
    return environment(sandbox.root / "postgres", NODE_ADDRESS)


def create(folder: Path) -> None:
    """Make a cluster in `folder` that the current user will serve: about a second.

    Raises:
        CalledProcessError: initdb or the first start failed; what it said is on stderr.
    """
    data, password = folder / "unfinished", folder / "password"
    initdb = [BINARIES / "initdb", "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"]
    _run([*initdb, f"--pgdata={data}", f"--username={NAME}", f"--pwfile={password}", "--auth=scram-sha-256"])
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all scram-sha-256\n")
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
    _run([BINARIES / "postgres", "--single", "-D", data, "postgres"], text=f"CREATE DATABASE {NAME}\n")
    data.rename(folder / "data")


def server(folder: Path, addresses: Sequence[str], sockets: Path) -> list[str]:
    """The command that serves the cluster in `folder`."""
    listen = ["-h", ",".join(addresses), "-p", str(PORT), "-k", str(sockets)]
    return [str(BINARIES / "postgres"), "-D", str(folder / "data"), *listen]


def prepare(folder: Path, owner: pwd.struct_passwd) -> None:
    """A folder that `owner` can make a cluster in, with a password of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    password = folder / "password"
    if not password.exists():
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(24))  # no character that a command line or a URL takes for its own
    for path in (folder, password):
        os.chown(path, owner.pw_uid, owner.pw_gid)


def become(owner: pwd.struct_passwd) -> None:
    """Be another user for good."""
    os.setgroups([])
    os.setgid(owner.pw_gid)
    os.setuid(owner.pw_uid)


def _run(command: Sequence[str | Path], text: str = "") -> None:
    subprocess.run(command, check=True, input=text, text=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own commands


def main(folder: Path, addresses: Sequence[str]) -> None:
    """Make what is missing, then be the server."""
    owner = pwd.getpwnam(USER)
    prepare(folder, owner)
    # The folders above may be closed to that user (a work tree below /root, say).
    for path in (_REACHABLE, SOCKETS):
        path.mkdir(exist_ok=True)
    _run(["mount", "--bind", folder, _REACHABLE])
    os.chown(SOCKETS, owner.pw_uid, owner.pw_gid)
    become(owner)
    if not (_REACHABLE / "data").exists():
        create(_REACHABLE)
    command = server(_REACHABLE, addresses, SOCKETS)
    os.execv(command[0], command)  # noqa: S606 - a server that is supervised is what is wanted


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
