"""What a person reads of a gate, to the letter: what was seen, what was needed, and who was asked."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from teal import gates
from teal.gates.alarms import alarms
from teal.gates.approvals import FLIP_SET, Approval, ApprovalPlan, Vouched
from teal.gates.documents import Change, Compared, ContractPlan, Tried, changes, deprecations, early
from teal.gates.endpoints import capacity
from teal.gates.identity import Answer, version
from teal.gates.openapi import Operation
from teal.gates.replies import Reply, Request, SmokeCheck, not_asked, smoke
from teal.gates.requests import enough
from teal.gates.samples import MetricCheck, MetricsPlan, Queried, Series, metric
from teal.gates.scraped import availability
from teal.gates.series import SeriesPlan, series
from teal.gates.targets import needed, targets
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.spec.gates import GatePlan

BLUE, GREEN = Colour.BLUE, Colour.GREEN
PASSED, FAILED, INCONCLUSIVE, ERROR = Outcome

REMOVED = Change(id="removed", text="api path removed", operation="GET /old")
OLD = Operation(method="get", path="/old", url="/old", askable=True, dated=False)
CONTRACT = ContractPlan(path="/openapi.json")
ALLOWING = ContractPlan(path="/openapi.json", allowed=frozenset({"b", "a"}))
CHANGES = {"needed": "no change that breaks clients of blue", "asked": "backend in both colours for /openapi.json"}
CHANGES["asked"] += ", and oasdiff for what breaks"
MARKS = {
    "needed": "Deprecation and Sunset in the answers of deprecated operations",
    "asked": "backend-green for /openapi.json, and for what is deprecated there",
}
UNMARKED = "GET /old answered 200 without Deprecation and a date in Sunset"
IDENTITY = {
    "needed": "version 1.1.0 from every ready endpoint of green",
    "asked": "every ready endpoint of backend-green for /metadata, through the API server",
}
CHECK = SmokeCheck(
    name="price",
    request=Request(path="/price?key=secret"),
    contains="a" * 70,
    values={"/a": 1, "/b": "ü", "/c": True},
    within_seconds=2,
)
SMOKE = {
    "needed": f"200 within 2 s, with '{'a' * 59}…', with 1 at /a, with \"ü\" at /b, with true at /c",
    "asked": "backend-green, through the API server, for GET /price",
}
WRONG = 'with nothing at /a, with "u" at /b, with 1 at /c'
SCRAPED = {"needed": "all 2 ready pods of green scraped and up", "asked": "Prometheus for up"}
SERIES = SeriesPlan(requests="http_requests_total", status="code", every="", told="", others={})
WANTED = {
    "needed": "series of http_requests_total with the label code, in either colour",
    "asked": "Prometheus for the series that the bake needs",
}
SOME = Queried(series=[Series(labels={"colour": "green"}, value=3)])
UNSURE = "a is INSUFFICIENT_DATA, b is INSUFFICIENT_DATA"
NAMES = "or its names; none where it has none"
KEY = "teal:services.backend.requestMetrics"
METRICS = MetricsPlan(up="", counts="", checks=(), samples=20, window="60s", traffic=None, wait_seconds=0)
WOULD = "would tell it from 2 %"
ERRORS = MetricCheck(
    name="errors",
    title="the error share",
    query="{pods}",
    unit="%",
    below=0.05,
    at_most_times_live=2,
    floor=0.01,
    share=True,
)
DOWN = Queried(error="Prometheus is down")


def told(value: float, colour: Colour = GREEN) -> Queried:
    """One number of a colour."""
    return Queried(series=[Series(labels={"colour": colour}, value=value)])


def judged(check: MetricCheck, value: float, *, live: float | None = None, count: float = math.inf) -> Verdict:
    """A number of green beside blue's."""
    there = Queried() if live is None else told(live, BLUE)
    return metric(
        "backend", GREEN, live=None if live is None else BLUE, check=check, here=told(value), there=there, count=count
    )


