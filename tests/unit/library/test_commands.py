"""A new repository is valid as it is written, and a stack file is judged without Pulumi, a cluster or a passphrase."""

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from teal_infra import commands
from teal_infra.settings.reference.schema import document

from teal.cli.app import app
from teal.cli.say import Exit

ROOT = Path(__file__).parents[3]


def teal(*args: str) -> int:
    """The exit status of a command."""
    with pytest.raises(SystemExit) as ended:
        app(args)
    return int(ended.value.code or 0)


def stack_file(folder: Path, text: str) -> str:
    """A stack file with this config."""
    path = folder / "Pulumi.dev.yaml"
    path.write_text(f"config:\n{text}")
    return str(path)


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A repository that `teal init` wrote."""
    assert teal("init", str(tmp_path / "shop")) == 0
    return tmp_path / "shop"


def test_a_new_repository_has_a_valid_stack(started: Path) -> None:
    """It can be previewed once the image is one that there is."""
    assert teal("validate", str(started / "stacks/Pulumi.dev.yaml")) == 0


def test_its_schema_is_the_one_of_the_settings(started: Path) -> None:
    """An editor knows what this version of teal knows."""
    assert json.loads((started / "stacks/schema.json").read_text()) == document()
    assert (started / "stacks/Pulumi.dev.yaml").read_text().startswith("# yaml-language-server: $schema=schema.json\n")


def test_it_depends_on_the_teal_that_wrote_it(started: Path) -> None:
    """The package index has another package of this name."""
    assert f'dependencies = ["teal @ {ROOT.as_uri()}"]' in (started / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("origin", "requirement"),
    [
        (
            {"url": "https://git.example/teal", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}},
            " @ git+https://git.example/teal@0a1b",
        ),
        ({"url": "file:///teal.whl", "archive_info": {}}, " @ file:///teal.whl"),
        (None, "==0.1.0"),
    ],
)
def test_it_names_teal_by_where_it_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: Mapping[str, Any] | None, requirement: str
) -> None:
    """A commit, a wheel, or a version of a package index, as the installer has noted it."""
    installed = tmp_path / "teal-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.4\nName: teal\nVersion: 0.1.0\n")
    if origin is not None:
        (installed / "direct_url.json").write_text(json.dumps(origin))

    def known(_name: str) -> PathDistribution:
        return PathDistribution(installed)

    monkeypatch.setattr(commands, "distribution", known)
    assert teal("init", str(tmp_path / "shop")) == 0
    assert f'dependencies = ["teal{requirement}"]' in (tmp_path / "shop/pyproject.toml").read_text()


@pytest.mark.parametrize("theirs", ["__main__.py", "policies/__main__.py", "policies/PulumiPolicy.yaml"])
def test_this_repository_is_one_of_its_users(started: Path, theirs: str) -> None:
    """The program and the pack that are tested here are those that a team gets."""
    ours = ROOT / ("infra/__main__.py" if theirs == "__main__.py" else theirs)
    assert (started / theirs).read_text() == ours.read_text()


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is in the folder stays, and what would have come beside it does not come."""
    (tmp_path / "Pulumi.yaml").write_text("name: mine\n")
    assert teal("init", str(tmp_path)) == 1
    assert f"Pulumi.yaml already, which would be lost: nothing was written. Next: teal init {tmp_path}/delivery" in (
        "".join(capsys.readouterr().err.splitlines())
    )
    assert [path.name for path in tmp_path.iterdir()] == ["Pulumi.yaml"]
    assert teal("init", str(tmp_path / "delivery")) == 0


@pytest.mark.parametrize(
    ("folder", "project"), [("My Shop", "my-shop"), ("123", "123"), ("null", "null"), ("ÄÖÜ", "delivery")]
)
def test_a_folder_may_have_any_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: str, project: str
) -> None:
    """Pulumi takes text alone as a project's name, and the commands that are named next are a shell's."""
    monkeypatch.chdir(tmp_path)
    assert teal("init", folder) == 0
    assert yaml.safe_load((tmp_path / folder / "Pulumi.yaml").read_text())["name"] == project
    assert teal("init", folder) == 1
    seen = capsys.readouterr()
    named = shlex.quote(folder), shlex.quote(f"{folder}/delivery")
    assert f"Next: cd {named[0]} && uv sync" in " ".join(seen.out.split())
    assert f"Next: teal init {named[1]}" in " ".join(seen.err.split())


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """As it is: an editor reads it."""
    assert teal("schema") == 0
    assert json.loads(capsys.readouterr().out) == document()


