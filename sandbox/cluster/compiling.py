"""Compiling what a tool-only Go module pins: once, whole or not at all, and how far it is.

What is compiled is said by the module's `go.mod` and `go.sum`; everything that comes of it is below the cache.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.cluster.cache import locked
from sandbox.cluster.errors import BuildError
from sandbox.cluster.golang import environ, toolchain
from sandbox.cluster.progress import Steps

_LAST_LINES = 15


@dataclass(frozen=True, kw_only=True)
class ToolModule:
    """One module and which of its commands are compiled.

    Attributes:
        name: what messages call it, such as Kubernetes.
        tools: the folder with the `go.mod` that pins it, and `go.sum`.
        path: its import path.
        commands: their names.
        below: the folder of the module that holds them, with a slash; empty where the module is the one command.
        options: the compiler's, beside `-trimpath`, for a version of it.
    """

    name: str
    tools: Path
    path: str
    commands: tuple[str, ...]
    options: Callable[[str], Sequence[str]]
    below: str = "cmd/"

    @property
    def version(self) -> str:
        """The version that `go.mod` pins, such as v1.34.4.

        Raises:
            BuildError: it pins none.
        """
        return self._pinned(rf"^require {re.escape(self.path)} (v\S+)$")

    @property
    def packages(self) -> Sequence[str]:
        """Import paths of the commands."""
        return [f"{self.path}/{self.below}{each}" for each in self.commands] if self.below else [self.path]

    def built(self, cache: Path) -> bool:
        """Whether it has been compiled already."""
        return self.target(cache).exists()

    def target(self, cache: Path) -> Path:
        """Where the commands go: a folder named by all that decides their content."""
        content = [(self.tools / name).read_bytes() for name in ("go.mod", "go.sum")]
        said = [part.encode() for part in (*self._options(), *self.commands)]
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

    def _compile(self, go: Path, folder: Path, settings: Mapping[str, str], steps: Steps) -> None:
        text = (self.tools / "go.mod").read_text()
        modules = len(re.findall(r"^\s+\S+ v\S+ // indirect$", text, re.MULTILINE)) + 1
        steps.step(f"downloading {self.name} {self.version} and its modules")
        downloaded, total = 0, 0
        listing = [str(go), "list", *self._options(), "-deps", "-f", "package {{.ImportPath}}", *self.packages]
        for line in self._stream(listing, settings):
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

    def _options(self) -> list[str]:
        return ["-trimpath", *self.options(self.version)]

    def _stream(self, command: Sequence[str], settings: Mapping[str, str]) -> Iterator[str]:
        """The lines of a Go command's output, as they come.

        Raises:
            BuildError: it failed; with its last lines.
        """
        last: list[str] = []
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
                    yield last[-1]
            except BaseException:
                process.terminate()
                raise
        if process.returncode != 0:
            output = "\n".join(f"    {line}" for line in last)
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