def spoken(verdict: Verdict) -> tuple[Outcome, str, str, str]:
    """All that it says."""
    return verdict.outcome, verdict.seen, verdict.needed, verdict.asked


@pytest.mark.parametrize(
    ("live", "plan", "compared", "outcome", "seen"),
    [
        (None, CONTRACT, Compared(), PASSED, "nothing is live that could be broken"),
        (GREEN, CONTRACT, Compared(), PASSED, "green is live already"),
        (BLUE, CONTRACT, Compared(), PASSED, "0 breaking changes"),
        (BLUE, ALLOWING, Compared(lack=ERROR, why="no oasdiff"), ERROR, "no oasdiff"),
        (BLUE, CONTRACT, Compared(changes=[REMOVED]), FAILED, "GET /old: api path removed (removed)"),
        (
            BLUE,
            CONTRACT,
            Compared(changes=[REMOVED] * 3),
            FAILED,
            "; ".join(["GET /old: api path removed (removed)"] * 3),
        ),
        (
            BLUE,
            CONTRACT,
            Compared(changes=[REMOVED] * 4),
            FAILED,
            "; ".join(["GET /old: api path removed (removed)"] * 3) + " and 1 more",
        ),
    ],
)
def test_changes(live: Colour | None, plan: ContractPlan, compared: Compared, outcome: Outcome, seen: str) -> None:
    """Three are named, and how many more there are."""
    needed = f"no change that breaks clients of {live or 'live'}" + (", but for a, b" if plan is ALLOWING else "")
    assert spoken(changes("backend", GREEN, live, plan, compared)) == (outcome, seen, needed, CHANGES["asked"])


def test_long_words_of_others_are_cut() -> None:
    """A tool's, or a service's."""
    long = "x" * 200
    assert str(Change(id=long, text=long, operation=long)) == f"{'x' * 109}…: {'x' * 109}… ({'x' * 109}…)"
    named = Operation(method="get", path=f"/{long}", url="", askable=True, dated=False)
    found = deprecations("backend", GREEN, CONTRACT, [Tried(operation=named, reply=Reply(status=200))])
    assert found.seen == f"GET /{'x' * 104}…"


@pytest.mark.parametrize(
    ("tried", "outcome", "seen"),
    [
        ([Reply(status=200)], FAILED, UNMARKED),
        ([Reply(status=200)] * 3, FAILED, "; ".join([UNMARKED] * 3)),
        ([Reply(status=200)] * 5, FAILED, "; ".join([UNMARKED] * 3) + " and 2 more"),
        (
            [Reply(late=True), Reply(error="refused")],
            ERROR,
            "could not be asked: GET /old (no answer in time); GET /old (refused)",
        ),
        ([None], PASSED, "0 of 1 deprecated operations say so, 1 were not tried: they need parameters or have effects"),
        ([], PASSED, "0 of 0 deprecated operations say so"),
    ],
)
def test_deprecations(tried: list[Reply | None], outcome: Outcome, seen: str) -> None:
    """Three are named, and how many more there are."""
    found = deprecations("backend", GREEN, CONTRACT, [Tried(operation=OLD, reply=each) for each in tried])
    assert spoken(found) == (outcome, seen, MARKS["needed"], MARKS["asked"])


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, "no Sunset is known of it"),
        ({"sunset": "Thu, 31 Dec 2026 23:59:59 -0000"}, "no Sunset is known of it"),  # which says that it has no zone
        ({"sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}, "its Sunset is 2026-12-31"),
    ],
)
def test_an_early_removal(headers: dict[str, str], says: str) -> None:
    """By the id that the stack would allow it by."""
    found = early(Tried(operation=OLD, reply=Reply(status=200, headers=headers)), datetime(2026, 11, 1, tzinfo=UTC))
    text = f"deprecated, removed, and {says}"
    assert found == Change(id="deprecated-operation-removed", text=text, operation="GET /old")


