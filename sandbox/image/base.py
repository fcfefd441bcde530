"""The lowest layer of an image: packages of Debian's, its Python by default, and those of a requirements file.

It is built with mmdebstrap from Debian's archive and with uv from the package index; both must be installed. The
host's apt is read (which mirrors, which proxy) and never changed. A base is kept until its recipe or the
requirements change: it does not follow Debian's security updates, because the sandbox serves nobody.
"""

import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from sandbox.image.archive import write_layer
from sandbox.image.errors import ImageError

SUITE = "bookworm"
"""Debian 12, whatever the host is: its Python is the one that the compiled packages are chosen for."""
PYTHON = "3.11"
SITE_PACKAGES = f"usr/local/lib/python{PYTHON}/dist-packages"
PYTHON_PACKAGES = ("python3-minimal", "libpython3-stdlib")

_LEFT_OUT = (
    # Package managers, documentation and character sets: nothing of it runs in a container of ours, half the size.
    "./dev/*",
    "./etc/apt",
    "./etc/cron*",
    "./etc/hostname",  # these two tell of the machine that built it
    "./etc/resolv.conf",
    "./usr/bin/dpkg*",
    "./usr/lib/*/gconv",
    "./usr/share/[!z]*",  # but zoneinfo
    "./usr/lib/python3.11/test",
    "./var/*",
    "./*/dist-packages/bin",
)


def write_base(
    target: Path,
    requirements: Path | None,
    uv_cache: Path,
    progress: Callable[[str], None],
    packages: Sequence[str] = PYTHON_PACKAGES,
) -> None:
    """Build the layer at `target`: about 10 s and 100 MB of scratch space beside it.

    Args:
        target: the layer's file.
        requirements: what uv installs for Debian's Python; None installs nothing.
        uv_cache: where uv keeps what it has downloaded.
        progress: told, in one line each, about the steps that take seconds.
        packages: of Debian, beside what these depend on.

    Raises:
        ImageError: a tool is missing or a step failed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="base-") as scratch:
        root = Path(scratch) / "root"
        progress(f"image: {', '.join(packages)} from Debian {SUITE} (mmdebstrap)")
        _run(
            "mmdebstrap",
            "--quiet",
            "--variant=extract",  # unpacks the packages and their dependencies, configures nothing
            f"--include={','.join(packages)}",
            *(f"--aptopt={option}" for option in _host_apt_options()),
            SUITE,
            str(root),
            *_host_mirrors(),
        )
        if requirements:
            _install(requirements, root, uv_cache, progress)
        write_layer(target, root, _keep)


def _install(requirements: Path, root: Path, uv_cache: Path, progress: Callable[[str], None]) -> None:
    """Packages for Debian's Python below `root`, compiled, and Python's own library too."""
    progress(f"image: packages of {requirements.name} (uv)")
    _run(
        "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",  # the file names every package, so that nothing unpinned slips in
        "--only-binary=:all:",
        "--link-mode=copy",
        f"--python={sys.executable}",
        f"--python-version={PYTHON}",
        f"--python-platform={platform.machine()}-unknown-linux-gnu",
        f"--target={root / SITE_PACKAGES}",
        f"--requirement={requirements}",
        environ={"UV_CACHE_DIR": str(uv_cache)},
    )
    progress("image: bytecode")
    _run(
        "chroot",
        str(root),
        "python3",
        "-m",
        "compileall",
        "-q",
        # The files never change in an image: no look at the source's time, and the same bytes at every build.
        "--invalidation-mode=unchecked-hash",
        f"/usr/lib/python{PYTHON}",
        f"/{SITE_PACKAGES}",
    )


def _keep(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if any(fnmatch(member.name, pattern) for pattern in _LEFT_OUT) else member


def _host_mirrors() -> list[str]:
    """The host's own sources of the suite as `deb` lines; empty (mmdebstrap's default) where it has none."""
    template = "$(ORIGIN) $(CODENAME) deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    answer = _run("apt-get", "indextargets", "--format", template, "Created-By: Packages")
    rows = (line.split(" ", 2) for line in answer.splitlines())
    return [line for origin, codename, line in rows if origin == "Debian" and codename.startswith(SUITE)]


def _host_apt_options() -> list[str]:
    """The host's proxy and download settings, which mmdebstrap does not take over by itself."""
    scopes = ("http", "https", "Retries", "Check-Valid-Until", "Check-Date")
    keys = [f"Acquire::{scope}" for scope in scopes]
    return _run("apt-config", "dump", "--no-empty", "--format", '%F "%v";%n', *keys).splitlines()


def _run(tool: str, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    return run_tool([tool, *arguments], environ or {})


def run_tool(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """Run `command` with `environ` added to this process's own; return what it wrote to stdout.

    Raises:
        ImageError: the tool is not installed, or it failed: with the last lines of what it said.
    """
    tool = command[0]
    if shutil.which(tool) is None:
        raise ImageError(
            f"{tool} is not on PATH: the sandbox's image cannot be built and no pod can start. {_INSTALL[tool]}"
            if tool in _INSTALL
            else f"{tool} does not exist or cannot be run: the sandbox's image cannot be built."
        )
    done = subprocess.run(  # noqa: S603 - the commands are this package's own
        command, env=os.environ | environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = "\n  ".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise ImageError(
            f"building the sandbox's image stopped: `{' '.join(command)}` ended with status {done.returncode}:\n"
            f"  {said}\nNo pod can start without it. Run that command by hand to see all it says."
        )
    return done.stdout


_INSTALL = {
    "mmdebstrap": "Install it: apt-get install mmdebstrap",
    "uv": "Install it: pip install uv",
    "apt-get": "The image is made of Debian's packages: run the sandbox on Debian 12.",
    "apt-config": "The image is made of Debian's packages: run the sandbox on Debian 12.",
}
