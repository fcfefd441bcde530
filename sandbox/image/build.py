"""Which images there are, what goes into them, and when one of the cache will do.

How a layer is filled is base.py's, how an archive is written archive.py's.
"""

import hashlib
import os
import py_compile
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.image.archive import Image, write_archive, write_layer
from sandbox.image.base import PYTHON, run_tool, write_base
from sandbox.image.errors import ImageError

PAUSE_IMAGE = "localhost/teal/pause:1"

_HERE = Path(__file__).parent
_WORK_TREE = _HERE.parents[1]
BUILDERS = (_HERE / "archive.py", _HERE / "base.py", _HERE / "build.py")
_KEPT = 3
"""How many states of the work tree stay in the cache: each is an archive of about 90 MB."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """A program in Python that has an image: a package of the work tree, and what its requirements file names."""

    repository: str
    """The image's name, without a tag."""
    package: str
    """Folder with the sources and with `requirements.txt`."""
    module: str
    """What a container runs; the pod's arguments are its."""

    @property
    def name(self) -> str:
        """What its archives are called."""
        return self.repository.rpartition("/")[2]


PRICING = Application(repository="localhost/teal/pricing", package="workload", module="workload.pricing")
WATCH = Application(repository="localhost/teal/watch", package="teal", module="teal")


def build(application: Application, versions: Sequence[str], cache: Path, progress: Callable[[str], None]) -> Path:
    """An application as an archive that names it `<repository>:<version>` for each of `versions`.

    All versions are the same content: which one a container says it is comes from its environment (VERSION).

    Args:
        application: what is packed.
        versions: tags, in any order.
        cache: the sandbox's cache directory; `images/` and `uv/` in it are used.
        progress: told, in one line each, about the steps that take seconds.

    Raises:
        ImageError: a tool is missing, a step failed, or no version was given.
    """
    name = application.name
    if not versions:
        raise ImageError(f"no version was given for the {name} image: it would have no name. Give at least one.")
    images = cache / "images"
    package = _WORK_TREE / application.package
    requirements = package / "requirements.txt"
    sources = sorted(package.rglob("*.py"))
    base_key = key(requirements, _HERE / "archive.py", _HERE / "base.py")
    archive = images / f"{name}-{key(*BUILDERS, requirements, *sources, salt=' '.join(sorted(versions)))}.tar"
    if archive.exists():
        archive.touch()  # in use: among the last to be removed
        return archive
    base = images / f"base-{name}-{base_key}.tar"
    if base.exists():
        base.touch()
    else:
        write_base(base, requirements, cache / "uv", progress)
    progress(f"image: {name}")
    with tempfile.TemporaryDirectory(dir=images, prefix="app-") as scratch:
        layer = _app_layer(Path(scratch), sources)
        write_archive(
            archive,
            Image(
                names=[f"{application.repository}:{version}" for version in sorted(versions)],
                layers=[base, layer],
                entrypoint=["python3", "-m", application.module],
                user="65532:65532",
                environment={
                    "PATH": "/usr/local/bin:/usr/bin:/bin",
                    "PYTHONDONTWRITEBYTECODE": "1",  # the root file system is read-only in a pod
                    "PYTHONUNBUFFERED": "1",
                },
                working_directory="/app",
            ),
        )
    forget_old(images, f"{name}-*.tar")
    forget_old(images, f"base-{name}-*.tar")
    return archive


def build_pause(go: Path, cache: Path, progress: Callable[[str], None], environ: Mapping[str, str]) -> Path:
    """The pod holder as an archive that names it `localhost/teal/pause:1`.

    Args:
        go: the Go toolchain's command.
        cache: the sandbox's cache directory; `images/` in it is used.
        progress: told about the compilation.
        environ: added to the compiler's environment (where its caches are).

    Raises:
        ImageError: the program does not compile.
    """
    images = cache / "images"
    source = _HERE / "pause" / "main.go"
    archive = images / f"pause-{key(*BUILDERS, source)}.tar"
    if archive.exists():
        return archive
    progress("image: the pod holder (go build)")
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=images, prefix="pause-") as scratch:
        tree = Path(scratch) / "root"
        tree.mkdir()
        compile_it = [str(go), "build", "-trimpath", "-ldflags=-s -w", "-o", str(tree / "pause"), str(source)]
        run_tool(compile_it, {"CGO_ENABLED": "0", **environ})
        layer = Path(scratch) / "pause.tar"
        write_layer(layer, tree, readable)
        write_archive(archive, Image(names=[PAUSE_IMAGE], layers=[layer], entrypoint=["/pause"], user="65535:65535"))
    return archive


def _app_layer(scratch: Path, sources: Sequence[Path]) -> Path:
    """The application's source, with its bytecode where this interpreter's is also the image's."""
    tree = scratch / "app"
    for source in sources:
        copy = tree / source.relative_to(_WORK_TREE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        if f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON:
            inside = f"/{copy.relative_to(scratch)}"
            py_compile.compile(
                str(copy), dfile=inside, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
            )
    layer = scratch / "app.tar"
    write_layer(layer, tree, readable, prefix="./app")
    return layer


def readable(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Readable by the container's user, whatever the umask of the one who builds is."""
    member.mode |= 0o555 if member.isdir() or member.mode & 0o100 else 0o444
    return member


def forget_old(images: Path, pattern: str) -> None:
    """Remove what was not used for longest."""
    for old in sorted(images.glob(pattern), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        old.unlink(missing_ok=True)


def key(*files: Path, salt: str = "") -> str:
    """A name for what is built of `files`: changes when one of them changes, is renamed, added or removed."""
    digest = hashlib.sha256(salt.encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"\0{os.path.relpath(file, _WORK_TREE)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]
