"""Pulumi.yaml is found from below, and what is wrong with it is said with its place."""

from pathlib import Path

import pytest

from sandbox.engine.errors import ProjectError
from sandbox.engine.project import Project
from tests.unit.engine_backend.conftest import PROJECT


def test_a_project_is_found_from_a_folder_below(tmp_path: Path) -> None:
    """The nearest Pulumi.yaml upwards counts; its paths are relative to it."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    below = tmp_path / "infra" / "traffic"
    below.mkdir(parents=True)
    project = Project.find(below)
    assert (project.name, project.root, project.main) == ("teal", tmp_path, tmp_path / "infra")
    assert project.stack_file("dev") == tmp_path / "stacks" / "Pulumi.dev.yaml"


def test_without_a_project_the_message_says_where_was_looked(tmp_path: Path) -> None:
    """It names the folder and the flag to use."""
    with pytest.raises(ProjectError, match=rf"no Pulumi.yaml.*{tmp_path}.*--cwd"):
        Project.find(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: teal\nruntime: [python\n", r"Pulumi.yaml:3:1: invalid YAML"),
        ("name: teal\nname: other\nruntime: python\n", r"Pulumi.yaml:2:1: invalid YAML: found duplicate key"),
        ("- name\n", "expected a map"),
        ("runtime: python\n", "missing a 'name'"),
        ("name: a/b\nruntime: python\n", "found 'a/b'"),
        ("name: teal\nruntime: nodejs\n", "'python' programs only"),
        ("name: teal\nruntime: python\nconfig: {x: {type: number}}\n", "type 'number'"),
        ("name: teal\nruntime: python\nconfig: {x: {defualt: 1}}\n", r"unknown attributes \['defualt'\]"),
        ("name: teal\nruntime: python\nconfig: {x: {type: array}}\n", "does not say of what"),
        ("name: teal\nruntime: python\nconfig: {'aws:region': {default: x}}\n", "another namespace"),
        ("name: teal\nruntime: python\nconfig: {x: {default: 1, value: 2}}\n", "both a 'default' and a 'value'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: str, message: str) -> None:
    """Invalid YAML has file, line and column; anything else the key and the value seen."""
    (tmp_path / "Pulumi.yaml").write_text(content)
    with pytest.raises(ProjectError, match=message):
        Project.find(tmp_path)


def test_short_forms_of_declared_config_are_written_out(tmp_path: Path) -> None:
    """A bare value is a default in the project's namespace and a value in another; `config: folder` is the old form."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT + "config:\n  a: 1\n  teal:b: [x]\n  aws:region: eu-west-1\n")
    schema = Project.find(tmp_path).config_schema
    assert schema == {"a": {"default": 1}, "teal:b": {"default": ["x"]}, "aws:region": {"value": "eu-west-1"}}
    (tmp_path / "Pulumi.yaml").write_text("name: teal\nruntime: {name: python}\nconfig: old\n")
    assert Project.find(tmp_path).stack_config_dir == tmp_path / "old"
