"""Which actionlint is compiled, and that it runs on the workflows: `python -m sandbox.actionlint.build [FILE...]`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sandbox.cluster.cache import cache_folder
from sandbox.cluster.compiling import ToolModule
from sandbox.cluster.progress import Steps

ACTIONLINT = ToolModule(
    name="actionlint",
    tools=Path(__file__).parent / "tools",
    path="github.com/rhysd/actionlint",
    commands=("actionlint",),
    options=lambda version: [f"-ldflags=-s -w -X github.com/rhysd/actionlint.version={version}"],
)


def build(cache: Path, steps: Steps) -> Path:
    """Where the command is; compiled if nobody has done so (ten seconds).

    Raises:
        SandboxError: modules cannot be had or do not compile; nothing half done is left.
    """
    return ACTIONLINT.build(cache, steps) / "actionlint"


def main(arguments: Sequence[str]) -> NoReturn:
    """Become actionlint: its exit status is 1 where it finds something, and it finds the workflows by itself."""
    with Steps() as said:
        command = build(cache_folder(), said)
    # Without the machine's shellcheck, which runners have and others lack: the answer is the same everywhere.
    os.execv(command, [str(command), "-shellcheck=", "-pyflakes=", *arguments])  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main(sys.argv[1:])
