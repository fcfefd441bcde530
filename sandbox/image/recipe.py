"""Images from a Containerfile, as far as those of `examples/` go: without a container engine, a shell or a registry.

An instruction is followed or refused by its line; none is passed over. A base image is what Debian has of it.
"""

import json
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sandbox.image.archive import Image, write_archive, write_layer
from sandbox.image.base import PYTHON, PYTHON_PACKAGES, write_base
from sandbox.image.build import BUILDERS, forget_old, key, readable
from sandbox.image.errors import ImageError

BASES = {
    f"python:{PYTHON}-slim-bookworm": (*PYTHON_PACKAGES, "libstdc++6", "tzdata"),
    "debian:bookworm-slim": (),
}
"""Packages of Debian's that stand for a base image."""


@dataclass(kw_only=True)
class Recipe:
    """What a Containerfile says."""

    folder: Path
    """Where it is, and what it copies."""
    packages: list[str] = field(default_factory=list[str])
    requirements: Path | None = None
    copies: dict[str, Path] = field(default_factory=dict[str, Path])
    """What is copied, by its place in the image."""
    environment: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    )
    user: str = ""
    working_directory: str = "/"
    stop_signal: str = "SIGTERM"
    command: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The image's, without a registry or a tag: the folder's, in the folder that it is in."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file that is copied, with its place in the image."""
        for place, source in self.copies.items():
            below = sorted(source.rglob("*")) if source.is_dir() else [source]
            for each in below:
                if each.is_file() and "__pycache__" not in each.parts:
                    yield str(PurePosixPath(place, each.relative_to(source))), each

    def follow(self, instruction: str) -> bool:  # noqa: C901 - a case an instruction
        """Do what one instruction says; False if it is none that is known."""
        match shlex.split(instruction):
            case ["FROM", base] if base in BASES:
                self.packages += BASES[base]
            case ["RUN", "apt-get", "update", "&&", "apt-get", "install", *words]:
                self.packages += [each for each in words if not each.startswith("-")]
            case ["RUN", "pip", "install", *_, "-r", file]:
                self.requirements = self.folder / file
            case ["WORKDIR", folder]:
                self.working_directory = folder
            case ["COPY", *sources, target]:
                for source in map(self.folder.joinpath, sources):
                    into = not source.is_dir() and (target == "." or target.endswith("/"))
                    place = PurePosixPath(self.working_directory, target, source.name if into else "")
                    self.copies[str(place)] = source
            case ["ENV", *pairs]:
                self.environment |= {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
            case ["USER", user]:
                self.user = user
            case ["STOPSIGNAL", signal]:
                self.stop_signal = signal
            case ["CMD", *_]:
                self.command = json.loads(instruction.removeprefix("CMD"))
            case _:
                return False
        return True


def read(folder: Path) -> Recipe:
    """What the Containerfile in `folder` says.

    Raises:
        ImageError: there is none, an instruction is not known here, or it copies a file that is not there.
    """
    file = folder.absolute() / "Containerfile"
    if not file.exists():
        raise ImageError(f"{file} is not there: no image can be built of {folder}. Name a folder that has one.")
    recipe = Recipe(folder=file.parent)
    lines = (line.strip() for line in file.read_text().replace("\\\n", " ").splitlines())
    unknown = [line for line in lines if line and not line.startswith("#") and not recipe.follow(line)]
    unknown += [str(each) for each in (recipe.requirements, *recipe.copies.values()) if each and not each.exists()]
    if unknown:
        raise ImageError(
            f"{file} says what the sandbox cannot do, so its image would not be what it says: {'; '.join(unknown)}. "
            f"Known are FROM {' or '.join(BASES)}, RUN apt-get update && apt-get install, RUN pip install -r, WORKDIR, "
            "COPY of what is there, ENV, USER, STOPSIGNAL and CMD. Build anything else with an engine of yours."
        )
    return recipe


def build_recipe(folder: Path, versions: Sequence[str], cache: Path, progress: Callable[[str], None]) -> Path:
    """The image of a Containerfile as an archive that names it `localhost/<its folders>:<version>`.

    Versions have the same files, and a label of their own: so their digests differ, as those of releases do.

    Args:
        folder: where the Containerfile is.
        versions: tags, one at least.
        cache: the sandbox's cache directory; `images/` and `uv/` in it are used.
        progress: told, in one line each, about the steps that take seconds.

    Raises:
        ImageError: a tool is missing, a step failed, or the recipe cannot be followed.
    """
    recipe, images = read(folder), cache / "images"
    name, files = recipe.name.replace("/", "-"), dict(recipe.files())
    builders, wanted = (*BUILDERS, Path(__file__)), [recipe.requirements] if recipe.requirements else []
    told = [recipe.folder / "Containerfile", *wanted, *files.values()]
    archive = images / f"{name}-{key(*builders, *told, salt=' '.join([*versions, *files]))}.tar"
    if archive.exists():
        archive.touch()  # in use: among the last to be removed
        return archive
    base = images / f"base-{name}-{key(*builders, *wanted, salt=' '.join(recipe.packages))}.tar"
    if base.exists():
        base.touch()
    else:
        write_base(base, recipe.requirements, cache / "uv", progress, recipe.packages)
    progress(f"image: {recipe.name}")
    with tempfile.TemporaryDirectory(dir=images, prefix="app-") as scratch:
        tree, layer = Path(scratch) / "root", Path(scratch) / "app.tar"
        tree.mkdir()
        for place, file in files.items():
            copy = tree / place.removeprefix("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        write_layer(layer, tree, readable)
        write_archive(
            archive,
            *(
                Image(
                    names=[f"localhost/{recipe.name}:{version}"],
                    layers=[base, layer],
                    command=recipe.command,
                    user=recipe.user,
                    environment=recipe.environment,
                    labels={"org.opencontainers.image.version": version},
                    working_directory=recipe.working_directory,
                    stop_signal=recipe.stop_signal,
                )
                for version in versions
            ),
        )
    forget_old(images, f"{name}-*.tar")
    forget_old(images, f"base-{name}-*.tar")
    return archive
