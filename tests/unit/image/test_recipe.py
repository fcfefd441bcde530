"""A Containerfile is followed, or refused by its lines."""

from pathlib import Path

import pytest

from sandbox.image import ImageError, build_recipe
from tests.unit.image.workshop import Workshop, files, manifests, member

CONTAINERFILE = """\
# A comment.
FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y \\
    --no-install-recommends nginx
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY main.py page.html ./
COPY package package
COPY main.py /etc/renamed.py
ENV LEVEL=info WORDS="two words"
USER 65532
STOPSIGNAL SIGQUIT
CMD ["python3", "main.py", "two words"]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A folder with a recipe, and what it copies."""
    folder = tmp_path / "examples" / "shop"
    for name in ("Containerfile", "requirements.txt", "main.py", "page.html", "package/part/code.py", "README.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CONTAINERFILE if name == "Containerfile" else "content\n")
    return folder


def build(workshop: Workshop, recipe: Path, *versions: str) -> Path:
    """Its image."""
    return build_recipe(recipe, versions, workshop.cache, workshop.said.append)


def test_it_is_followed(workshop: Workshop, recipe: Path) -> None:
    """Packages are asked for, files are where they were copied to, and a container starts as the recipe says."""
    archive = build(workshop, recipe, "1.0.0")
    calls = workshop.calls()
    (debian,) = [each for each in calls if each.startswith("mmdebstrap")]
    assert "--include=python3-minimal,libpython3-stdlib,libstdc++6,tzdata,nginx" in debian
    assert any(f"--requirement={recipe}/requirements.txt" in each for each in calls if each.startswith("uv"))
    held = files(archive)
    copied = {"main.py", "page.html", "requirements.txt", "package/part/code.py"}
    assert {each for each in held if each.startswith("./srv/")} == {f"./srv/{each}" for each in copied}
    assert "./etc/renamed.py" in held
    (entry,) = manifests(archive)
    assert entry["RepoTags"] == ["localhost/examples/shop:1.0.0"]
    config = member(archive, entry["Config"])["config"]
    assert config["Cmd"] == ["python3", "main.py", "two words"]
    assert config["Env"][1:] == ["LEVEL=info", "WORDS=two words"]
    assert (config["User"], config["WorkingDir"], config["StopSignal"]) == ("65532", "/srv", "SIGQUIT")


def test_versions_are_images_of_their_own(workshop: Workshop, recipe: Path) -> None:
    """They have the same layers and different digests: which release runs is seen by the image alone."""
    first, second = manifests(build(workshop, recipe, "1.0.0", "1.1.0"))
    assert first["Layers"] == second["Layers"]
    assert first["Config"] != second["Config"]
    assert second["RepoTags"] == ["localhost/examples/shop:1.1.0"]


def test_only_what_has_changed_is_built_again(workshop: Workshop, recipe: Path) -> None:
    """Nothing where nothing changed; the base stays where only a file that is copied did."""
    first = build(workshop, recipe, "1.0.0")
    workshop.calls()
    assert build(workshop, recipe, "1.0.0") == first
    (recipe / "README.md").write_text("It is not copied.")
    assert build(workshop, recipe, "1.0.0") == first
    (recipe / "main.py").write_text("other\n")
    assert build(workshop, recipe, "1.0.0") != first
    assert workshop.calls() == []
    (recipe / "requirements.txt").write_text("other\n")
    build(workshop, recipe, "1.0.0")
    assert workshop.calls()


def test_no_requirements_install_nothing(workshop: Workshop, recipe: Path) -> None:
    """An image without Python has none put into it."""
    (recipe / "Containerfile").write_text('FROM debian:bookworm-slim\nCMD ["nginx"]\n')
    build(workshop, recipe, "1.0.0")
    assert {each.split()[0] for each in workshop.calls()} == {"apt-config", "apt-get", "mmdebstrap"}


def test_what_cannot_be_followed_is_named(workshop: Workshop, recipe: Path) -> None:
    """All of it at once, and nothing is built."""
    (recipe / "Containerfile").write_text("FROM alpine:3\nRUN make\nCOPY gone.py .\n")
    with pytest.raises(ImageError, match=r"FROM alpine:3; RUN make; .*/gone\.py") as refused:
        build(workshop, recipe, "1.0.0")
    assert "FROM python:3.11-slim-bookworm or debian:bookworm-slim" in str(refused.value)
    assert not workshop.cache.exists()


def test_a_folder_without_a_recipe_is_named(workshop: Workshop, tmp_path: Path) -> None:
    """The message says which file is missing."""
    with pytest.raises(ImageError, match=rf"{tmp_path}/Containerfile is not there"):
        build(workshop, tmp_path, "1.0.0")
