"""The one directory outside the work tree: compiled binaries, Go's caches, images, a Go toolchain.

`TEAL_CACHE`, by default `~/.cache/teal`. A marker file in it says that it is ours to remove.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

from sandbox.cluster.errors import UsageError

_MARKER = "CACHEDIR.TAG"  # the convention backup programs know (bford.info/cachedir); its first line is fixed
# What `make` puts there before anything of ours can run.
_BEFORE_US = {"uv", "uv-cache", "pyright"}
_MARKER_TEXT = "Signature: 8a477f597d28d172789f06886806bc55\n# Cache of teal's sandbox; `make clean-all` removes it.\n"


def cache_folder() -> Path:
    """The cache's folder, made and marked if need be.

    Raises:
        UsageError: `TEAL_CACHE` names something that is neither empty nor ours.
    """
    folder = Path(os.environ.get("TEAL_CACHE") or Path.home() / ".cache" / "teal").absolute()
    marker = folder / _MARKER
    if not marker.exists():
        if folder.exists() and (not folder.is_dir() or {p.name for p in folder.iterdir()} - _BEFORE_US):
            msg = (
                f"TEAL_CACHE is {folder}, which holds other things than the sandbox's cache: it would be mixed up with "
                "them, and removed with them later. Name an empty or a new folder: TEAL_CACHE=~/.cache/teal"
            )
            raise UsageError(msg)
        folder.mkdir(parents=True, exist_ok=True)
        marker.write_text(_MARKER_TEXT)
    return folder


def remove_cache() -> Path:
    """Remove the cache, if it is ours, and return where it was."""
    folder = cache_folder()
    shutil.rmtree(folder)
    return folder


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[str], None]) -> Generator[None]:
    """Hold the lock file `path`; `waiting` is told who has it when that is somebody else.

    The kernel lets go of it when its holder dies, however it dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            waiting(file.read().strip() or "?")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
