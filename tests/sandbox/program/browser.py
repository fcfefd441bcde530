"""Chromium without a window, as whoever looks at a page: its picture, and what its scripts have made of it."""

import subprocess
from pathlib import Path

import pytest

from tests.sandbox.program.stacks import Stack

SECONDS = 5
"""For a page to be loaded, and told how the stack stands."""


def shown(stack: Stack, url: str, picture: Path, *, width: int = 1100, height: int = 1600) -> str:
    """Look at a page for a while, and take its picture; its elements as they are then.

    Args:
        stack: in whose sandbox it is.
        url: of the page.
        picture: a PNG; its folder becomes the browser's own.
        width: of the window, in pixels.
        height: of the window.
    """
    options = [
        "--headless=new",
        "--no-sandbox",  # tests run as root
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={picture.parent / 'chromium'}",
        f"--window-size={width},{height}",
        f"--timeout={1000 * SECONDS}",  # a page that is told of changes never ends to load
    ]
    texts: list[str] = []
    for what in (f"--screenshot={picture}", "--dump-dom"):
        command = stack.sandbox.command(["chromium", *options, what, url])
        try:
            done = subprocess.run(command, env=stack.environ(), capture_output=True, text=True, timeout=90, check=True)
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            pytest.fail(f"no page was looked at: {error}. Next: apt-get install --no-install-recommends chromium")
        texts.append(done.stdout)
    return texts[-1]
