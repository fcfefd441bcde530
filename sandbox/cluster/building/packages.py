"""What the sandbox needs of Debian: which commands, from which packages, installed without starting anything.

Nothing else is installed anywhere on the machine, and nothing is removed again: packages are the machine's. Nor do
they make anything of their own accord: PostgreSQL's would lay out a database of the host's, `main`.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.backing import postgres
from sandbox.cluster.building.prerequisites import Problem
from sandbox.cluster.daemons.configuration import CNI_PLUGINS
from sandbox.cluster.errors import PrerequisiteError
from sandbox.cluster.progress import Steps

# A command (looked up on PATH) or a file, and the Debian package that has it.
NEEDED: dict[str, str] = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "iptables-restore": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "mmdebstrap": "mmdebstrap",
    "haproxy": "haproxy",
    str(postgres.BINARIES / "postgres"): postgres.PACKAGE,
    **{
        str(CNI_PLUGINS / name): "containernetworking-plugins"
        for name in ("bridge", "host-local", "loopback", "portmap")
    },
}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_POLICY = Path("/usr/sbin/policy-rc.d")  # what Debian's packages ask before they start a service (invoke-rc.d(8))
_POLICY_TEXT = "#!/bin/sh\n# Written by teal's sandbox while it installs packages; may be removed.\nexit 101\n"
_LAST_LINES = 10


def missing() -> list[str]:
    """The packages whose commands are not there, sorted."""
    return sorted({package for command, package in NEEDED.items() if not shutil.which(command)})


def unavailable(packages: Sequence[str]) -> list[Problem]:
    """Why `packages` cannot be installed from here: there is no apt-get."""
    if not packages or shutil.which("apt-get", path=SYSTEM_PATH):
        return []
    commands = sorted(command for command, package in NEEDED.items() if package in packages)
    return [
        Problem(
            "commands",
            f"{', '.join(commands)} not found, and there is no apt-get to install them with",
            "The cluster has nothing to run on",
            "Install them with this system's package manager and repeat",
        ),
    ]


def install(packages: Sequence[str], steps: Steps) -> None:
    """Install Debian packages without starting a service.

    Raises:
        PrerequisiteError: apt-get failed; with its last lines.
    """
    steps.step(f"installing Debian packages: {', '.join(packages)}")
    with nothing_started(), no_database_made() as first_on_path:
        path = f"--option=DPkg::Path={first_on_path}:{SYSTEM_PATH}"
        install = ["apt-get", "install", "--yes", "--no-install-recommends", path, *packages]
        # The lists of a machine may be fresh, stale or absent; fetching them takes longer than most installations.
        code, _ = _apt(install, steps)
        if code != 0:
            _apt(["apt-get", "update"], steps)
            code, output = _apt(install, steps)
            if code != 0:
                msg = f"`{' '.join(install)}` exited with {code}; the sandbox cannot start without them:\n{output}"
                raise PrerequisiteError(msg)


def _apt(command: Sequence[str], steps: Steps) -> tuple[int, str]:
    last: list[str] = []
    with subprocess.Popen(  # noqa: S603 - no shell; the commands are this module's
        command,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PATH": SYSTEM_PATH},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            last = [*last[1 - _LAST_LINES :], line.rstrip()]
            steps.update(last[-1][:80])
    return process.returncode, "\n".join(f"    {line}" for line in last)


@contextmanager
def nothing_started(policy: Path = _POLICY) -> Generator[None]:
    """Forbid packages to start services, for this installation only; a policy of the machine's own is left alone."""
    if policy.exists() and policy.read_text() != _POLICY_TEXT:
        yield
        return
    policy.write_text(_POLICY_TEXT)
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


@contextmanager
def no_database_made() -> Generator[Path]:
    """A folder to put before a maintainer script's PATH, so that PostgreSQL's makes no cluster `main`.

    It asks `pg_conftool` whether it should. To answer by /etc/postgresql-common/createcluster.conf instead would be to
    write a setting of the host's, and to leave it there if the installation is killed.
    """
    with tempfile.TemporaryDirectory(prefix="teal-") as folder:
        answer = Path(folder) / "pg_conftool"
        answer.write_text("#!/bin/sh\necho off\n")
        answer.chmod(0o755)
        yield Path(folder)
