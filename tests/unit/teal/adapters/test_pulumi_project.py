"""Which stack a folder is about, by what Pulumi leaves in files."""

import os
import stat
from pathlib import Path

import pytest

from teal.adapters import pulumi_project
from teal.cli.where import Where
from teal.model.errors import ConfigError, NotThereError
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import choose, project


@pytest.fixture
def file(tmp_path: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the stack `dev`, which is chosen."""
    return project(tmp_path, api_server, monkeypatch)


def test_the_chosen_stack_is_the_default(file: Path) -> None:
    """With its namespace, and the cluster that its file names."""
    found = pulumi_project.require()
    assert (found.stack, found.file, found.folder) == ("dev", file, file.parents[1])
    assert (found.access.namespace, found.access.context, found.access.kubeconfig) == ("teal", "fake", None)


@pytest.mark.parametrize(
    ("declared", "namespace"),
    [
        ("{name: shop, create: false}", "shop"),
        ("{labels: {team: a}}", "teal"),
        ("shop", "shop"),
        ("""'{"name": "shop", "create": false}'""", "shop"),
        ("""'{"labels": {"team": "a"}}'""", "teal"),
    ],
)
def test_a_namespace_may_be_an_object(file: Path, declared: str, namespace: str) -> None:
    """As one of another team's is; `pulumi config set` stores it as JSON text."""
    file.write_text(file.read_text().replace("teal:namespace: teal", f"teal:namespace: {declared}"))
    assert pulumi_project.require().access.namespace == namespace


def test_a_folder_below_is_in_the_project(file: Path) -> None:
    """As for Pulumi's own command."""
    assert pulumi_project.require(folder=file.parent).file == file


@pytest.mark.parametrize(
    ("kept", "name"),
    [
        ({"stack": "old"}, "old"),
        ({"stacks": {"https://api.pulumi.com": "acme/shop/dev"}}, "acme/shop/dev"),
        ({"stack": "legacy", "stacks": {"file://state": "organization/shop/dev"}}, "dev"),
        ({}, None),
        ([], None),
    ],
)
def test_what_pulumi_keeps_of_it(file: Path, kept: object, name: str | None) -> None:
    """Older versions kept one stack, newer ones one a backend."""
    choose(file.parents[2] / "home", file.parents[1] / "Pulumi.yaml", kept)
    found = pulumi_project.find()
    assert (found.stack if found else None) == name


def test_of_several_backends_pulumi_itself_says_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its command knows which one it is logged in to."""
    command = file.parents[2] / "bin/pulumi"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\n[ "$*" = "--non-interactive stack --show-name" ] && echo asked\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    choose(file.parents[2] / "home", file.parents[1] / "Pulumi.yaml", {"stacks": {"a": "one", "b": "two"}})
    found = pulumi_project.find()
    assert found is not None
    assert found.stack == "asked"


def test_the_environment_wins_and_a_name_wins_over_that(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for Pulumi's own command."""
    monkeypatch.setenv("PULUMI_STACK", "staging")
    assert [each.stack for each in (pulumi_project.find(), pulumi_project.find("dev")) if each] == ["staging", "dev"]
    assert file.exists()


def test_an_encrypted_kubeconfig_is_pulumis_to_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else can."""
    command = file.parents[2] / "bin/pulumi"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\necho "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    file.write_text(file.read_text() + "  kubernetes:kubeconfig: {secure: v1:cipher}\n")
    asked = "--non-interactive config get kubernetes:kubeconfig --stack dev"
    assert pulumi_project.require().access.kubeconfig == asked


def test_what_is_not_there_is_said(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    with pytest.raises(NotThereError, match=r"stack staging has no file .*Next: pulumi stack ls"):
        pulumi_project.require("staging")
    with pytest.raises(NotThereError, match="stack staging has no file"):
        _ = Where(stack="staging").access
    assert Where(stack="staging", namespace="shop").access.namespace == "shop"
    file.write_text("config: [secret\n")
    with pytest.raises(ConfigError, match="is no YAML") as said:
        pulumi_project.require()
    assert "secret" not in str(said.value)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert pulumi_project.find() is None
    with pytest.raises(NotThereError, match="Next: pulumi stack select NAME"):
        pulumi_project.require()
    with pytest.raises(NotThereError, match="Next: pulumi stack select NAME"):  # a namespace that nobody named is none
        _ = Where().access
    with pytest.raises(NotThereError, match=r"has a Pulumi\.yaml"):
        pulumi_project.require("dev")
