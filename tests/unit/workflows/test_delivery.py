"""The steps that GitHub runs, run here: what they ask of `pulumi` and `teal`, which record it."""

import json
import sys

import pytest

from teal.plans.render import MARKER
from teal.spec.credentials import Credentials, of_environment
from tests.unit.workflows.reading import ROOT
from tests.unit.workflows.world import HELD, OWN, PLAN, RELEASE, World


def test_a_preview_changes_nothing_and_is_judged(world: World) -> None:
    """One preview with the policies; the plan as Markdown in a file."""
    seen = world.make("preview", "FLIP")
    assert seen.returncode == 0, seen.stderr
    assert (world.folder / PLAN).read_text() == f"{MARKER}\n**FLIP**\n"
    [preview] = world.ran("pulumi")
    assert preview[1] == "preview"
    assert preview[preview.index("--policy-pack") + 1] == "policies"


@pytest.mark.parametrize("target", ["preview", "promote"])
def test_gates_find_their_tools(world: World, target: str) -> None:
    """`make gate-tools` leaves oasdiff there."""
    world.make(target, "FLIP")
    assert (world.folder / "tools").read_text() == str(world.folder / ".venv" / "bin")


def test_a_refused_preview_fails_and_still_has_its_plan(world: World) -> None:
    """The comment has to say what is refused."""
    assert world.make("preview", "UNSAFE", JUDGED="1").returncode != 0
    assert (world.folder / PLAN).read_text() == f"{MARKER}\n**UNSAFE**\n"


def test_a_refusal_by_a_policy_alone_fails_as_well(world: World) -> None:
    """Whatever the word is; and whoever reads the word alone reads that, too."""
    assert world.make("preview", "PREPARE", JUDGED="1").returncode != 0
    assert "The preview failed, so an update would be refused" in (world.folder / PLAN).read_text()
    assert world.make("promote", "FLIP", EXPECT="FLIP", JUDGED="1").returncode != 0
    assert world.updates == []


def test_a_program_that_ends_before_it_has_a_plan_leaves_none(world: World) -> None:
    """Not that of the preview before either: nobody is to take it for this one's."""
    assert world.make("preview", "FLIP").returncode == 0
    assert world.make("preview", "", JUDGED="1").returncode != 0
    assert not (world.folder / PLAN).exists()
    assert world.make("word").returncode != 0


def test_the_plan_is_what_teal_makes_of_the_programs(world: World) -> None:
    """With the real command instead of its stand-in."""
    seen = world.make("preview", "FLIP", TEAL=f"{sys.executable} -m teal", PYTHONPATH=str(ROOT))
    assert seen.returncode == 0, seen.stderr
    assert (world.folder / PLAN).read_text().startswith(f"{MARKER}\n**FLIP** live traffic moves\n")


@pytest.mark.parametrize(
    ("newest", "said"),
    [
        ("config:\n  teal:activeColour: green", ""),
        (
            "config:\n  teal:activeColour: blue",
            "is another one on main by now: nothing was changed. Next: the latest run",
        ),
        ("", "gh: Not Found"),
    ],
)
def test_what_main_says_no_longer_is_not_promoted(world: World, newest: str, said: str) -> None:
    """An older run may be approved late, or run again; what nobody could ask about is not promoted either."""
    seen = world.make("current", BRANCH="main", NEWEST=newest)
    assert (seen.returncode == 0) == (not said), seen.stderr
    assert said in seen.stderr
    assert "repos/{owner}/{repo}/contents/stacks/Pulumi.test.yaml?ref=main" in world.ran("gh")[0]


@pytest.mark.parametrize(
    ("word", "held_word"), [("NOTHING", "NOTHING"), ("PREPARE", "PREPARE"), ("RELEASE", "PREPARE")]
)
def test_the_canary_prepares_and_holds_live_traffic_where_it_is(world: World, word: str, held_word: str) -> None:
    """A release is prepared with the confirmed colour active; what is left is said by the file as it is."""
    seen = world.make("canary", word, held_word, "FLIP")
    assert seen.returncode == 0, seen.stderr
    [held] = world.ran("pulumi", "config", "set")
    assert held[-2:] == ["teal:activeColour", "blue"]
    assert held[held.index("--config-file") + 1] == HELD
    assert world.updates == [HELD]
    previews = [command[command.index("--config-file") + 1] for command in world.ran("pulumi", "preview")]
    assert previews == [OWN, HELD, OWN]
    assert world.make("word").stdout == "word=FLIP\n"


