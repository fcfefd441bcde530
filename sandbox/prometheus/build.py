"""Compiling `prometheus` and `promtool` at the version that `tools/go.mod` pins, each once, into the cache.

The toolchain and Go's caches are those of the cluster's build. Starts nothing.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Literal

from sandbox.cluster import golang
from sandbox.cluster.cache import locked
from sandbox.cluster.errors import BuildError, SandboxError
from sandbox.cluster.processes import run
from sandbox.cluster.progress import Steps

Command = Literal["prometheus", "promtool"]

_TOOLS = Path(__file__).parent / "tools"
_MODULE = "github.com/prometheus/prometheus"
# Of its thirty ways to find targets, each with a cloud's SDK, the sandbox needs one: half the time to compile.
_TAGS = "remove_all_sd,enable_kubernetes_sd"


def version() -> str:
    """The version that `tools/go.mod` pins, such as v0.315.0 (Prometheus 3.15.0)."""
    found = re.search(rf"^require {_MODULE} (v\S+)$", (_TOOLS / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise BuildError(f"{_TOOLS / 'go.mod'} does not require {_MODULE}: nobody knows what to compile. Restore it")
    return found[1]


def built(cache: Path, command: Command) -> Path | None:
    """Where the command is, if it was compiled already."""
    path = _target(cache, command)
    return path if path.exists() else None


def build(cache: Path, command: Command, steps: Steps) -> Path:
    """Where the command is; compiled if nobody has done so (minutes).

    Raises:
        SandboxError: modules cannot be had or do not compile; nothing half done is left.
    """
    target = _target(cache, command)
    if target.exists():
        return target
    go = golang.toolchain(cache, steps)
    # The cluster's lock: two compilers at once take longer than one after the other.
    with locked(cache / "bin.lock", lambda holder: steps.say(f"waiting for process {holder}, which is compiling")):
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".new")
        steps.step(f"compiling {command} {version()} (once; kept in {target.parent})")
        try:
            run(
                go,
                "-C",
                _TOOLS,
                "build",
                *_flags(),
                "-o",
                unfinished,
                f"{_MODULE}/cmd/{command}",
                environ=_environ(cache),
            )
        except SandboxError as error:
            unfinished.unlink(missing_ok=True)
            raise BuildError(
                f"{command} {version()} is not compiled: {error}\n"
                "If modules cannot be downloaded, set GOPROXY to a proxy that this machine reaches and try again"
            ) from error
        unfinished.replace(target)
    return target


def _target(cache: Path, command: Command) -> Path:
    """A path named by all that decides the content."""
    content = [(_TOOLS / name).read_bytes() for name in ("go.mod", "go.sum")]
    digest = hashlib.sha256(b"\0".join([*content, *(flag.encode() for flag in _flags())])).hexdigest()
    return cache / "bin" / f"prometheus-{digest[:16]}" / command


def _flags() -> list[str]:
    return [
        "-trimpath",
        f"-tags={_TAGS}",
        f"-ldflags=-s -w -X github.com/prometheus/common/version.Version={version()}",
    ]


def _environ(cache: Path) -> dict[str, str]:
    return os.environ | golang.environ(cache)
