"""An archive is what a container engine reads, and depends on nothing but its contents."""

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.image.archive import Image, replacing, write_archive, write_layer


def tree(root: Path) -> Path:
    """A small file tree, new each time."""
    (root / "app").mkdir(parents=True)
    (root / "app" / "main.py").write_text("print('hello')\n")
    (root / "app" / "secret").write_text("not for the image\n")
    return root


def without_secrets(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what is called secret."""
    return None if member.name.endswith("secret") else member


def packed(directory: Path) -> Path:
    """An archive with two names for one image of one layer."""
    layer = directory / "layer.tar"
    write_layer(layer, tree(directory / "tree"), without_secrets)
    archive = directory / "archive.tar"
    write_archive(
        archive,
        Image(
            names=["localhost/x:1", "localhost/x:2"],
            layers=[layer],
            entrypoint=["python3", "-m", "app"],
            user="65532:65532",
            environment={"A": "b"},
        ),
    )
    return archive


def contents(archive: Path) -> dict[str, bytes]:
    """The members of a tar."""
    with tarfile.open(archive) as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        return {name: file.read() for name, file in files.items() if file is not None}


def test_digests_name_what_is_there(tmp_path: Path) -> None:
    """The config is named by its digest and names each layer's digest, as the image specification asks."""
    members = contents(packed(tmp_path))
    (entry,) = json.loads(members["manifest.json"])
    config: dict[str, Any] = json.loads(members[entry["Config"]])
    layers = [members[name] for name in entry["Layers"]]
    assert entry["Config"] == f"{hashlib.sha256(members[entry['Config']]).hexdigest()}.json"
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]


def test_image_says_how_it_starts(tmp_path: Path) -> None:
    """Names, user, entrypoint and environment are the image's."""
    members = contents(packed(tmp_path))
    (entry,) = json.loads(members["manifest.json"])
    config = json.loads(members[entry["Config"]])["config"]
    assert entry["RepoTags"] == ["localhost/x:1", "localhost/x:2"]
    assert (config["User"], config["Entrypoint"], config["Env"]) == ("65532:65532", ["python3", "-m", "app"], ["A=b"])


def test_same_contents_give_the_same_bytes(tmp_path: Path) -> None:
    """When it was built, and by whom, does not show: an unchanged image is not imported again."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first, second = packed(tmp_path / "first"), tmp_path / "second"
    os.utime(tree(second / "tree") / "app" / "main.py", (1, 1))
    write_layer(second / "layer.tar", second / "tree", without_secrets)
    assert (second / "layer.tar").read_bytes() == (first.parent / "layer.tar").read_bytes()


def test_left_out_is_left_out(tmp_path: Path) -> None:
    """What the filter refuses is not in the layer; the rest is."""
    packed(tmp_path)
    assert set(contents(tmp_path / "layer.tar")) == {"./app/main.py"}


def test_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    """A half-written file is never taken for a whole one."""

    def interrupt() -> None:
        with replacing(tmp_path / "archive.tar") as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert list(tmp_path.iterdir()) == []
