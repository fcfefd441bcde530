"""Who has the cluster: tests share it, but for those that do something to it which the others would feel."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(path: Path, *, alone: bool) -> Generator[None]:
    """Hold the cluster, beside others or alone; waits for those who hold it otherwise."""
    path.parent.mkdir(exist_ok=True)
    with path.with_suffix(".next").open("w") as following, path.open("w") as held:
        fcntl.flock(following, fcntl.LOCK_EX)  # who waits to be alone is not overtaken by those who share
        fcntl.flock(held, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(following, fcntl.LOCK_UN)
        yield
