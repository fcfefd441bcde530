"""The page follows a flip: what it is told, and when."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sandbox.program.day2.browser import browsing
from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import WORK_TREE, Stack

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

READER = """
import json, sys, time, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=120) as stream:
    for line in stream:
        said = json.loads(line[6:])["regions"] if line.startswith(b"data: ") else {}
        if said:
            print(json.dumps([time.time_ns(), said.get("headline", ""), said.get("progress", "")]), flush=True)
"""
"""Prints what a page that is open is told, each with its time."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the page was told at one moment."""

    at_ns: int
    headline: str
    progress: str


@pytest.fixture
def page(stack: Stack) -> Iterator[str]:
    """The address of the stack's page."""
    command = [sys.executable, "-m", "teal", "ui", "--namespace", stack.name, "--prometheus", "http://127.0.0.1:9090"]
    with subprocess.Popen(
        stack.sandbox.command(command), env=stack.environ(), cwd=WORK_TREE, stdout=subprocess.PIPE, text=True
    ) as ui:
        assert ui.stdout is not None
        try:
            yield ui.stdout.readline().strip()
        finally:
            ui.terminate()


def test_the_page_follows_the_traffic(stack: Stack, page: str, tmp_path: Path) -> None:
    """It says which gates have passed while nothing has moved, and the new colour before that is confirmed."""
    log = tmp_path / "told"
    url = page.replace("?", "stream?")
    with (
        log.open("wb") as out,
        subprocess.Popen(
            stack.sandbox.command([sys.executable, "-c", READER, url]), env=stack.environ(), stdout=out
        ) as reader,
    ):
        try:
            stack.await_line(log, ">blue</span> 1.0.0")
            with Load(stack, "new_connections", tmp_path) as load:
                stack.flip("green")
            stack.await_line(log, "is confirmed")
        finally:
            reader.terminate()
    load.assert_nothing_lost()
    told = read(log)
    moved = next(place for place, each in enumerate(told) if ">green</span> 1.1.0" in each.headline)
    assert any("capacity of backend PASSED" in each.progress for each in told[: moved + 1])
    assert not any("Flip 2 is confirmed" in each.headline for each in told[:moved])
    first = min(each.scheduled_ns for each in load.records if each.colour == "green") + load.wall_offset_ns
    print(f"the page said green {(told[moved].at_ns - first) / 1e9:.2f} s after its first answer")  # noqa: T201 - a measure


WATCH = """
new MutationObserver(() => {
    const title = document.getElementById('title').textContent;
    if (!window.turned && title.includes('green 1.1.0')) window.turned = Date.now();
}).observe(document.body, {subtree: true, childList: true, characterData: true})
"""


def test_the_page_in_chromium(stack: Stack, page: str, tmp_path: Path) -> None:
    """Whoever has it open sees the colour change; `TEAL_PICTURES` names the folder where its picture belongs."""
    stack.flip("blue")
    stack.configure("bake.seconds", "20")
    stack.configure("activeColour", "green")
    picture = Path(os.environ.get("TEAL_PICTURES", tmp_path)) / "looking.png"
    with browsing(tmp_path / "chromium", stack.sandbox.command) as browser:
        browser.open(page)
        browser.window(900)
        browser.wait("document.getElementById('link')?.textContent == 'live'")
        browser.value(WATCH)
        with Load(stack, "new_connections", tmp_path) as load:
            flipping = stack.start_up(tmp_path / "log")
            browser.wait("window.turned", seconds=60)
            browser.wait("/Watched for 1[0-9] of 20 s/.test(document.body.innerText)", seconds=60)
            browser.picture(picture)
            assert flipping.wait(120) == 0, (tmp_path / "log").read_text()
        browser.wait("document.body.innerText.includes('is confirmed')")
        turned = int(browser.value("window.turned"))
    load.assert_nothing_lost()
    first = min(each.scheduled_ns for each in load.records if each.colour == "green") + load.wall_offset_ns
    print(f"Chromium showed green {turned / 1e3 - first / 1e9:.2f} s after its first answer")  # noqa: T201 - a measure


def read(log: Path) -> Sequence[Told]:
    """All that the page was told."""
    lines = (json.loads(line) for line in log.read_text().splitlines())
    return [Told(at_ns=at, headline=headline, progress=progress) for at, headline, progress in lines]
