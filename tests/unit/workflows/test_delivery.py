"""The steps that GitHub runs, run here: what they ask of `pulumi`, `teal` and `gh`, which record it."""

import getpass
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from teal.plans.render import MARKER
from tests.unit.workflows.reading import ROOT

STAND_IN = """#!{python} -IS
import json, os, pathlib, sys
name, args = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
world = pathlib.Path(os.environ["WORLD"])
with (world / "log").open("a") as log:
    log.write(json.dumps([name, *args]) + "\\n")
queue = json.loads((world / "words").read_text())
if name == "pulumi" and args[0] in ("preview", "up"):
    (world / "tools").write_text(os.environ["PATH"].split(":")[0])
    (world / "pid").write_text(str(os.getpid()))
if name == "pulumi" and args[0] == "preview":
    (world / "words").write_text(json.dumps(queue[1:]))
    plan = {{"word": queue[0], "activeColour": "green", "namespace": "shop"}}
    if queue[0]:
        confirmed = os.environ.get("CONFIRMED") or None
        pathlib.Path(os.environ["TEAL_PLAN_FILE"]).write_text(json.dumps({{**plan, "confirmedColour": confirmed}}))
    sys.exit(int(os.environ.get("JUDGED", "0")))
if name == "pulumi" and args[:2] == ["config", "get"]:
    known = {{"teal:prometheus.token": "s3cret", "teal:prometheus.url": "https://prometheus.example"}}
    print(next((value for key, value in known.items() if key in args), "shop"))
if name == "pulumi" and args[:2] == ["stack", "init"]:
    sys.exit(os.environ.get("REFUSAL") or "error: stack 'organization/teal/test' already exists")
if name == "teal" and args == ["watch"]:
    token, url = os.environ["PROMETHEUS_TOKEN"], os.environ["PROMETHEUS_URL"]
    print("watching", os.environ["TEAL_NAMESPACE"], "with token", token, "for", url)
if name == "teal" and args[:2] == ["plan", "--markdown"]:
    word = json.loads(pathlib.Path(args[2]).read_text())["word"]
    print(f"{marker}\\n**{{word}}**")
    sys.exit(4 if word == "UNSAFE" else 0)
if name == "teal" and args[0] == "status":
    print("live traffic of", args[args.index("--stack") + 1], file=sys.stderr)
    sys.exit(int(os.environ.get("AT_REST", "0")))
if name == "docker" and args[:2] == ["image", "inspect"]:
    print("mirror.example/shop/backend@sha256:11", "registry.example/shop/backend@sha256:22", "", sep=chr(10))
if name == "docker" and args[0] in ("build", "push"):
    print("chatter")
if name == "curl" and args[-1].endswith("/user"):
    print('{{"id": 5}}')
if name == "curl" and "/notes?" in args[-1]:
    print(os.environ.get("NOTES", "[]"))
if name == "teal" and args[0] == "check":
    sys.exit(int(os.environ.get("CHECKED", "0")))
if name == "gh" and "--paginate" in args:
    print(os.environ.get("COMMENTS", ""), end="")
"""


