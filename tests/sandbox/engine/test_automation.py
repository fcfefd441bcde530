"""Pulumi's Automation API, which runs the `pulumi` on PATH, with a program that the language host runs."""

from collections.abc import Callable

import pytest
from pulumi import automation

from tests.sandbox.engine.tiny import STACK, Tiny


@pytest.fixture
def stack(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> automation.Stack:
    """The same stack."""
    monkeypatch.setenv("PATH", tiny.environ["PATH"])  # it looks for the command in its own
    workspace = automation.LocalWorkspace(work_dir=str(tiny.folder), env_vars=dict(tiny.environ))
    return automation.Stack.select(STACK, workspace)


@pytest.mark.parametrize("run", [automation.Stack.preview, automation.Stack.up])
def test_a_run_tells_what_happens_as_events(stack: automation.Stack, tiny: Tiny, run: Callable[..., object]) -> None:
    """The part's creation is among them, and the summary counts it."""
    tiny.program("pulumi.ComponentResource('test:index:Part', 'first')\npulumi.export('said', 'well')")
    events: list[automation.EngineEvent] = []
    run(stack, on_event=events.append, on_output=None)
    steps = [each.resource_pre_event.metadata for each in events if each.resource_pre_event]
    assert [(each.op, each.type) for each in steps if each.type == "test:index:Part"] == [
        (automation.OpType.CREATE, "test:index:Part")
    ]
    assert [each.summary_event.resource_changes for each in events if each.summary_event] == [{"create": 2}]


def test_what_a_program_exports_is_the_results(stack: automation.Stack) -> None:
    """By its name there."""
    assert stack.up().outputs["said"].value == "well"


def test_a_programs_failure_is_an_exception(stack: automation.Stack, tiny: Tiny) -> None:
    """With what it said."""
    tiny.program("raise ValueError('this is wrong')")
    with pytest.raises(automation.CommandError, match="ValueError: this is wrong"):
        stack.up()
