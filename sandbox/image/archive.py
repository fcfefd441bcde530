"""Writes layers and docker archives: plain tar files whose bytes depend on their contents alone.

Knows nothing of what is packed. Format: the Docker image specification 1.2 (`manifest.json`, one config per image,
layers as uncompressed tars), which containerd, Docker and Podman all load.
"""

import hashlib
import io
import json
import os
import platform
import tarfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Keep = Callable[[tarfile.TarInfo], tarfile.TarInfo | None]
"""Decides on a member: returns it (changed or not), or None to leave it and all below it out."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""The kernel's names of machines, in the words of the image specification."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image of an archive: its names, its layers from the lowest up, and how a container of it starts."""

    names: Sequence[str]
    layers: Sequence[Path]
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    user: str
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    working_directory: str = "/"
    stop_signal: str = "SIGTERM"

    def config(self) -> bytes:
        """The image's config as JSON. The architecture is this machine's: layers hold compiled code."""
        digests = [f"sha256:{_sha256(layer)}" for layer in self.layers]
        return _json(
            {
                "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
                "os": "linux",
                "config": {
                    "Entrypoint": list(self.entrypoint),
                    "Cmd": list(self.command),
                    "Env": [f"{name}={value}" for name, value in self.environment.items()],
                    "Labels": dict(self.labels),
                    "User": self.user,
                    "WorkingDir": self.working_directory,
                    "StopSignal": self.stop_signal,
                },
                "rootfs": {"type": "layers", "diff_ids": digests},
            }
        )


def write_layer(target: Path, tree: Path, keep: Keep, *, prefix: str = ".") -> None:
    """Pack `tree` as a layer that holds it at `prefix`; members that `keep` answers with None stay out.

    Owner and time of every member are set to root and the epoch, so that the same tree gives the same bytes.
    """
    with replacing(target) as part, tarfile.open(part, "w") as layer:
        layer.add(tree, arcname=prefix, filter=lambda member: keep(_anonymous(member)))


def write_archive(target: Path, *images: Image) -> None:
    """Write a docker archive that holds each of `images` under all its names, and each of their layers once."""
    layers = {layer: f"{_sha256(layer)}.tar" for image in images for layer in image.layers}
    configs = {f"{hashlib.sha256(config).hexdigest()}.json": config for config in (each.config() for each in images)}
    manifest = _json(
        [
            {"Config": name, "RepoTags": list(image.names), "Layers": [layers[each] for each in image.layers]}
            for name, image in zip(configs, images, strict=True)
        ]
    )
    with replacing(target) as part, tarfile.open(part, "w") as archive:
        for name, content in {**configs, "manifest.json": manifest}.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
        for layer, name in layers.items():
            archive.add(layer, arcname=name, filter=_anonymous)


@contextmanager
def replacing(target: Path) -> Generator[Path]:
    """A path to write to that becomes `target` only when all of it is written: two builders may race."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The member without who packed it and when."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    return member


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