def test_every_problem_of_a_stack_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the words of a preview."""
    wrong = "  teal:activeColour: red\n  teal:services: {web: {port: http}}\n  teal:blue: {version: 1.0.0}\n"
    assert teal("validate", stack_file(tmp_path, wrong)) == Exit.USAGE
    said = capsys.readouterr().err
    assert "the config of stack dev has 3 problems" in said
    for key in ("teal:activeColour", "teal:services.web.port", "teal:blue.web"):
        assert f"{key}: " in said


GOOD = "  teal:activeColour: blue\n  teal:services: {web: {}}\n  teal:blue: {version: 1.1.0, web: {image: 'web:1', "


def test_problems_and_what_was_not_checked_can_be_read_by_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Part by part, with the command that mends each; who is quiet goes by the exit status."""
    wrong = stack_file(tmp_path, GOOD.replace("activeColour: blue", "activeColour: red") + "}}\n")
    assert teal("validate", wrong, "--json") == Exit.USAGE
    said = json.loads(capsys.readouterr().out)
    assert (said["exitStatus"], said["error"].splitlines()[0]) == (
        2,
        "the config of stack dev has 1 problem; nothing was changed:",
    )
    assert said["problems"] == [
        {
            "key": "teal:activeColour",
            "seen": '"red"',
            "what": "Input should be 'blue' or 'green'",
            "consequence": "teal would not know where live traffic belongs",
            "next": "pulumi config set teal:activeColour blue",
        }
    ]
    assert teal("validate", wrong, "--quiet") == Exit.USAGE
    assert "teal:activeColour" in capsys.readouterr().err
    right = stack_file(tmp_path, GOOD + "}}\n  teal:prometheus: {secure: v1:cipher}\n")
    assert teal("validate", right, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["activeColour"], said["services"], said["unchecked"]) == ("blue", ["web"], ["teal:prometheus"])
    assert teal("validate", right, "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_what_a_new_repository_has_can_be_read_by_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its folder and its files; a refusal as well."""
    folder = tmp_path / "shop"
    assert teal("init", str(folder), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == str(folder)
    assert all((folder / each).is_file() for each in said["files"])
    assert teal("init", str(folder), "--json") == 1
    assert "which would be lost" in json.loads(capsys.readouterr().out)["error"]
    assert teal("init", str(tmp_path / "other"), "-q") == 0
    assert capsys.readouterr() == ("", "")


def test_what_is_encrypted_is_taken_for_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And is never shown, nor what stands beside it."""
    assert teal("validate", stack_file(tmp_path, GOOD + "secrets: {KEY: {secure: v1:cipher}}}}\n")) == 0
    assert (
        teal("validate", stack_file(tmp_path, GOOD + "env: plain, secrets: {KEY: {secure: v1:cipher}}}}\n"))
        == Exit.USAGE
    )
    said = capsys.readouterr().err
    assert "teal:blue.web.env: [secret]: " in said
    assert "plain" not in said
    assert "cipher" not in said


def test_an_object_that_is_encrypted_as_a_whole_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And named: nothing in it was checked."""
    assert teal("validate", stack_file(tmp_path, GOOD + "}}\n  teal:prometheus: {secure: v1:cipher}\n")) == 0
    assert "teal:prometheus is encrypted as a whole" in capsys.readouterr().out
    asking = GOOD.replace("web: {", "web: {gates: {metrics: {}}, ", 1)
    assert teal("validate", stack_file(tmp_path, asking + "}}\n  teal:prometheus: {secure: v1:cipher}\n")) == 0
    assert teal("validate", stack_file(tmp_path, asking + "}}\n")) == Exit.USAGE


def test_a_stack_file_is_judged_without_what_takes_long_to_import(started: Path) -> None:
    """A person waits for it, and an editor: no engine and no client is needed for it."""
    code = (
        "import sys\nfrom teal.cli.app import app\n"
        f"try:\n    app(['validate', {str(started / 'stacks/Pulumi.dev.yaml')!r}])\n"
        "finally:\n    print(*sorted({each.partition('.')[0] for each in sys.modules}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {"boto3", "grpc", "httpx2", "lightkube", "opentelemetry", "pulumi", "pulumi_aws", "pulumi_kubernetes"}
    assert {"teal_infra", "yaml"} <= {*ran.stdout.split()}
    assert not heavy & {*ran.stdout.split()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config: {a: [secret\n", "is no YAML"),
        ("- config\n", "has no config"),
        ("config:\n", "has no config"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_stack_file_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, said: str
) -> None:
    """With what to do, and without a line of the file."""
    path = tmp_path / "Pulumi.dev.yaml"
    if text is not None:
        path.write_text(text)
    assert teal("validate", str(path)) == Exit.USAGE
    error = capsys.readouterr().err
    assert said in error
    assert "Next: " in error
    assert "secret" not in error


def test_help_says_what_each_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    """Though commands are imported only when they are called."""
    assert teal("--help") == 0
    said = capsys.readouterr().out
    for words in ("Say where live traffic goes", "Show the plan in FILE", "Write a team's own repository"):
        assert words in said
