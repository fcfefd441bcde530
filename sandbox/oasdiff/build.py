"""Which oasdiff the sandbox compiles: the version that `teal.openapi` was written against."""

from pathlib import Path

from sandbox.cluster.cache import cache_folder
from sandbox.cluster.compiling import ToolModule
from sandbox.cluster.progress import Steps

OASDIFF = ToolModule(
    name="oasdiff",
    tools=Path(__file__).parent / "tools",
    path="github.com/oasdiff/oasdiff",
    below="",  # the module is the command
    commands=("oasdiff",),
    options=lambda version: [f"-ldflags=-s -w -X github.com/oasdiff/oasdiff/build.Version={version}"],
)


def built(cache: Path) -> Path | None:
    """Where the command is, if it was compiled already."""
    return OASDIFF.target(cache) / "oasdiff" if OASDIFF.built(cache) else None


def build(cache: Path, steps: Steps) -> Path:
    """Where the command is; compiled if nobody has done so (half a minute).

    Raises:
        SandboxError: modules cannot be had or do not compile; nothing half done is left.
    """
    return OASDIFF.build(cache, steps) / "oasdiff"


if __name__ == "__main__":
    with Steps() as said:
        build(cache_folder(), said)
