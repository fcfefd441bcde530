"""What Pulumi's command does becomes a plan, progress, or an error that says what to do."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from teal_infra.manager.engine import Engine

from teal.adapters import pulumi_project
from teal.model.colours import Colour
from teal.model.errors import EngineError, LockedError, NotThereError, TealError, UnsafeError
from teal.plans.model import Plan, Word
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import project

STUB = """\
#!{python}
import json, os, signal, sys
from pathlib import Path

does = json.loads(Path({script!r}).read_text())
with open({log!r}, "a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1:] == ["version"]:
    print("v3.200.0")  # which still writes its events into a file
    sys.exit()
if "--event-log" in sys.argv:
    with open(sys.argv[sys.argv.index("--event-log") + 1], "w") as events:
        ends = [{{"summaryEvent": {{"resourceChanges": {{}}}}}}, {{"cancelEvent": {{}}}}]
        for number, each in enumerate([*does["events"], *ends]):
            events.write(json.dumps({{"sequence": number, "timestamp": 1, **each}}) + "\\n")
    if "preview" in sys.argv and does["plan"]:
        Path(os.environ["TEAL_PLAN_FILE"]).write_text(does["plan"])
    if does["interrupted"]:
        os.kill(os.getppid(), signal.SIGINT)
    print(does["stderr"], file=sys.stderr)
    sys.exit(1 if does["stderr"] else 0)
if "config" in sys.argv:
    print(does["config"])
    sys.exit()
print("[]" if "history" in sys.argv else "{{}}")
"""

Script = Callable[..., Engine]


@pytest.fixture
def scripted(tmp_path: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Script:
    """An engine whose `pulumi` does as a test says; what it tells is in `told.json`, what it was asked in `log`."""
    project(tmp_path, api_server, monkeypatch)
    script, log, command = tmp_path / "script.json", tmp_path / "log", tmp_path / "bin/pulumi"
    command.parent.mkdir()
    command.write_text(STUB.format(python=sys.executable, script=str(script), log=str(log)))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    told: list[str] = []

    def made(
        *,
        events: Sequence[Mapping[str, Any]] = (),
        word: Word | None = Word.FLIP,
        stderr: str = "",
        config: str = "{}",
        interrupted: bool = False,
    ) -> Engine:
        plan = (
            Plan(word=word, active_colour=Colour.GREEN, namespace="teal").model_dump_json(by_alias=True) if word else ""
        )
        does = {"events": [*events], "plan": plan, "stderr": stderr, "config": config, "interrupted": interrupted}
        script.write_text(json.dumps(does))

        def tell(text: str) -> None:
            told.append(text)
            (tmp_path / "told.json").write_text(json.dumps(told))

        return Engine(pulumi_project.require(), tell)

    return made


def said(message: str, severity: str = "info", **more: object) -> Mapping[str, Any]:
    """A diagnostic event."""
    return {"diagnosticEvent": {"message": message, "color": "never", "severity": severity, **more}}


def stepped(op: str, kind: str, name: str) -> Mapping[str, Any]:
    """An event of a resource that was written."""
    urn = f"urn:pulumi:dev::shop::{kind}::{name}"
    return {"resOutputsEvent": {"metadata": {"op": op, "urn": urn, "type": kind, "provider": ""}}}


def test_a_preview_is_a_plan(scripted: Script, tmp_path: Path) -> None:
    """Of the stack by its name: the one that is chosen stays chosen."""
    assert scripted(word=Word.PREPARE).preview().word is Word.PREPARE
    asked = (tmp_path / "log").read_text()
    assert "--stack dev" in asked
    assert "stack select" not in asked


def test_a_plan_that_is_refused_says_why(scripted: Script) -> None:
    """And not what Pulumi says of the program's end."""
    with pytest.raises(UnsafeError, match="plan: UNSAFE"):
        scripted(word=Word.UNSAFE, stderr="error: the program ended").preview()


@pytest.mark.parametrize(
    ("stderr", "kind", "words"),
    [
        ("error: no stack named 'dev' found", NotThereError, "Next: pulumi stack init dev"),
        (
            "error: the stack is currently locked by 1 lock(s).\n  file.json: created by ann@desk (pid 1) at noon",
            LockedError,
            r"created by ann@desk \(pid 1\) at noon.*Next: wait for its end",
        ),
        ("error: no disk", EngineError, "no disk"),
        (
            "error: failed to load checkpoint: unexpected end of JSON input",
            EngineError,
            r"is not as Pulumi wrote it \(failed to .*Next: pulumi stack import --stack dev --file EXPORT",
        ),
    ],
)
def test_what_fails_is_said(scripted: Script, stderr: str, kind: type[TealError], words: str) -> None:
    """Of a preview and of an update, with what to do."""
    for asked in (Engine.preview, Engine.up):
        with pytest.raises(kind, match=words) as failed:
            asked(scripted(word=None, stderr=stderr))
        assert type(failed.value) is kind


@pytest.mark.parametrize(
    ("stderr", "remedy"),
    [
        ("error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE", "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE"),
        ("error: incorrect passphrase", "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login", "pulumi login"),
        ('error: unable to open state directory "file:///gone"', "pulumi login BACKEND, or set PULUMI_BACKEND_URL"),
        ("error: no disk", "pulumi preview --stack dev"),
    ],
)
def test_a_preview_that_could_not_begin_says_what_mends_that(scripted: Script, stderr: str, remedy: str) -> None:
    """Without what the Automation API writes around it, and without warnings."""
    with pytest.raises(EngineError) as failed:
        scripted(word=None, stderr=f"warning: using a plugin from $PATH\n{stderr}").preview()
    assert str(failed.value).startswith(f"dev could not be previewed:\n{stderr}. Nothing was updated. Next: {remedy}")


def test_ctrl_c_is_left_to_pulumi_and_said(scripted: Script, tmp_path: Path) -> None:
    """What breaks because of it is no reason; what the program had said before is one."""
    events = [
        said("before hook failed: error reading from server: EOF", "error"),
        said("bake of backend FAILED. Next: mend green", "error"),
    ]
    with pytest.raises(EngineError, match=r"^dev could not be updated:\nCtrl-C ended it\nbake of [^\n]* green$"):
        scripted(events=events, stderr="error: update failed", interrupted=True).up()
    assert "Pulumi is asked to end" in (tmp_path / "told.json").read_text()


def test_the_programs_own_words_are_the_error(scripted: Script) -> None:
    """Each once, and without Pulumi's marks of colours."""
    events = [
        said("<{%reset%}>capacity of backend FAILED<{%reset%}>\n", "error"),
        said("capacity of backend FAILED\n", "error"),
        said("an unhandled error occurred: program exited with non-zero exit code: 1\n", "error"),
    ]
    with pytest.raises(EngineError) as failed:
        scripted(events=events, stderr="error: update failed").up()
    assert str(failed.value) == "dev could not be updated:\ncapacity of backend FAILED"


def test_another_program_has_no_plan(scripted: Script) -> None:
    """It is none of teal's."""
    with pytest.raises(EngineError, match="left no plan"):
        scripted(word=None).preview()


def test_progress_is_told(scripted: Script, tmp_path: Path) -> None:
    """What the program says and what is written; not what stays, nor where Pulumi's plugins are."""
    events = [
        said("using pulumi-language-python from $PATH", "warning"),
        said("bake of green: 3 of 5 s, 0 of 25 answers failed\n"),
        said("[1/2] Waiting", ephemeral=True, urn="urn:pulumi:dev::shop::kubernetes:core/v1:Service::backend"),
        said("registering resource", "debug"),
        said("one thing to know", "warning"),
        stepped("update", "kubernetes:core/v1:Service", "backend-active"),
        stepped("same", "kubernetes:core/v1:Service", "backend-blue"),
        stepped("create", "teal:kubernetes:Slot", "backend-green"),
    ]
    with pytest.raises(EngineError):
        scripted(events=events, stderr="error: no").up()
    assert json.loads((tmp_path / "told.json").read_text()) == [
        "bake of green: 3 of 5 s, 0 of 25 answers failed",
        "one thing to know",
        "update Service backend-active",
    ]


def found(level: str) -> Mapping[str, Any]:
    """An event of a policy that found something."""
    return {
        "policyEvent": {
            "message": "<{%reset%}>a finding<{%reset%}>\n",
            "color": "never",
            "policyName": "pods-are-confined",
            "policyPackName": "teal",
            "policyPackVersion": "1",
            "policyPackVersionTag": "1",
            "enforcementLevel": level,
        }
    }


@pytest.mark.parametrize(("level", "stderr"), [("mandatory", "error: preview failed"), ("advisory", "")])
def test_what_policies_find_comes_back(scripted: Script, tmp_path: Path, level: str, stderr: str) -> None:
    """Whether or not it would refuse an update; the pack is one of a folder."""
    (finding,) = scripted(word=None, events=[found(level)], stderr=stderr).judge(Path("policies"))
    assert (finding.policy, finding.mandatory, finding.message) == (
        "pods-are-confined",
        level == "mandatory",
        "a finding",
    )
    assert "--policy-pack policies" in (tmp_path / "log").read_text()


def test_a_preview_that_no_policy_failed_could_not_be_judged(scripted: Script) -> None:
    """Advice is no reason for it."""
    with pytest.raises(EngineError, match="dev could not be previewed"):
        scripted(word=None, events=[found("advisory")], stderr="error: no disk").judge(Path("policies"))


def test_a_config_is_read_with_what_is_encrypted(scripted: Script) -> None:
    """Without the prefix, and without what is not teal's."""
    known = {
        "teal:namespace": {"value": "shop", "secret": False},
        "teal:prometheus": {"value": '{"token":"s3cret"}', "secret": True, "objectValue": {"token": "s3cret"}},
        "kubernetes:context": {"value": "fake", "secret": False},
    }
    assert scripted(config=json.dumps(known)).config() == {
        "namespace": "shop",
        "prometheus": '{"token":"s3cret"}',
    }


def test_a_machine_without_pulumi(tmp_path: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before anything is written."""
    project(tmp_path, api_server, monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="pulumi cannot be used"):
        Engine(pulumi_project.require(), print)
