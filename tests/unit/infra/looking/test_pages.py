"""A report needs nothing but itself, and says all that the record has; what comes from outside is text in it."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from teal_infra.looking import pages
from teal_infra.looking.view import Look, Shown

from teal.history.model import Stage
from teal.model.colours import Colour
from teal.notifications.told import Told
from teal.status.look import Pods
from tests.unit.infra.looking.looks import BAKING, NOW, REVERTED, look
from tests.unit.teal.notifications.flips import flip

VOID = {"meta", "link", "input", "br"}


class Reader(HTMLParser):
    """Reads a page as a browser would: its text, its elements, and whether each that was begun was ended."""

    def __init__(self, html: str) -> None:
        """Read it to its end."""
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """See that it is the last that was begun."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All of it, in one line."""
        return " ".join(" ".join(self.words).split())


def report(told: Told = Told()) -> str:  # noqa: B008 - frozen
    """Of the flip that was undone."""
    return pages.report(Shown(flip=REVERTED, until=NOW, told=told), "shop")


def test_a_report_says_what_the_record_has() -> None:
    """What, who, when, versions, gates with evidence, traffic by time, the bake, its verdict, and what was told."""
    text = Reader(report(Told({"7.REVERTED": REVERTED.begun}))).text
    for said in (
        "Flip 7 of shop was undone: traffic is back on blue 1.0.0",
        "REVERTED : 12 % of its answers failed.",
        "from blue 1.0.0 to green 1.1.0 services backend, frontend router service by somebody@example",
        "all gates had passed 2026-01-01T00:00:01.000+00:00",
        "verdicts 3 of 5 passed",
        "green : 12.0 s, from 2026-01-01T00:00:03+00:00",
        "smoke.checkout backend ? INCONCLUSIVE <script>alert(1)</script> 2 not noted",
        "2 verdicts that passed are not kept any more",
        "contract was switched off: INC-1",
        "Watched for 12 of 30 s; at most 5 % may fail.",
        "bake backend ✗ FAILED 12 % (3 of 25) of the front door's answers failed",
        "REVERTED : people were told",
        "PROVEN : it is not noted that anybody was told",
    ):
        assert said in text


@pytest.mark.parametrize("of", [flip(Stage.PROVEN), flip(Stage.REFUSED), flip(Stage.CONFIRMED, origin=None), BAKING])
def test_a_flip_is_reported_at_any_stage(of: object) -> None:
    """Also one that moved nothing, or came from nothing."""
    assert isinstance(of, type(BAKING))
    assert str(of.stage) in Reader(pages.report(Shown(flip=of, until=NOW), "shop")).text


def test_a_report_needs_nothing_else() -> None:
    """It loads nothing, runs nothing, and asks a browser to hold that."""
    html = report()
    seen = Reader(html).seen
    assert {tag for tag, _ in seen}.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert not re.search(r"""(src|href)=|url\(|https?://|@import|\bstyle="|\bon\w+=""", html)
    (policy,) = [each["content"] for tag, each in seen if tag == "meta" and "http-equiv" in each]
    assert policy == pages.REPORT_POLICY


def test_what_a_service_answered_is_no_element() -> None:
    """Of the report, or of the page."""
    for html in (report(), pages.page(look(REVERTED), "")):
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html


def shown(of: Look, token: str = "") -> Reader:
    """The page."""
    return Reader(pages.page(of, token))


def test_the_page_says_how_the_stack_stands() -> None:
    """Both colours with pods and weights, the flip under way, requests, and the history."""
    text = shown(look()).text
    for said in (
        "Live traffic of shop: green 1.1.0",
        "Flip 8 has the traffic, and is watched.",
        "90 % of the traffic of backend",
        "backend 1.1.0 2 of 2 pods ready 0 none",
        "What an update says capacity of backend PASSED: green has 2 ready endpoints",
        "Watched for 17 of 30 s",
        "backend green 93.2 1.2 %",
        "backend blue none not known",
        "flip 7 2026-01-01T00:00:00+00:00 somebody@example blue 1.0.0 green 1.1.0 REVERTED",
        "Nobody approved anything yet.",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (replace(look(), why="The API server did not answer."), "What is shown is from before. The API server did not"),
        (replace(look(), requests=None), "Next: teal ui --prometheus URL"),
        (replace(look(), status=look().status.model_copy(update={"history": (), "last": None})), "No flip is known."),
    ],
)
def test_what_is_not_known_is_said(of: Look, said: str) -> None:
    """In words, and nothing stands in for it."""
    assert said in shown(of).text


def test_only_whoever_shows_the_token_is_asked_to_approve() -> None:
    """What was shown goes with the yes."""
    rests = look(REVERTED, live=Colour.BLUE)
    assert "form" not in {tag for tag, _ in shown(rests).seen}
    seen = shown(rests, "t/oken").seen
    assert [each["action"] for tag, each in seen if tag == "form"] == ["approve?token=t/oken"]
    fields = {each["name"]: each["value"] for tag, each in seen if tag == "input"}
    assert fields == {"colour": "green", "release.backend": "a"}


def test_a_colour_is_live_whatever_share_the_other_one_has() -> None:
    """Neither is idle, and the one that has the share can be approved: it is to have all."""
    text = shown(look(REVERTED, live=Colour.BLUE), "token").text
    for said in (
        "Live traffic of shop: blue 1.0.0",
        "1.0.0 live",
        "1.1.0 has a share",
        "Approve a flip to green 1.1.0",
    ):
        assert said in text


def test_a_cron_job_is_not_approved() -> None:
    """As the approval that is written has none, which would be another one than what was shown."""
    rests = look(REVERTED, live=Colour.BLUE)
    pods = {**rests.status.colours[Colour.GREEN], "cleaner": Pods(version="1.1.0", cron=True)}
    status = rests.status.model_copy(update={"colours": {Colour.GREEN: pods}})
    page = shown(replace(rests, status=status), "token")
    assert "as it runs now: backend 1.1.0." in page.text
    assert [each["name"] for tag, each in page.seen if tag == "input"] == ["colour", "release.backend"]


def test_the_page_can_be_used_without_eyes_and_without_a_mouse() -> None:
    """It has landmarks, a way past what comes first, one heading of the first rank, and a region that is read out."""
    seen = shown(look(REVERTED, live=Colour.BLUE), "token").seen
    tags = [tag for tag, _ in seen]
    assert (tags.count("main"), tags.count("h1"), tags.count("header")) == (1, 1, 1)
    ids = [each["id"] for _, each in seen if "id" in each]
    assert len(ids) == len({*ids})
    assert next(each for tag, each in seen if tag == "a")["href"] == "#main"
    assert [each["aria-live"] for _, each in seen if "aria-live" in each] == ["polite"]
    named = {each["aria-labelledby"] for tag, each in seen if tag == "progress"}
    assert named <= {*ids}
    assert all("id" in each for tag, each in seen if tag in {"summary", "button", "details"})