@dataclass
class World:
    """A folder with a stack, and what was run there."""

    folder: Path

    def make(self, target: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a step; each preview says the next of `words`."""
        (self.folder / "words").write_text(json.dumps(words))
        (self.folder / "log").write_text("")
        return subprocess.run(  # the tests' own commands
            ["make", "--silent", target],  # noqa: S607 - make is what is tested
            cwd=self.folder,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "WORLD": str(self.folder),
                "STACK": "test",
                "CONFIRMED": "blue",
                **environ,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def ran(self, name: str, *first: str) -> list[Sequence[str]]:
        """The commands of that name, and with these first words, in their order."""
        said: list[list[str]] = [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]
        return [command for command in said if command[: len(first) + 1] == [name, *first]]

    @property
    def updates(self) -> list[str]:
        """The stack files that were made so."""
        return [command[command.index("--config-file") + 1] for command in self.ran("pulumi", "up")]


OWN = "stacks/Pulumi.test.yaml"
HELD = ".delivery/test/held.yaml"
PLAN = ".delivery/test/plan.md"


RELEASE = {"REPOSITORY": "registry.example/shop/backend", "VERSION": "1.5.0", "SERVICE": "backend"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A stack whose file says green."""
    for folder in ("bin", "stacks", ".venv"):
        (tmp_path / folder).mkdir()
    (tmp_path / ".venv" / "ready").touch()
    (tmp_path / OWN).write_text("config:\n  teal:activeColour: green\n")
    makefile = ROOT / "Makefile"
    settings = [line for line in makefile.read_text().splitlines() if re.match(r"\.?SHELL", line)]
    own = [f"PYTHON := {sys.executable}", "TEAL ?= teal", f"include {ROOT / '.github' / 'delivery.mk'}"]
    (tmp_path / "Makefile").write_text("\n".join([*settings, *own, ""]))
    for name in ("pulumi", "teal", "gh", "docker", "git", "curl"):
        command = tmp_path / "bin" / name
        command.write_text(STAND_IN.format(python=sys.executable, marker=MARKER))
        command.chmod(0o755)
    return World(tmp_path)


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
    """Whatever the word is."""
    assert world.make("preview", "PREPARE", JUDGED="1").returncode != 0
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


def test_settling_goes_on_with_what_is_open(world: World) -> None:
    """`teal watch`, in the stack's namespace and with its way to Prometheus; it ends at once where nothing is open."""
    seen = world.make("settle")
    assert seen.returncode == 0, seen.stderr
    assert seen.stdout == "watching shop with token s3cret for https://prometheus.example\n"


LOCKED = """\
error: could not create stack: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end
  s3://acme-state/.pulumi/locks/organization/teal/test/0f.json: created by {holder} at 2026-11-28T17:38:46Z"""
CANCEL = ["pulumi", "cancel", "--non-interactive", "--yes", "test"]


def here(pid: int | str) -> str:
    """How Pulumi names a process of this machine."""
    return f"{getpass.getuser()}@{socket.gethostname()} (pid {pid})"


def test_a_lock_that_an_update_of_this_checkout_left_is_taken(world: World) -> None:
    """By its process, which is gone; that it was this checkout's is known from its update."""
    world.make("promote", "FLIP")
    pid = (world.folder / "pid").read_text()
    seen = world.make("unlock", REFUSAL=LOCKED.format(holder=here(pid)))
    assert seen.returncode == 0, seen.stderr
    assert f"taking the lock of test from {here(pid)}" in seen.stdout
    assert CANCEL in world.ran("pulumi")


def test_a_lock_of_an_update_that_lives_is_left(world: World) -> None:
    """Even if it is this checkout's."""
    world.make("promote", "FLIP")
    (world.folder / ".delivery/test/updating").write_text(f"{os.getpid()}\n")
    assert world.make("unlock", REFUSAL=LOCKED.format(holder=here(os.getpid()))).returncode != 0
    assert CANCEL not in world.ran("pulumi")


def test_somebody_elses_lock_is_taken_only_by_name(world: World) -> None:
    """Without it, or with another's, nothing is cancelled, and the message has the command that would."""
    refusal = LOCKED.format(holder="ann@desk (pid 7)")
    for environ in ({}, {"HOLDER": "runner@gone (pid 7)"}):
        seen = world.make("unlock", REFUSAL=refusal, **environ)
        assert seen.returncode != 0
        assert "make unlock STACK=test HOLDER='ann@desk (pid 7)'" in seen.stderr
        assert CANCEL not in world.ran("pulumi")
    assert world.make("unlock", REFUSAL=refusal, HOLDER="ann@desk (pid 7)").returncode == 0
    assert CANCEL in world.ran("pulumi")


def test_without_a_lock_nothing_is_cancelled(world: World) -> None:
    """There could be one by the time that it is."""
    seen = world.make("unlock", HOLDER="ann@desk (pid 7)")
    assert seen.returncode == 0, seen.stderr
    assert "nobody holds a lock of test" in seen.stdout
    assert CANCEL not in world.ran("pulumi")


def test_an_image_is_known_by_its_digest_in_its_own_repository(world: World) -> None:
    """What a step of GitHub's takes as output is that, and nothing else."""
    assert world.make("image", **RELEASE, FOLDER="shop").stdout == ""
    assert list(world.ran("docker")[0][1:]) == [
        "build",
        "--pull",
        "--tag",
        "registry.example/shop/backend:1.5.0",
        "shop",
    ]
    assert world.make("push", **RELEASE).stdout == "image=registry.example/shop/backend@sha256:22\n"


def test_an_image_without_a_digest_there_is_no_output(world: World) -> None:
    """A release of no image would be prepared by it; docker says another registry's digests alone."""
    seen = world.make("push", **{**RELEASE, "REPOSITORY": "other.example/backend"})
    assert (seen.returncode != 0, seen.stdout) == (True, "")
    assert "docker knows no digest of other.example/backend:1.5.0" in seen.stderr


def test_a_release_is_proposed_on_a_branch_of_its_own(world: World) -> None:
    """The stack file alone is committed, and the pull request is a draft."""
    image = "registry.example/shop/backend@sha256:22"
    seen = world.make("propose", **RELEASE, IMAGE=image, BASE="main", RUN_URL="https://ci.example/1")
    assert seen.returncode == 0, seen.stderr
    assert list(world.ran("teal")[0][1:]) == ["prepare", "--stack", "test", "--", "1.5.0", f"backend={image}"]
    switch, commit, push = world.ran("git")
    assert switch[-1] == "release/test-1.5.0"
    assert list(commit[-2:]) == ["--", OWN]
    assert push[1] == "push"
    made = world.ran("gh", "pr", "create")[0]
    assert "--draft" in made
    assert made[made.index("--base") + 1 : made.index("--base") + 4] == ["main", "--head", "release/test-1.5.0"]


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


ASKED = {"PR": "7", "COMMIT": "0123abc", "RUN_URL": "https://ci.example/1"}


@pytest.mark.parametrize(
    ("comments", "method", "to"),
    [
        ("", "POST", "repos/{owner}/{repo}/issues/7/comments"),
        ("41\n", "PATCH", "repos/{owner}/{repo}/issues/comments/41"),
        ("41\n42\n", "PATCH", "repos/{owner}/{repo}/issues/comments/41"),
    ],
)
def test_a_pull_request_has_one_comment(world: World, comments: str, method: str, to: str) -> None:
    """The first plan makes it, all later ones change it."""
    world.make("preview", "FLIP")
    seen = world.make("comment", **ASKED, COMMENTS=comments)
    assert seen.returncode == 0, seen.stderr
    written = world.ran("gh")[-1]
    assert list(written[2:]) == ["--silent", "--method", method, to, "--field", "body=@.delivery/test/comment.md"]
    body = (world.folder / ".delivery/test/comment.md").read_text()
    assert body == f"{MARKER}\n**FLIP**\n\n0123abc, https://ci.example/1\n"
    assert f'startswith("{MARKER}")' in world.ran("gh")[0][-1]


def test_a_comment_without_a_plan_says_so(world: World) -> None:
    """The plan of an older commit would be read as this one's."""
    seen = world.make("comment", **ASKED, COMMENTS="41\n")
    assert seen.returncode == 0, seen.stderr
    body = (world.folder / ".delivery/test/comment.md").read_text()
    assert body.startswith(f"{MARKER}\nNo plan of test could be made")
    assert body.endswith("\n0123abc, https://ci.example/1\n")


GITLAB = {
    "COMMIT": "0123abc",
    "RUN_URL": "https://ci.example/1",
    "CI_API_V4_URL": "https://gitlab.example/api/v4",
    "CI_PROJECT_ID": "9",
    "CI_PROJECT_URL": "https://gitlab.example/shop/delivery",
    "CI_MERGE_REQUEST_IID": "7",
    "DEPLOY_BRANCH": "main",
    "GITLAB_TOKEN": "hush-hush",
}


def noted(author: int, body: str, number: int = 41) -> str:
    """Notes as GitLab lists them."""
    return json.dumps([{"id": number, "author": {"id": author}, "body": body}])


@pytest.mark.parametrize(
    ("notes", "method", "to"),
    [
        ("[]", "POST", "notes"),
        (noted(5, "something else"), "POST", "notes"),
        (noted(6, f"{MARKER} of somebody else"), "POST", "notes"),
        (noted(5, f"{MARKER}\n**FLIP**"), "PUT", "notes/41"),
    ],
)
def test_a_merge_request_has_one_note(world: World, notes: str, method: str, to: str) -> None:
    """It is known by who wrote it, and by how it begins; the token stands in no command."""
    world.make("preview", "FLIP")
    seen = world.make("note", **GITLAB, NOTES=notes)
    assert seen.returncode == 0, seen.stderr
    written = world.ran("curl")[-1]
    assert written[written.index("--request") + 1] == method
    assert written[-1] == f"https://gitlab.example/api/v4/projects/9/merge_requests/7/{to}"
    assert "body@.delivery/test/comment.md" in written
    assert (world.folder / ".delivery/test/comment.md").read_text().endswith("\n0123abc, https://ci.example/1\n")
    assert "hush-hush" not in (world.folder / "log").read_text()


def test_a_release_is_proposed_on_gitlab_by_a_push(world: World) -> None:
    """The token is asked for by git, of a helper, and stands in no command either."""
    seen = world.make("propose-merge", **GITLAB, **RELEASE, IMAGE="registry.example/shop/backend@sha256:22")
    assert seen.returncode == 0, seen.stderr
    push = world.ran("git")[-1]
    assert {"push", "merge_request.create", "merge_request.target=main"} <= {*push}
    assert list(push[-2:]) == ["https://gitlab.example/shop/delivery.git", "HEAD"]
    assert "hush-hush" not in (world.folder / "log").read_text()


def test_an_image_is_scanned_on_this_machine(world: World) -> None:
    """By a scanner of a named release."""
    assert world.make("scan", **RELEASE).returncode == 0
    (ran,) = world.ran("docker", "run")
    assert ran[-1] == "docker:registry.example/shop/backend:1.5.0"
    assert any(re.fullmatch(r"anchore/grype:v\d+\.\d+\.\d+", each) for each in ran)