@pytest.mark.parametrize("word", ["FLIP", "ROLLBACK", "ROLLING", "RETIRE"])
def test_the_canary_leaves_all_else_to_be_approved(world: World, word: str) -> None:
    """Nothing that live traffic could notice is done without a yes."""
    assert world.make("canary", word).returncode == 0
    assert world.updates == []
    assert world.make("word").stdout == f"word={word}\n"


def test_the_canary_leaves_a_stack_where_nothing_is_confirmed(world: World) -> None:
    """The first update of all makes something live."""
    assert world.make("canary", "RELEASE", CONFIRMED="").returncode == 0
    assert world.updates == []


@pytest.mark.parametrize("target", ["canary", "promote"])
def test_what_is_unsafe_is_refused(world: World, target: str) -> None:
    """Also where no policy did, and nobody said what to expect."""
    assert world.make(target, "UNSAFE").returncode != 0
    assert world.updates == []


def test_the_canary_stops_where_holding_live_traffic_is_more_than_preparing(world: World) -> None:
    """A file that also changes the live colour in place is no matter of the canary."""
    seen = world.make("canary", "RELEASE", "ROLLING")
    assert seen.returncode != 0
    assert "would be ROLLING, and PREPARE is what was asked for: nothing was changed" in seen.stderr
    assert world.updates == []


def test_a_promotion_is_what_was_approved(world: World) -> None:
    """One update by the stack's own file, judged by the policies."""
    seen = world.make("promote", "FLIP", EXPECT="FLIP")
    assert seen.returncode == 0, seen.stderr
    assert world.updates == [OWN]
    [update] = world.ran("pulumi", "up")
    assert update[update.index("--policy-pack") + 1] == "policies"


def test_a_promotion_of_anything_else_is_refused(world: World) -> None:
    """Somebody prepared another release since the reviewer looked."""
    seen = world.make("promote", "ROLLING", EXPECT="FLIP")
    assert seen.returncode != 0
    assert "would be ROLLING, and FLIP is what was asked for: nothing was changed" in seen.stderr
    assert world.updates == []


@pytest.mark.parametrize(("colour", "version"), [("blue", "1.0.0"), ("green", "1.1.0")])
def test_a_rollback_moves_traffic_before_anything_of_pulumi(world: World, colour: str, version: str) -> None:
    """Onto what the colour runs, which says where to as well: if that is live by then, nothing is moved.

    It is held to what is warm: the yes was to going back, and not to a release that nobody confirmed.
    """
    seen = world.make("rollback", COLOUR=colour, ROLLED="0")
    assert seen.returncode == 0, seen.stderr
    assert world.ran("teal", "rollback") == [
        ["teal", "rollback", "--stack", "test", "--yes", "--warm", "--to", version]
    ]
    assert world.ran("pulumi") == []


@pytest.mark.parametrize("status", ["1", "3", "4", "6", "7", "8"])
def test_a_rollback_that_may_have_moved_traffic_is_no_reason_for_an_update(world: World, status: str) -> None:
    """What it left open is gone on with by `make settle`; a cluster that does not answer takes no update either."""
    seen = world.make("rollback", "ROLLBACK", COLOUR="blue", ROLLED=status)
    assert seen.returncode != 0
    assert world.ran("pulumi") == []


@pytest.mark.parametrize("answers", [{"ROLLED": "2"}, {"ROLLED": "5"}, {"ANSWERS": "no", "ROLLED": "0"}])
def test_where_nothing_can_be_moved_at_once_an_update_does_it(world: World, answers: dict[str, str]) -> None:
    """Nothing has moved by then: the colour is live, or cold, or nobody knows what it runs."""
    seen = world.make("rollback", "ROLLBACK", COLOUR="blue", **answers)
    assert seen.returncode == 0, seen.stderr
    assert world.updates == [HELD]


@pytest.mark.parametrize("word", ["ROLLBACK", "NOTHING"])
def test_a_rollback_goes_to_the_colour_that_was_asked_for(world: World, word: str) -> None:
    """By a copy of the stack file, which stays as it is; also where traffic went back by itself before."""
    before = (world.folder / OWN).read_text()
    seen = world.make("rollback", word, COLOUR="blue")
    assert seen.returncode == 0, seen.stderr
    [held] = world.ran("pulumi", "config", "set")
    assert held[-2:] == ["teal:activeColour", "blue"]
    assert world.updates == [HELD]
    assert (world.folder / OWN).read_text() == before


