"""The `pulumi` command with a real program, a provider in a process of its own, and signals."""

from __future__ import annotations

import json
import os
import select
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.engine.values import UNKNOWN

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Hold, Project

POLICY = """
from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy

def judge(args, report):
    if len([r for r in args.resources if r.resource_type == "fake:index:Thing"]) > 1:
        report("more than one thing")

PolicyPack("strict", policies=[StackValidationPolicy("one-thing", "one thing only", judge, EnforcementLevel.MANDATORY)])
"""


def test_program_runs_as_it_is(project: Project) -> None:
    """A program with component, secret and hooks is made, changes nothing twice, and can be destroyed."""
    first = project.up(a={"x": 1})
    assert (first.status, project.log) == (0, ["create a", "create b"])
    assert "+ 4 created" in first.out
    assert "the program says hello" in first.out
    assert "embedded engine" in first.err

    again = project.up("--expect-no-changes", a={"x": 1})
    assert (again.status, len(project.log)) == (0, 2)
    assert "4 unchanged" in again.out

    shown = json.loads(project.run("stack", "output", "--json").out)
    assert shown == {"b": "made for b-0", "password": "[secret]"}
    in_clear = json.loads(project.run("stack", "output", "--json", "--show-secrets").out)
    assert in_clear["password"] == "hunter2"  # noqa: S105 - the test's own secret
    everything = first.all + again.all + (project.root / "state/.pulumi/stacks/demo/dev.json").read_text()
    assert "hunter2" not in everything

    gone = project.run("destroy", "--yes")
    assert (gone.status, project.log[2:]) == (0, ["delete b", "delete a"])
    assert project.state.get("resources") is None


def test_preview_as_json(project: Project) -> None:
    """A preview's JSON has steps, config with secrets masked, and the count, and nothing is touched."""
    project.wishes = {"a": {"x": 1}}
    result = project.run("preview", "--json")
    digest = json.loads(result.out)
    assert (digest["changeSummary"], project.log) == ({"create": 4}, [])
    assert digest["config"] == {"demo:password": "[secret]"}
    thing = next(step for step in digest["steps"] if step["urn"].endswith("::b"))
    assert (thing["op"], thing["newState"]["outputs"]["generated"]) == ("create", UNKNOWN)
    assert "hunter2" not in result.all


def test_refused_flip_leaves_everything(project: Project) -> None:
    """A refusing hook: status 1, the old state, the reason in one line at the end, and the next update goes on."""
    project.up(b={"x": 1})
    refused = project.up(b={"x": 2}, refuse="2 of 3 endpoints ready")
    assert (refused.status, project.log) == (1, ["create a", "create b"])
    last = refused.out.rstrip().splitlines()[-1]
    assert last.strip() == 'error: before hook "gate2" failed: 2 of 3 endpoints ready'
    assert project.up(b={"x": 2}).status == 0
    assert project.log[2:] == ["update b"]


def test_program_that_raises(project: Project) -> None:
    """A program's exception is shown with its own frames; nothing is deleted on the strength of it."""
    project.up(a={"x": 1})
    failed = project.up(a={"x": 1}, **{"raise": "bad input"})
    assert failed.status == 1
    assert "ValueError: bad input" in failed.out
    assert "runpy" not in failed.out
    assert len(project.log) == 2


def test_killed_engine_goes_on(project: Project, hold: Hold) -> None:
    """SIGKILL during an operation: the program dies with it, the state says what was begun, the next update goes on."""
    project.wishes = {"a": {"x": 1, "holdAfter": str(hold.file)}}
    running = project.start("up", "--yes", "--skip-preview")
    hold.wait_until_reached()
    children = _children(running.process.pid)
    running.signal(signal.SIGKILL)
    running.wait()
    assert children
    for child in children:
        _await_end(child)
    pending = project.state["pending_operations"]
    assert [(entry["type"], entry["resource"]["urn"].split("::")[-1]) for entry in pending] == [("creating", "a")]
    assert project.log == ["create a"]

    hold.release()
    resumed = project.up(a={"x": 1})
    assert resumed.status == 0
    assert "lock of a process that has ended" in resumed.err
    assert "creation was interrupted and 'a-0' exists" in resumed.out
    assert project.log == ["create a", "update a", "create b"]
    assert project.state.get("pending_operations") is None


def test_second_update_is_refused(project: Project, hold: Hold) -> None:
    """While one update runs, another is refused by the holder's name, and changes nothing."""
    project.wishes = {"a": {"x": 1, "hold": str(hold.file)}}
    first = project.start("up", "--yes", "--skip-preview")
    hold.wait_until_reached()
    second = project.run("up", "--yes", "--skip-preview")
    assert second.status == 1
    assert "the stack is currently locked" in second.err
    assert f"pid {first.process.pid}" in second.err
    hold.release()
    assert first.wait().status == 0
    assert project.log == ["create a", "create b"]


def test_interrupt_ends_cleanly(project: Project, hold: Hold) -> None:
    """SIGINT: what is under way ends, nothing new begins, the state is whole, status 1; the next update goes on."""
    project.wishes = {"a": {"x": 1, "hold": str(hold.file)}}
    running = project.start("up", "--yes", "--skip-preview")
    hold.wait_until_reached()
    running.signal(signal.SIGINT)
    _await_line(project.cloud / "log", "cancel provider")
    hold.release()
    result = running.wait()
    assert result.status == 1
    assert "cancelled" in result.out
    assert project.state.get("pending_operations") is None
    assert [line for line in project.log if "provider" not in line] == ["create a"]
    assert project.up(a={"x": 1}).status == 0


