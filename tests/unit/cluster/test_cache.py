"""The cache: only ever a folder of our own, and one builder at a time."""

import os
import threading
from pathlib import Path

import pytest

from sandbox.cluster.cache import cache_folder, locked, remove_cache
from sandbox.cluster.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where TEAL_CACHE points: nothing yet."""
    monkeypatch.setenv("TEAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_somebody_elses_folder_is_never_used(folder: Path) -> None:
    """It would be removed with the cache one day."""
    folder.mkdir()
    (folder / "thesis.tex").touch()
    with pytest.raises(UsageError, match="holds other things"):
        cache_folder()
    with pytest.raises(UsageError, match="holds other things"):
        remove_cache()
    assert (folder / "thesis.tex").exists()


def test_what_make_put_there_before_us_is_ours(folder: Path) -> None:
    """Make installs uv into the cache before anything of ours can run."""
    (folder / "uv-cache").mkdir(parents=True)
    assert cache_folder() == folder
    (folder / "anything").touch()
    assert cache_folder() == folder


def test_a_cache_of_ours_is_removed_whole(folder: Path) -> None:
    """And its place is named."""
    (cache_folder() / "go" / "module").mkdir(parents=True)
    assert remove_cache() == folder
    assert not folder.exists()


def test_the_second_holder_waits_and_is_told_for_whom(tmp_path: Path) -> None:
    """Two starts do not build twice."""
    told: list[str] = []
    waiting, entered = threading.Event(), threading.Event()

    def second() -> None:
        def say(holder: str) -> None:
            told.append(holder)
            waiting.set()

        with locked(tmp_path / "lock", say):
            entered.set()

    thread = threading.Thread(target=second)
    with locked(tmp_path / "lock", told.append):
        thread.start()
        assert waiting.wait(5)
        assert not entered.is_set()
    assert entered.wait(5)
    thread.join()
    assert told == [str(os.getpid())]
