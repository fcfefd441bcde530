"""Whom the server answers, what it lets be changed, and how soon it says what has changed."""

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from starlette.testclient import TestClient
from teal_infra.looking import pages, server
from teal_infra.looking.view import Look, Shown

from teal.model.colours import Colour
from teal.model.errors import ChangedError, NotThereError, TealError, UnreachableError
from tests.unit.infra.looking.looks import NOW, REVERTED, look

TOKEN = "a-token"  # noqa: S105 - of this test
HERE = "http://127.0.0.1:8350"
YES = {"colour": "green", "release.backend": "a"}


class Seen:
    """A stack that is as it is told."""

    def __init__(self) -> None:
        """At rest on blue."""
        self.now = look(REVERTED, live=Colour.BLUE)
        self.approved: list[tuple[Colour, Mapping[str, str]]] = []
        self.error: TealError | None = None

    async def look(self) -> Look:
        """How it is told to be."""
        if self.error is not None:
            raise self.error
        return self.now

    async def flip(self, number: int | None = None) -> Shown:
        """Number 7."""
        if number != REVERTED.number:
            raise NotThereError(f"no flip {number} is remembered. Next: teal history")
        return Shown(flip=REVERTED, until=NOW)

    async def approve(self, colour: Colour, releases: Mapping[str, str]) -> None:
        """Note it."""
        if self.error is not None:
            raise self.error
        self.approved.append((colour, releases))


@pytest.fixture
def seen() -> Seen:
    """A stack at rest."""
    return Seen()


@pytest.fixture
def browser(seen: Seen) -> TestClient:
    """Asks the server by its address."""
    return TestClient(server.application(seen, TOKEN), base_url=HERE, follow_redirects=False)


def test_it_shows_the_page_and_each_flip(browser: TestClient) -> None:
    """With its style and its script, and nothing that a browser may keep."""
    page = browser.get("/")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "Live traffic of shop: " in page.text
    assert browser.get("/look.css").headers["content-type"].startswith("text/css")
    assert browser.get("/look.js").headers["content-type"].startswith("text/javascript")
    assert "Flip 7 of shop was undone" in browser.get("/flips/7").text
    missing = browser.get("/flips/9")
    assert (missing.status_code, "no flip 9 is remembered" in missing.text) == (404, True)


def test_a_browser_is_told_to_load_and_run_nothing_else(browser: TestClient) -> None:
    """By each answer, and most strictly by a report."""
    for path in ("/", "/look.js", "/flips/9", "/nothing"):
        headers = browser.get(path).headers
        assert headers["content-security-policy"] == pages.POLICY
        assert headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in pages.POLICY + pages.REPORT_POLICY
    assert browser.get("/flips/7").headers["content-security-policy"].startswith(pages.REPORT_POLICY)


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:8350", 200), ("localhost:8350", 200), ("teal.example", 400), ("127.0.0.1.teal.example:8350", 400)],
)
def test_a_name_that_is_not_loopbacks_is_not_answered(browser: TestClient, host: str, status: int) -> None:
    """Whoever lets a name of theirs lead here reads nothing, and changes nothing."""
    for path in ("/", "/look.js"):
        assert browser.get(path, headers={"host": host}).status_code == status
    assert (browser.post(f"/approve?token={TOKEN}", headers={"host": host}, data=YES).status_code == 303) == (
        status == 200
    )


@pytest.mark.parametrize(
    ("query", "origin", "status"),
    [
        (f"?token={TOKEN}", HERE, 303),
        (f"?token={TOKEN}", None, 303),
        (f"?token={TOKEN}", "http://evil.example", 403),
        (f"?token={TOKEN}", "null", 403),
        (f"?token={TOKEN}x", HERE, 403),
        ("?token=", HERE, 403),
        ("", HERE, 403),
    ],
)
def test_only_whoever_shows_the_token_approves(
    browser: TestClient, seen: Seen, query: str, origin: str | None, status: int
) -> None:
    """From this page; what was shown is what is approved."""
    done = browser.post(f"/approve{query}", data=YES, headers={"origin": origin} if origin else {})
    assert done.status_code == status
    assert seen.approved == ([(Colour.GREEN, {"backend": "a"})] if status == 303 else [])
    assert (TOKEN in done.headers.get("location", "")) == (status == 303)
    assert TOKEN not in done.text


def test_nothing_is_changed_by_looking(browser: TestClient, seen: Seen) -> None:
    """An address that somebody is made to open approves nothing."""
    assert browser.get(f"/approve?token={TOKEN}").status_code == 405
    assert not seen.approved


@pytest.mark.parametrize(
    "form", [{}, {"colour": "red", "release.backend": "a"}, {"colour": "green"}, {**YES, "much": "x" * 20_000}]
)
def test_a_form_that_says_nothing_approves_nothing(browser: TestClient, seen: Seen, form: Mapping[str, str]) -> None:
    """Neither a colour that there is not, nor a release that nobody was shown."""
    done = browser.post(f"/approve?token={TOKEN}", data=form)
    assert (done.status_code, "nothing was approved" in done.text) == (400, True)
    assert not seen.approved


@pytest.mark.parametrize(
    ("error", "status"),
    [(ChangedError("it has been changed"), 409), (UnreachableError("no answer"), 502), (TealError("odd"), 502)],
)
def test_what_could_not_be_approved_is_said(browser: TestClient, seen: Seen, error: TealError, status: int) -> None:
    """With the way back to the page."""
    seen.error = error
    done = browser.post(f"/approve?token={TOKEN}", data=YES)
    assert (done.status_code, str(error) in done.text) == (status, True)
    assert f'href="./?token={TOKEN}"' in done.text


async def changes(seen: Seen, token: str = "") -> AsyncGenerator[dict[str, Any]]:
    """What a page that is open is told."""
    said = server._changes(seen, token, 0)  # pyright: ignore[reportPrivateUsage] - a client of Starlette's waits for the end of a stream  # noqa: SLF001
    assert await anext(said) == "retry: 1000\n\n"
    async for each in said:
        assert each.startswith("data: ")
        assert each.endswith("\n\n")
        assert each.count("\n") == 2
        yield json.loads(each.removeprefix("data: "))


async def test_a_page_that_is_open_is_told_what_has_changed(seen: Seen) -> None:
    """First all of it; then nothing but the time, until traffic moves."""
    told = changes(seen)
    assert tuple((await anext(told))["regions"]) == pages.REGIONS
    assert await anext(told) == {"at": "2026-01-01T00:00:20+00:00", "regions": {}}
    seen.now = look(REVERTED, live=Colour.GREEN)
    changed = (await anext(told))["regions"]
    assert {*changed} == {"headline", "colours"}
    assert 'Live traffic of shop: <span class="word green">green</span> 1.1.0' in changed["headline"]
    await told.aclose()


async def test_a_page_learns_to_approve_by_its_token_alone(seen: Seen) -> None:
    """It is nowhere in what others are told."""
    assert TOKEN in (await anext(changes(seen, TOKEN)))["regions"]["approval"]
    assert "<form" not in json.dumps(await anext(changes(seen)))


async def test_a_stack_that_never_answered_ends_the_stream(seen: Seen) -> None:
    """The page says so, and its browser asks again."""
    seen.error = UnreachableError("no answer")
    assert [each async for each in changes(seen)] == []