def test_policies_are_judged_before_anything_is_applied(project: Project) -> None:
    """A mandatory stack policy stops an update without preview before its first operation."""
    pack = project.root / "policies"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text(POLICY)
    result = project.up("--policy-pack", str(pack), a={"x": 1})
    assert result.status == 1
    assert "more than one thing" in result.out
    assert project.log == []


def test_long_reasons_arrive_whole(project: Project) -> None:
    """What a provider says of a resource that did not become ready arrives, however long it is, and is kept."""
    reason = "; ".join(["no pod answers"] * 1000)
    failed = project.up(b={"notReady": reason})
    assert failed.status == 1
    assert reason in failed.out
    assert "soft limit" not in failed.out
    thing = next(entry for entry in project.state["resources"] if entry["urn"].endswith("::b"))
    assert thing["initErrors"] == [reason]


def test_reads_and_deletes_what_was_refreshed_away(project: Project) -> None:
    """`refresh` notices what somebody else deleted, and the next update makes it again."""
    project.up(a={"x": 1})
    (project.cloud / "b-0.json").unlink()
    refreshed = project.run("refresh", "--yes")
    assert (refreshed.status, "- 1 deleted" in refreshed.out) == (0, True)
    project.up(a={"x": 1})
    assert project.log[-1] == "create b"


def test_unknown_package_is_named(project: Project) -> None:
    """A package that nobody serves is refused by name."""
    (project.root / "bin/pulumi-resource-fake").chmod(stat.S_IRUSR)
    result = project.up()
    assert result.status == 1
    assert "package 'fake' has no stand-in" in result.out


def test_refuses_what_it_does_not_do(project: Project) -> None:
    """Commands and flags of Pulumi that are missing here are refused by name."""
    for command in (["import"], ["up", "--replace", "x"], ["stack", "graph"], ["watch"]):
        result = project.run(*command)
        assert result.status != 0
        assert "error: " in result.err
    assert "`pulumi import` is not supported by the embedded engine" in project.run("import").err
    assert "`--replace` of `pulumi up` is not supported" in project.run("up", "--replace", "x").err


@pytest.mark.parametrize("order", [("--secret", "hush-hush"), ("hush-hush", "--secret")])
def test_flags_may_stand_before_the_value(project: Project, order: tuple[str, str]) -> None:
    """`config set KEY --secret VALUE` is the same as `config set KEY VALUE --secret`."""
    assert project.run("config", "set", "token", *order).status == 0
    assert project.run("config", "get", "token").out.strip() == "hush-hush"


def test_asks_for_confirmation_or_a_flag(project: Project) -> None:
    """Without a terminal and without --yes nothing is done."""
    result = project.run("up")
    assert (result.status, project.log) == (2, [])
    assert "--yes" in result.err


def test_exit_statuses(project: Project) -> None:
    """Statuses are those of Pulumi's command line: 6 for a missing stack, 7 for unexpected changes."""
    missing = project.run("up", "--yes", "--stack", "nope")
    assert (missing.status, "no stack named 'nope'" in missing.err) == (6, True)
    project.wishes = {}
    assert project.run("preview", "--expect-no-changes").status == 7


def test_says_what_it_is(project: Project) -> None:
    """`version` parses as a version of Pulumi's, and `about` says which engine this is."""
    assert project.run("version").out.startswith("v3.")
    about = json.loads(project.run("about", "--json").out)
    assert "embedded" in about["cliAbout"]["engine"]
    assert about["backend"]["url"] == project.backend
    assert project.run("whoami").status == 0


@pytest.mark.parametrize("text", ["[", "[]", '{"demo:a": {"value": "1"}, "demo:b": {"secret": true}}'])
def test_of_values_that_make_no_sense_none_is_set(project: Project, text: str) -> None:
    """`config set-all --json` takes what `config --json` shows, all of it or nothing."""
    refused = project.run("config", "set-all", "--json", text)
    assert (refused.status, "nothing was set" in refused.err) == (1, True)
    assert "demo:a" not in project.run("config", "--json").out


def test_backend_is_a_folder(project: Project) -> None:
    """`login` takes a folder and nothing else."""
    refused = project.run("login", "https://example.com")
    assert (refused.status, "not supported by the embedded engine" in refused.err) == (1, True)
    assert project.run("login", f"file://{project.root}").status == 0
    assert project.run("logout").status == 0


def test_small_commands_load_little() -> None:
    """`pulumi config` waits for neither gRPC nor the SDK."""
    code = (
        "import sys, sandbox.engine.cli, sandbox.engine.config_commands;"
        "sys.exit(any(name in sys.modules for name in ('grpc', 'pulumi', 'google.protobuf')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _await_end(pid: int) -> None:
    """Wait until a process that is not ours is gone; it is killed, so this takes no time worth limiting."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    assert select.select([handle], [], [], 30)[0]
    os.close(handle)


def _await_line(file: Path, line: str) -> None:
    pause = threading.Event()
    for _ in range(1500):
        if file.exists() and line in file.read_text().splitlines():
            return
        pause.wait(0.02)
    raise TimeoutError(f"{line!r} never came to {file}")