@pytest.mark.parametrize("word", ["FLIP", "RELEASE", "PREPARE", "ROLLING", "RETIRE"])
def test_a_rollback_is_nothing_but_a_rollback(world: World, word: str) -> None:
    """What that colour runs was never confirmed, or more would change than where traffic goes."""
    seen = world.make("rollback", word, COLOUR="blue")
    assert seen.returncode != 0
    assert f"would be {word}, and ROLLBACK NOTHING is what was asked for: nothing was changed" in seen.stderr
    assert world.updates == []


@pytest.mark.parametrize("colour", ["", "red", "blue; touch broken", "$(touch broken)"])
def test_a_rollback_takes_a_colour_and_nothing_else(world: World, colour: str) -> None:
    """Whatever is given stays text, and nothing is asked of anybody."""
    seen = world.make("rollback", COLOUR=colour)
    assert seen.returncode != 0
    assert f"COLOUR is '{colour}': nothing was changed" in seen.stderr
    assert world.ran("pulumi") == []
    assert not (world.folder / "broken").exists()


def test_the_verdict_fails_unless_all_is_at_rest(world: World) -> None:
    """It asks of the stack by its name, and shows the history and what went wrong in either case."""
    for at_rest in ("0", "3"):
        seen = world.make("verdict", AT_REST=at_rest)
        assert (seen.returncode == 0) is (at_rest == "0")
        assert seen.stdout.splitlines() == ["```", "live traffic of test", "", "```"]
        assert world.ran("teal", "history")


@pytest.mark.parametrize(
    "target", ["preview", "update", "canary", "promote", "rollback", "unlock", "settle", "verdict", "word", "prepare"]
)
@pytest.mark.parametrize("name", ["$(shell touch pwned)", "x; touch pwned;", '"; touch pwned; "', "$(touch pwned)"])
def test_a_stack_s_name_is_no_command(world: World, target: str, name: str) -> None:
    """Neither make nor the shell runs what it says; it reaches `pulumi` as one word, as it was given."""
    (world.folder / f"stacks/Pulumi.{name}.yaml").write_text("config:\n  teal:activeColour: green\n")
    world.make(target, "PREPARE", "PREPARE", "PREPARE", STACK=name, COLOUR="blue", **RELEASE, IMAGE="x")
    assert not list(world.folder.glob("**/pwned"))
    ran = [*world.ran("pulumi"), *world.ran("teal")]
    named = [command[command.index("--stack") + 1] for command in ran if "--stack" in command]
    assert {*named} == ({name} if target != "word" else set())


@pytest.mark.parametrize(
    "shown",
    [
        {"url": "https://p.example", "token": "s3cret"},
        {"url": "https://p.example", "user": "teal", "password": "s3cret", "headers": {"X-Scope": "s3cret"}},
        {"url": "https://p.example", "sigV4": {"region": "eu-central-1", "service": "aps"}, "timeoutSeconds": 3},
        None,
    ],
)
def test_settling_goes_on_with_what_is_open(world: World, shown: dict[str, object] | None) -> None:
    """`teal watch` of the stack, as whom the stack's own Prometheus knows; what is secret stands in no command."""
    seen = world.make("settle", **({"PROMETHEUS": json.dumps(shown)} if shown else {}))
    assert seen.returncode == 0, seen.stderr
    url = str(shown["url"]) if shown else ""
    text = json.dumps(shown) if shown else ""
    assert seen.stdout == f"watching test by '{url}' as {text}\n"
    known = of_environment({"PROMETHEUS_CREDENTIALS": text})
    assert known == Credentials.model_validate(shown or {})
    assert "s3cret" not in (world.folder / "log").read_text() + seen.stderr


@pytest.mark.parametrize(("colour", "asked"), [({}, "green"), ({"COLOUR": "blue"}, "blue")])
def test_the_idle_colour_is_checked(world: World, colour: dict[str, str], asked: str) -> None:
    """As the last plan says which that is, or another one by its name; the preview had the policies."""
    world.make("preview", "FLIP")
    seen = world.make("check", **colour)
    assert seen.returncode == 0, seen.stderr
    (check,) = world.ran("teal", "check")
    assert check[2:5] == [asked, "--stack", "test"]
    assert check[check.index("--skip") + 1] == "security"
    assert check[-1] == ".delivery/test/check.xml"


@pytest.mark.parametrize(("status", "passes"), [("9", False), ("7", False), ("10", True)])
def test_only_what_failed_stops_a_delivery(world: World, status: str, *, passes: bool) -> None:
    """What could not be told is there to be read: a stack without a Prometheus would never be promoted."""
    world.make("preview", "FLIP")
    assert (world.make("check", CHECKED=status).returncode == 0) is passes
