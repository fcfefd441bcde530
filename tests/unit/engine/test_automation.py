"""Pulumi's Automation API, as the SDK ships it, on the embedded engine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi import automation as auto

from tests.unit.engine.conftest import PROGRAM, ROOT, Project

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD = "hunter2"  # noqa: S105 - the test's own


@pytest.fixture
def workspace(project: Project) -> auto.LocalWorkspaceOptions:
    """The embedded engine where an installation of Pulumi would be, and the project's environment."""
    command = project.root / "bin/pulumi"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m sandbox.engine "$@"\n')
    command.chmod(0o755)
    return auto.LocalWorkspaceOptions(
        pulumi_command=auto.PulumiCommand(str(project.root)), env_vars=project.environ(), work_dir=str(project.root)
    )


def inline(name: str, value: int) -> Callable[[], None]:
    """A program that is a function of this process: one thing, one output, one secret one."""

    class Thing(pulumi.CustomResource):
        generated: pulumi.Output[str]

    def program() -> None:
        if value < 0:
            raise ValueError("no negative values")
        thing = Thing("fake:index:Thing", name, {"x": value, "generated": None})
        pulumi.export("generated", thing.generated)
        pulumi.export("password", pulumi.Config().require_secret("password"))

    return program


def stack_of(workspace: auto.LocalWorkspaceOptions, program: Callable[[], None]) -> auto.Stack:
    """The stack `inline`, with this program."""
    return auto.create_or_select_stack("inline", project_name="demo", program=program, opts=workspace)


def told(events: list[auto.EngineEvent]) -> list[str]:
    """The kinds of events, and of those about resources the operation."""
    kinds: list[str] = []
    for event in events:
        fields: dict[str, Any] = vars(event)
        (kind,) = (key for key, value in fields.items() if key.endswith("_event") and value is not None)
        about = getattr(fields[kind], "metadata", None)
        kinds.append(f"{kind.removesuffix('_event')} {about.op.value}" if about else kind.removesuffix("_event"))
    events.clear()
    return kinds


def test_inline_program(project: Project, workspace: auto.LocalWorkspaceOptions) -> None:
    """Preview, up, refresh and destroy of a function, with events, outputs, secrets and history."""
    events: list[auto.EngineEvent] = []
    stack = stack_of(workspace, inline("a", 1))
    stack.set_all_config({"password": auto.ConfigValue(PASSWORD, secret=True), "gone": auto.ConfigValue("-5")})
    stack.remove_all_config(["gone"])
    assert {key: value.secret for key, value in stack.get_all_config().items()} == {"demo:password": True}
    made = ["resource_pre create", "res_outputs create"]

    assert stack.preview(on_event=events.append).change_summary == {"create": 2}
    assert told(events) == ["prelude", *made, *made, "summary", "cancel"]
    assert project.log == []

    done = stack.up(on_event=events.append)
    assert told(events) == ["prelude", *made, *made, "summary", "cancel"]
    assert (done.outputs["generated"].value, done.outputs["password"].secret) == ("made for a-0", True)
    assert done.summary.resource_changes == {"create": 2}

    stack = stack_of(workspace, inline("a", 2))
    assert stack.up().summary.resource_changes == {"same": 1, "update": 1}
    stack.refresh(on_event=events.append)
    assert "res_outputs same" in told(events)
    stack.import_stack(stack.export_stack())
    assert [entry.kind for entry in stack.history(page_size=2)] == ["refresh", "update"]
    assert stack.workspace.who_am_i().url == project.backend

    stack.destroy(on_event=events.append, remove=True)
    assert told(events).count("res_outputs delete") == 2
    assert project.log == ["create a", "update a", "delete a"]
    with pytest.raises(auto.StackNotFoundError):
        auto.select_stack("inline", project_name="demo", program=inline("a", 1), opts=workspace)


def test_program_of_the_project(project: Project, workspace: auto.LocalWorkspaceOptions) -> None:
    """A program on disk is run as it is; a failing one raises what it said."""
    assert PROGRAM in (project.root / "infra/__main__.py").read_text()
    workspace.env_vars = {**(workspace.env_vars or {}), "WISHES": "{}"}
    stack = auto.select_stack("dev", work_dir=str(project.root), opts=workspace)
    assert stack.up().summary.resource_changes == {"create": 4}
    workspace.env_vars["WISHES"] = '{"b": {"x": 1}, "refuse": "2 of 3 ready"}'
    stack = auto.select_stack("dev", work_dir=str(project.root), opts=workspace)
    with pytest.raises(auto.CommandError, match="2 of 3 ready"):
        stack.up()
    assert project.log == ["create a", "create b"]


def test_inline_program_that_raises(project: Project, workspace: auto.LocalWorkspaceOptions) -> None:
    """An inline program's exception fails the update by its own error class, and nothing is deleted."""
    stack = stack_of(workspace, inline("a", 1))
    stack.set_config("password", auto.ConfigValue(PASSWORD, secret=True))
    stack.up()
    with pytest.raises(auto.InlineSourceRuntimeError, match="no negative values"):
        stack_of(workspace, inline("a", -1)).up()
    assert project.log == ["create a"]
