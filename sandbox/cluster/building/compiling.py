"""Compiling what a tool-only Go module pins: once, whole or not at all, and how far it is.

What is compiled is said by the module's `go.mod` and `go.sum`; everything that comes of it is below the cache.
"""

import hashlib
import math
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox.cluster.building.golang import environ, toolchain
from sandbox.cluster.cache import locked
from sandbox.cluster.errors import BuildError
from sandbox.cluster.progress import Steps

_LAST_LINES = 15


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command, or several of one module, that are compiled together.

    Attributes:
        name: what messages call it, such as Kubernetes.
        tools: the folder with the `go.mod` that pins its module, and `go.sum`.
        module: the module whose version is its own.
        packages: import paths of its main packages; those of `tools` itself begin with `./`.
        options: the compiler's, beside `-trimpath`, for a version of the module.
        beside: files of the module that it reads from its own folder.
        seconds: what compiling it took on two quiet cores, in the order of `sandbox.cluster.bringup`; for progress.
    """

    name: str
    tools: Path
    module: str
    packages: tuple[str, ...]
    options: Callable[[str], Sequence[str]]
    beside: tuple[str, ...] = ()
    seconds: int = 30

    @property
    def version(self) -> str:
        """The version that `go.mod` pins, such as v1.34.4.

        Raises:
            BuildError: it pins none.
        """
        return self._pinned(rf"^(?:require|\s) *{re.escape(self.module)} (v\S+)$")

    def built(self, cache: Path) -> bool:
        """Whether it has been compiled already."""
        return self.target(cache).exists()

    def target(self, cache: Path) -> Path:
        """Where the commands go: a folder named by all that decides their content."""
        content = [path.read_bytes() for path in self._sources()]
        said = [part.encode() for part in (*self._options(), *self.packages, *self.beside)]
        return cache / "bin" / hashlib.sha256(b"\0".join([*content, *said])).hexdigest()[:16]

    def toolchain(self, cache: Path, steps: Steps) -> Path:
        """A `go` command that is new enough for it.

        Raises:
            SandboxError: there is none, and none can be installed.
        """
        wanted = self._pinned(r"^go (\S+)$")
        return toolchain(cache, steps, wanted=wanted, purpose=f"{self.name} {self.version}")

    def build(self, cache: Path, steps: Steps) -> Path:
        """The folder with its commands, compiled if nobody has done so (minutes).

        Raises:
            BuildError: modules cannot be had or do not compile; nothing half done is left.
        """
        folder = self.target(cache)
        if folder.exists():
            return folder
        go = self.toolchain(cache, steps)
        # One lock for all: two compilers at once take longer than one after the other.
        with locked(cache / "bin.lock", lambda holder: steps.say(f"waiting for process {holder}, which is compiling")):
            if folder.exists():
                return folder
            for unfinished in (cache / "bin").glob(".new-*"):
                shutil.rmtree(unfinished)
            temporary = folder.with_name(f".new-{os.getpid()}")
            temporary.mkdir(parents=True)
            try:
                self._compile(go, temporary, os.environ | environ(cache), steps)
                temporary.replace(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        return folder

    def download(self, cache: Path, go: Path) -> None:
        """Fetch its modules, while something else is being compiled; says nothing.

        Raises:
            BuildError: modules cannot be had.
        """
        for _ in self._stream(self._listing(go), os.environ | environ(cache)):
            pass

    def _sources(self) -> list[Path]:
        """Everything in the work tree that decides what is compiled."""
        own = [path for package in self.packages for path in sorted((self.tools / package).glob("*.go"))]
        return [self.tools / "go.mod", self.tools / "go.sum", *own]

    def _compile(self, go: Path, folder: Path, settings: Mapping[str, str], steps: Steps) -> None:
        text = (self.tools / "go.mod").read_text()
        modules = len(re.findall(r"^\s+\S+ v\S+ // indirect$", text, re.MULTILINE)) + 1
        steps.step(f"downloading {self.name} {self.version} and its modules")
        downloaded, total = 0, 0
        for line in self._stream(self._listing(go), settings):
            if line.startswith("go: downloading"):
                downloaded += 1
                steps.update(f"{downloaded} of at most {modules} modules", downloaded, modules)
            total += line.startswith("package ")
        steps.step(f"compiling {self.name} {self.version} (once; kept in {folder.parent})")
        building = self._stream(
            [str(go), "build", "-v", *self._options(), "-o", f"{folder}/", *self.packages], settings
        )
        for compiled, line in enumerate(building, start=1):
            # The standard library and what an earlier, interrupted build left are not compiled again: "at most".
            steps.update(f"{compiled} of at most {total} packages: {line}", compiled, total)
        if self.beside:
            (source,) = self._stream([str(go), "list", "-m", "-f", "{{.Dir}}", self.module], settings)
            for name in self.beside:
                shutil.copy(Path(source) / name, folder)

    def _listing(self, go: Path) -> list[str]:
        """What downloads the modules that are needed, and no other, and names their packages."""
        return [str(go), "list", *self._options(), "-deps", "-f", "package {{.ImportPath}}", *self.packages]

    def _options(self) -> list[str]:
        return ["-trimpath", *self.options(self.version)]

    def _stream(self, command: Sequence[str], settings: Mapping[str, str]) -> Iterator[str]:
        """The lines of a Go command's output, as they come.

        Raises:
            BuildError: it failed; with its last lines.
        """
        last: list[str] = []
        errors: list[str] = []  # a compiler goes on with other packages after the first one that failed
        with subprocess.Popen(  # noqa: S603 - no shell; the commands are this module's
            command,
            cwd=self.tools,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                for line in process.stdout or ():
                    last = [*last[1 - _LAST_LINES :], line.rstrip()]
                    if ".go:" in line:
                        errors.append(line.rstrip())
                    yield last[-1]
            except BaseException:
                process.terminate()
                raise
        if process.returncode != 0:
            output = "\n".join(f"    {line}" for line in errors[-_LAST_LINES:] or last)
            msg = (
                f"`go {command[1]}` exited with {process.returncode}; {self.name} {self.version} is not compiled, and "
                f"what needs it cannot start. Its last lines:\n{output}\n"
                "If modules cannot be downloaded, set GOPROXY to a proxy that this machine reaches, and repeat"
            )
            raise BuildError(msg)

    def _pinned(self, pattern: str) -> str:
        found = re.search(pattern, (self.tools / "go.mod").read_text(), re.MULTILINE)
        if not found:
            msg = (
                f"{self.tools / 'go.mod'} has no line {pattern!r}: it cannot be told what to compile. "
                "Restore it: git checkout"
            )
            raise BuildError(msg)
        return found[1]


def build_all(wanted: Sequence[Command], cache: Path, steps: Steps) -> list[Path]:
    """The folders of all that is `wanted`; what is missing is compiled, and its modules are fetched meanwhile.

    Raises:
        SandboxError: as `Command.build`.
    """
    missing = [each for each in wanted if not each.built(cache)]
    left = sum(each.seconds for each in missing)
    begun = time.monotonic()
    with ThreadPoolExecutor(max_workers=1) as beside:
        for each in missing[1:]:
            beside.submit(each.download, cache, each.toolchain(cache, steps))
        for number, each in enumerate(missing, start=1):
            so_far = time.monotonic() - begun
            steps.say(
                f"{number} of {len(missing)} to be compiled: {each.name} {each.version}; "
                f"about {math.ceil(left / 60)} min are left on two quiet cores ({so_far:.0f} s so far)"
            )
            each.build(cache, steps)
            left -= each.seconds
    return [each.target(cache) for each in wanted]
