"""What is built, what is taken from the cache, and what is said when it cannot be built.

The tools that download and unpack are stand-ins here; `make sandbox` runs the real ones.
"""

import tarfile

import pytest

from sandbox.image import WATCH, ImageError, build, build_pause
from tests.unit.image.workshop import Workshop, files, manifest, member


def test_every_version_names_the_same_image(workshop: Workshop) -> None:
    """Versions are names of one image: which one a container is comes from its environment."""
    entry = manifest(workshop.build("1.1.0", "1.0.0"))
    assert entry["RepoTags"] == ["localhost/teal/pricing:1.0.0", "localhost/teal/pricing:1.1.0"]


def test_image_holds_python_packages_and_service(workshop: Workshop) -> None:
    """Interpreter, packages, the service and its bytecode are in; documentation stays out."""
    held = files(workshop.build("1.0.0"))
    assert {
        "./usr/bin/python3",
        "./usr/local/lib/python3.11/dist-packages/fastapi.py",
        "./app/workload/pricing/__main__.py",
    } <= held
    assert any(name.startswith("./app/workload/pricing/__pycache__/") for name in held)
    assert "./usr/share/doc/README" not in held


def test_teal_is_packed_as_the_service_is(workshop: Workshop) -> None:
    """Another application has a name, sources and a base of its own, and runs its own module."""
    service = workshop.build("1.0.0")
    archive = build(WATCH, ["1"], workshop.cache, workshop.said.append)
    config = member(archive, manifest(archive)["Config"])
    assert config["config"]["Entrypoint"] == ["python3", "-m", "teal"]
    assert manifest(archive)["RepoTags"] == ["localhost/teal/watch:1"]
    assert "./app/teal/__main__.py" in files(archive)
    assert not any(name.startswith("./app/workload") for name in files(archive))
    assert manifest(archive)["Layers"] != manifest(service)["Layers"]


def test_unchanged_is_not_built_again(workshop: Workshop) -> None:
    """The same versions of the same files come from the cache: no tool runs, nothing is announced."""
    first = workshop.build("1.0.0", "1.1.0")
    workshop.calls()
    workshop.said.clear()
    assert workshop.build("1.1.0", "1.0.0") == first
    assert workshop.calls() == []
    assert workshop.said == []


def test_another_version_reuses_the_base(workshop: Workshop) -> None:
    """A new version is a new archive on the base that is there."""
    first = workshop.build("1.0.0")
    workshop.calls()
    assert workshop.build("1.0.0", "2.0.0") != first
    assert workshop.calls() == []


def test_cache_does_not_grow_for_ever(workshop: Workshop) -> None:
    """Of many states only those used last are kept."""
    archives = [workshop.build(f"1.{number}.0") for number in range(6)]
    kept = [archive for archive in archives if archive.exists()]
    assert kept == archives[-3:]


def test_host_mirror_and_proxy_are_used(workshop: Workshop) -> None:
    """Debian comes from where the host gets it, through the host's proxy; foreign sources are not taken along."""
    workshop.build("1.0.0")
    (command,) = [call for call in workshop.calls() if call.startswith("mmdebstrap")]
    assert "deb http://mirror.example/debian bookworm main" in command
    assert 'Acquire::http::Proxy "http://proxy.example:3142";' in command
    assert "other.example" not in command


def test_missing_tool_says_how_to_get_it(workshop: Workshop) -> None:
    """A tool that is not there is named with the command that installs it; nothing is left in the cache."""
    (workshop.bin / "uv").unlink()
    with pytest.raises(ImageError, match=r"uv is not on PATH.*pip install uv"):
        workshop.build("1.0.0")
    assert list((workshop.cache / "images").iterdir()) == []


def test_failing_tool_is_quoted(workshop: Workshop) -> None:
    """A step that fails is told with its command, its status and its last words."""
    workshop.tool("mmdebstrap", "echo 'E: no mirror answers' >&2; exit 7")
    with pytest.raises(ImageError, match=r"mmdebstrap .* status 7:\n +E: no mirror answers"):
        workshop.build("1.0.0")
    assert list((workshop.cache / "images").iterdir()) == []


def test_no_version_is_refused(workshop: Workshop) -> None:
    """An image without a name is of no use."""
    with pytest.raises(ImageError, match="no version"):
        workshop.build()


def test_pause_is_executable_for_its_user(workshop: Workshop) -> None:
    """The pod holder runs as another user than the one who built it, whatever that one's umask."""
    archive = build_pause(workshop.bin / "go", workshop.cache, workshop.said.append, {})
    with tarfile.open(archive) as tar, tarfile.open(fileobj=tar.extractfile(manifest(archive)["Layers"][0])) as layer:
        assert layer.getmember("./pause").mode & 0o555 == 0o555
    workshop.calls()
    assert build_pause(workshop.bin / "go", workshop.cache, workshop.said.append, {}) == archive
    assert workshop.calls() == []