@pytest.mark.parametrize(
    ("answers", "outcome", "seen"),
    [
        ([], INCONCLUSIVE, "no endpoint was there to ask"),
        ([Answer(endpoint="a", version="1.1.0", colour="green")], PASSED, "1 of 1 answered version 1.1.0"),
        ([Answer(endpoint="a")], FAILED, "1 of 1 answered version none of colour none"),
        (
            [
                Answer(endpoint="a", version="v" * 50, colour="c" * 50),
                Answer(endpoint="b", version="1.0.0", colour="green"),
            ],
            FAILED,
            f"1 of 2 answered version 1.0.0 of colour green, 1 of 2 answered version {'v' * 39}… of colour {'c' * 39}…",
        ),
        ([Answer(endpoint="a", error="refused")], ERROR, "1 of 1 could not be asked (a: refused)"),
    ],
)
def test_version(answers: list[Answer], outcome: Outcome, seen: str) -> None:
    """Every wrong answer, and how many gave it."""
    found = version("backend", GREEN, "1.1.0", answers, path="/metadata")
    assert spoken(found) == (outcome, seen, IDENTITY["needed"], IDENTITY["asked"])


@pytest.mark.parametrize(
    ("reply", "outcome", "seen"),
    [
        (Reply(error="refused"), ERROR, "GET /price could not be asked: refused"),
        (
            Reply(status=500, body=b'{"b": "u", "c": 1}', seconds=3),
            FAILED,
            f"GET /price answered 500 in 3.000 s, not 200, later than 2 s, without '{'a' * 59}…' in 18 bytes, {WRONG}",
        ),
        (
            Reply(status=200, body=b"a" * 70, whole=False, seconds=1),
            FAILED,
            "GET /price answered 200 in 1.000 s, with the first 70 bytes that are no JSON",
        ),
    ],
)
def test_smoke(reply: Reply, outcome: Outcome, seen: str) -> None:
    """All that an answer falls short of; of the query nothing."""
    assert spoken(smoke("backend", GREEN, CHECK, reply)) == (outcome, seen, SMOKE["needed"], SMOKE["asked"])


def test_a_request_that_a_preview_does_not_send() -> None:
    """It is neither a pass nor a failure."""
    seen, asked = "not asked in a preview: GET /price may change something", "nobody, instead of backend-green"
    found = not_asked("backend", GREEN, CHECK)
    assert (found.gate, *spoken(found)) == ("smoke.price", INCONCLUSIVE, seen, SMOKE["needed"], asked)


@pytest.mark.parametrize(
    ("up", "outcome", "seen"),
    [
        (DOWN, ERROR, "Prometheus is down"),
        (Queried(series=[Series(labels={}, value=1)]), INCONCLUSIVE, "0 of 2 ready pods are scraped, 0 are up"),
        (
            Queried(series=[Series(labels={"pod": "a"}, value=1)] * 2),
            ERROR,
            "several series of a pod where one was expected",
        ),
        (
            Queried(series=[Series(labels={"pod": "a"}, value=1), Series(labels={"pod": "b"}, value=0)]),
            FAILED,
            "2 of 2 ready pods are scraped, 1 are up, b is not",
        ),
    ],
)
def test_availability(up: Queried, outcome: Outcome, seen: str) -> None:
    """Which pod is down."""
    found = availability("backend", GREEN, ready=["a", "b"], up=up)
    assert spoken(found) == (outcome, seen, SCRAPED["needed"], SCRAPED["asked"])


def test_of_no_pod_at_least_one_has_to_be_scraped() -> None:
    """A series that says nothing of any pod is none of one without a name."""
    found = availability("backend", GREEN, ready=[], up=Queried(series=[Series(labels={}, value=1)]))
    assert (found.outcome, found.needed) == (INCONCLUSIVE, "all 1 ready pods of green scraped and up")


