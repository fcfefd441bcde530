"""The page in Chromium: it follows the traffic under its own policy, by keyboard, in the dark and on a telephone."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from teal.history.model import History
from tests.sandbox.program.day2.browser import Browser, browsing
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.looking.looks import REVERTED
from tests.unit.teal.standing import NAMESPACE, stack

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]


@dataclass(frozen=True, kw_only=True)
class Looking:
    """Somebody at the page of a stack."""

    browser: Browser
    cluster: FakeApiServer

    @property
    def title(self) -> str:
        """What the page says first."""
        return str(self.browser.value("document.getElementById('title').textContent"))


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[Looking]:
    """At a stack that is live on blue, whose last flip was undone."""
    server = FakeApiServer()
    stack(server)
    data = {"flips.json": History(flips=(REVERTED,)).stored()}
    kept = {"metadata": {"name": "teal-history", "resourceVersion": "1"}, "data": data}
    server.answers[f"{NAMESPACE}/configmaps/teal-history"] = (200, kept)
    (tmp_path / "kubeconfig").write_text(server.kubeconfig)
    command = [sys.executable, "-m", "teal", "ui", "--namespace", "teal", "--kubeconfig", str(tmp_path / "kubeconfig")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ui:
        assert ui.stdout is not None
        try:
            with browsing(tmp_path / "chromium") as browser:
                browser.open(ui.stdout.readline().strip())
                browser.wait("document.getElementById('link')?.textContent == 'live'")
                yield Looking(browser=browser, cluster=server)
        finally:
            ui.terminate()
            server.stop()


def test_the_page_follows_the_traffic(looking: Looking) -> None:
    """Without being loaded again; when the cluster is gone, it says so."""
    assert looking.title == "Live traffic of teal: blue 1.0.0"
    looking.browser.value("window.same = true")
    looking.cluster.service("backend", "green")
    looking.browser.wait("document.getElementById('title').textContent == 'Live traffic of teal: green 1.1.0'")
    looking.cluster.stop()
    looking.browser.wait("document.body.innerText.includes('Not known now.')", seconds=60)
    assert looking.browser.value("window.same")


def test_whoever_types_stays_where_they_are(looking: Looking) -> None:
    """What is open stays open, and what has the focus keeps it, while the page changes around it."""
    looking.browser.value("document.getElementById('approve').focus()")
    looking.browser.key("Enter", 13)
    assert looking.browser.value("document.getElementById('approving').open")
    before = json.dumps("1.1.0")
    looking.cluster.answers["/apis/apps/v1/namespaces/teal/deployments"][1]["items"][1]["metadata"]["labels"][
        "app.kubernetes.io/version"
    ] = "1.1.1"
    looking.browser.wait(f"!document.getElementById('approving').innerText.includes({before})")
    assert looking.browser.value("document.getElementById('approving').open")
    assert looking.browser.value("document.activeElement.id") == "approve"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [380, 1000])
def test_nothing_is_lost_to_the_side(looking: Looking, tmp_path: Path, width: int, dark: bool) -> None:  # noqa: FBT001 - of the test
    """And nobody who sits in the dark is blinded."""
    looking.browser.window(width, dark=dark)
    assert looking.browser.value("document.documentElement.scrollWidth") == width
    colour = str(looking.browser.value("getComputedStyle(document.body).backgroundColor"))
    assert (int(colour.removeprefix("rgb(").split(",")[0]) < 64) == dark
    looking.browser.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 0


def test_a_flip_is_one_click_away(looking: Looking) -> None:
    """With its style, which its own policy lets in, and nothing else."""
    looking.browser.value("document.getElementById('flip-7').click()")
    looking.browser.wait("document.title == 'teal: flip 7 REVERTED'")
    assert looking.browser.value("getComputedStyle(document.querySelector('section')).borderRadius") == "8px"