@pytest.mark.parametrize(
    ("live", "every", "having", "others", "outcome", "seen"),
    [
        (BLUE, DOWN, SOME, {}, ERROR, "Prometheus is down"),
        (BLUE, SOME, DOWN, {}, ERROR, "Prometheus is down"),
        (None, Queried(), Queried(), {}, PASSED, "no colour was live yet, so nobody had a request"),
        (BLUE, SOME, SOME, {}, PASSED, "3 such series"),
        (
            BLUE,
            SOME,
            Queried(),
            {"django": SOME, "flask": Queried()},
            INCONCLUSIVE,
            f"http_requests_total has no label code; set {KEY}.status, or {KEY}.preset django",
        ),
        (
            BLUE,
            Queried(),
            Queried(),
            {"django": SOME, "flask": SOME},
            INCONCLUSIVE,
            f"no series of http_requests_total: backend had no request, or set {KEY}.preset django or flask",
        ),
        (
            BLUE,
            Queried(),
            Queried(),
            {},
            INCONCLUSIVE,
            f"no series of http_requests_total: backend had no request, or set {KEY}.preset, {NAMES}",
        ),
    ],
)
def test_series(  # noqa: PLR0913, PLR0917 - one answer each, and what comes of them
    live: Colour | None, every: Queried, having: Queried, others: dict[str, Queried], outcome: Outcome, seen: str
) -> None:
    """What is missing, and which setting mends it."""
    found = series("backend", SERIES, live=live, every=every, told=having, others=others)
    assert spoken(found) == (outcome, seen, WANTED["needed"], WANTED["asked"])


@pytest.mark.parametrize(
    ("counts", "sent", "outcome", "seen"),
    [
        (told(20), "", INCONCLUSIVE, "20 requests to green, 0 requests to blue"),
        (told(20), "9 were sent", INCONCLUSIVE, "20 requests to green, 0 requests to blue (9 were sent)"),
        (DOWN, "", ERROR, "Prometheus is down"),
    ],
)
def test_requests(counts: Queried, sent: str, outcome: Outcome, seen: str) -> None:
    """How many there were of each."""
    found = enough("backend", [GREEN, BLUE], plan=METRICS, counts=counts, sent=sent)
    assert spoken(found) == (
        outcome,
        seen,
        "20 to green and to blue within 60s",
        "Prometheus for the requests by colour",
    )


def test_a_number_whose_colour_nobody_says() -> None:
    """With how to ask so that it does."""
    check = MetricCheck(name="own", query="up", at_least=1)
    found = metric(
        "backend", GREEN, live=None, check=check, here=Queried(series=[Series(labels={}, value=1)]), there=DOWN
    )
    seen = "a result that does not say which colour it is of; with {pods} in its query, it is asked once a colour"
    assert spoken(found) == (INCONCLUSIVE, seen, "at least 1", "Prometheus for up")


@pytest.mark.parametrize(
    ("check", "live", "needed"),
    [
        (MetricCheck(name="a", query="a"), None, "a number"),
        (MetricCheck(name="a", query="a", unit="s", at_least=1, below=2), None, "at least 1 s and below 2 s"),
        (MetricCheck(name="a", query="a", at_least_times_live=0.5), 1, "at least 0.5 times that of blue"),
        (MetricCheck(name="a", query="a", at_least_times_live=0.5), None, "a number"),
        (MetricCheck(name="a", query="a", at_most_times_live=2), 1, "at most 2 times that of blue"),
        (ERRORS, 0.01, "below 5 % and at most 2 times that of blue (taken for at least 1 %)"),
    ],
)
def test_bounds(check: MetricCheck, live: float | None, needed: str) -> None:
    """Each in its unit, and those relative to live only where there is one."""
    assert judged(check, 1.5, live=live).needed == needed


@pytest.mark.parametrize(
    ("value", "live", "count", "outcome", "seen"),
    [
        (0.0, 0.0, 500, PASSED, "0 % on green, 0 % on blue of 500 requests, so between 0 % and 0.5383 %"),
        (0.5, 0.0, 100, FAILED, "50 % on green, 0 % on blue of 100 requests, so between 41.88 % and 58.12 %"),
        (
            0.0,
            0.0,
            20,
            INCONCLUSIVE,
            "0 % on green, 0 % on blue of 20 requests, so between 0 % and 11.92 %: about 133 would tell it from 2 %",
        ),
        (
            0.03,
            0.0,
            100,
            INCONCLUSIVE,
            f"3 % on green, 0 % on blue of 100 requests, so between 1.205 % and 7.272 %: about 531 {WOULD}",
        ),
        (1.5, 0.0, 20, FAILED, "150 % on green, 0 % on blue"),  # no share: nothing is told of an interval
        (0.5, 0.0, math.inf, FAILED, "50 % on green, 0 % on blue"),
    ],
)
def test_a_share_is_told_from_its_bound(value: float, live: float, count: float, outcome: Outcome, seen: str) -> None:
    """By as many requests as there were, or it says how many it takes."""
    found = judged(ERRORS, value, live=live, count=count)
    assert (found.outcome, found.seen, found.asked) == (outcome, seen, "Prometheus for the error share")


def test_a_number_that_is_no_share_rests_on_no_requests() -> None:
    """Few requests say nothing of it."""
    check = MetricCheck(name="a", query="{pods}", below=0.5)
    assert spoken(judged(check, 0.1, count=3)) == (PASSED, "0.1 on green", "below 0.5", "Prometheus for {pods}")


def test_capacity_asks_for_nothing_of_an_autoscaler_that_is_not_there() -> None:
    """One endpoint is enough where live has none."""
    asked = "the API server for the EndpointSlices and Deployments of backend, and for the live autoscaler"
    found = capacity("backend", GREEN, ready=1, live=BLUE, live_ready=0)
    assert spoken(found) == (PASSED, "green has 1 ready endpoint", "1 (at least one)", asked)


NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
YES = Approval(
    colour=GREEN, versions={"backend": "1.1.0"}, releases={"backend": "d"}, by="a" * 90, at=NOW - timedelta(minutes=5)
)
SAID = f"{'a' * 79}… approved green with backend 1.1.0 at 2026-11-21T11:55:00Z"
ASKED = "ConfigMap teal-approval"


def plan(**more: object) -> ApprovalPlan:
    """What an approval has to be, of an API server that vouches for names."""
    given: dict[str, object] = {"max_age": timedelta(hours=1), "releases": {"backend": "d"}, **more}
    return ApprovalPlan(vouched=Vouched(since=NOW - timedelta(days=1)), versions={"backend": "1.1.0"}, now=NOW, **given)  # pyright: ignore[reportArgumentType] - as the cases have them


@pytest.mark.parametrize(
    ("of", "data", "outcome", "seen", "more"),
    [
        (plan(), {}, INCONCLUSIVE, "nobody approved anything", ""),
        (plan(), {"by": "a"}, ERROR, "what is kept is no approval: it names no colour, or nobody", ""),
        (plan(), {"colour": "green"}, ERROR, "what is kept is no approval: it names no colour, or nobody", ""),
        (
            plan(),
            {"colour": "green", "by": "a", "versions": '{"backend": 1}'},
            ERROR,
            "what is kept is no approval: its versions and releases are not by service",
            "",
        ),
        (
            plan(),
            {**YES.as_data(), "releases": '{"backend": 1}'},
            ERROR,
            "what is kept is no approval: its versions and releases are not by service",
            "",
        ),
        (
            plan(),
            {**YES.as_data(), "at": "2026-11-21T11:55:00"},
            ERROR,
            "what is kept is no approval: its time has no zone",
            "",
        ),
        (plan(), YES.as_data(), PASSED, SAID, ""),
        (
            plan(releases={"backend": "e"}),
            YES.as_data(),
            FAILED,
            f"{SAID}, and backend of green has been changed since",
            "",
        ),
        (plan(used=frozenset({f"{YES} of before"})), YES.as_data(), FAILED, f"{SAID}, which another flip has used", ""),
        (
            plan(another=True, updater="a" * 90),
            YES.as_data(),
            FAILED,
            f"{SAID}, and runs this update as well",
            f", by somebody else than {'a' * 79}…",
        ),
    ],
)
def test_approval(of: ApprovalPlan, data: dict[str, str], outcome: Outcome, seen: str, more: str) -> None:
    """Who said yes to what and when, and what is wrong with it."""
    found = gates.approval(GREEN, of, data)
    needed = f"an approval of green with backend 1.1.0, at most 1:00:00 old{more}"
    asked = f"{ASKED}, {YES}" if "approved green" in seen else ASKED
    assert (found.service, *spoken(found)) == (FLIP_SET, outcome, seen, needed, asked)


def test_an_approval_is_named_by_a_digest_and_dated_in_utc() -> None:
    """Whatever zone it was given in."""
    assert str(YES).removeprefix("approval ").isalnum()
    assert len(str(YES)) == len("approval ") + 16
    given = {**YES.as_data(), "at": "2026-11-21T12:55:00+01:00"}
    assert Approval.read(given).at.tzinfo is UTC


def test_a_release_that_was_confirmed_is_asked_for_less() -> None:
    """That it is there, is what it was, and answers."""
    whole = GatePlan(version="1", version_path="/", asked=(CHECK, CONTRACT, METRICS, SERIES))
    assert whole.gates > whole.for_rollback().gates == {"capacity", "version", "smoke.price"}
    assert whole.for_rollback() == GatePlan(version="1", version_path="/", asked=(CHECK,))


@pytest.mark.parametrize(
    ("here", "need", "outcome", "seen"),
    [
        ({"healthy": 2, "draining": 0}, 2, PASSED, "green has 2 healthy targets"),
        ({"healthy": 1, "initial": 2, "draining": 1}, 2, FAILED, "green has 1 healthy target (1 draining, 2 initial)"),
        ({"initial": 3}, 1, FAILED, "green has 0 healthy targets (3 initial)"),
    ],
)
def test_targets(here: dict[str, int], need: int, outcome: Outcome, seen: str) -> None:
    """What the load balancer calls healthy, and what the others are."""
    asked = "elasticloadbalancing for the health of the targets of backend in both colours"
    found = targets("backend", GREEN, here=here, need=need)
    assert (found.gate, *spoken(found)) == ("targets", outcome, seen, f"{need} healthy", asked)


@pytest.mark.parametrize(
    ("there", "share", "carried", "need"),
    [
        ({"healthy": 4, "initial": 9}, 100, None, 4),
        ({}, 100, None, 1),
        ({"healthy": 11}, 10, None, 2),  # a part of a target is one
        ({"healthy": 10}, 10, None, 1),
        ({"healthy": 6}, 100, 4, 4),  # what serves now has scaled out since
        ({"healthy": 3}, 100, 4, 3),
        ({"healthy": 3}, 100, 0, 1),
    ],
)
def test_targets_that_are_needed(there: dict[str, int], share: int, carried: int | None, need: int) -> None:
    """As many as serve, or their part of a share; never none."""
    assert needed(there, share=share, carried=carried) == need


def test_all_of_the_traffic_is_to_move_unless_a_share_is_named() -> None:
    """So as many are needed as serve."""
    assert needed({"healthy": 4}) == 4


@pytest.mark.parametrize(
    ("states", "outcome", "seen"),
    [
        ({"a": "OK", "b": "OK"}, PASSED, "2 alarms on the targets of green are quiet"),
        ({"b": "ALARM", "a": "OK"}, FAILED, "b rings"),
        ({"b": "ALARM", "a": "ALARM", "c": "INSUFFICIENT_DATA"}, FAILED, "a, b ring"),
        ({"b": "INSUFFICIENT_DATA", "a": "INSUFFICIENT_DATA", "c": "OK"}, INCONCLUSIVE, UNSURE),
        ({}, INCONCLUSIVE, "no alarm is on the targets of green"),
    ],
)
def test_alarms(states: dict[str, str], outcome: Outcome, seen: str) -> None:
    """One without data is not quiet."""
    asked = "cloudwatch for the alarms on the target group of backend in green"
    found = alarms("backend", GREEN, states)
    assert (found.gate, *spoken(found)) == ("alarms", outcome, seen, "every alarm on them OK", asked)
