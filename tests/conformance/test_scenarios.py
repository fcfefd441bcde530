"""Each scenario (`scenarios/*.yaml`) on the embedded engine, and the same on Pulumi's own where there is one.

A step says what the program declares from there on, what is run, and what has to come of it: the exit status, the
calls of the provider, and what has to be said. What else can be seen (operations, counts, outputs, state) has to be the
same on both engines, except where a step says why not (`differs`); such an exception has to be one.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from ruamel.yaml import YAML

from tests.conformance.engines import Engine, Seen, Stack, real_pulumi

if TYPE_CHECKING:
    from collections.abc import Callable

HERE: Final = Path(__file__).parent
SCENARIOS: Final[dict[str, Any]] = {
    file.stem: YAML(typ="safe").load(file)  # pyright: ignore[reportUnknownMemberType] - it carries no types
    for file in sorted((HERE / "scenarios").glob("*.yaml"))
}
PULUMI: Final = real_pulumi()
pytestmark = pytest.mark.timeout(600)  # a scenario is a dozen commands, each a process or five
OPERATIONS: Final = ("up", "preview", "refresh", "destroy")

Told = list[dict[str, Any]]


def play(scenario: dict[str, Any], stack: Stack) -> Told:
    """Go through a scenario; gives what each step came to, by field, and in the end the outputs as they are shown."""
    told = [_step(step, stack) for step in scenario["steps"]]
    told[-1] |= {"outputs": stack.outputs(), "in the clear": stack.outputs("--show-secrets")}
    return told


def _step(step: dict[str, Any], stack: Stack) -> dict[str, Any]:
    program = {key: step[key] for key in ("declare", "export", "invoke", "outputs") if key in step}
    stack.scenario = {key: value for key, value in stack.scenario.items() if key not in ("refuse", "raise")}
    stack.scenario |= json.loads(json.dumps(program).replace("@root", str(stack.root)))
    stack.scenario |= {key: step[key] for key in ("refuse", "raise") if key in step}
    for id_, changes in step.get("cloud", {}).items():
        _change(stack.cloud / f"{id_}.json", changes)
    words = shlex.split(step["run"].replace("@root", str(stack.root)))
    if words[0] in OPERATIONS:
        if words[0] != "preview" and "--preview-only" not in words:
            words += ["--yes", "--skip-preview"]
        if "policy" in step:
            config = stack.root / "policy.json"
            config.write_text(json.dumps(step["policy"]))
            words += ["--policy-pack", str(stack.root / "pack"), "--policy-pack-config", str(config)]
        seen = (stack.die_during if step.get("killed") else stack.operate)(*words)
    else:
        seen = stack.run(*words, *(["--yes"] if words[0] == "cancel" else []))
    told = {
        "status": "killed" if step.get("killed") else seen.status,
        "calls": seen.calls,
        "operations": seen.operations,
        "said": [severity for severity, _ in seen.said],
        "changes": seen.changes,
        "state": stack.exported(),
    }
    _hold(step, seen, stack.engine.name)
    return told


def _change(file: Path, changes: dict[str, Any] | None) -> None:
    """Let somebody else change a thing of the provider's, or delete it."""
    if changes is None:
        file.unlink()
    else:
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def _hold(step: dict[str, Any], seen: Seen, engine: str) -> None:
    """Compare a step with what it asks for."""
    where = f"{engine}: {step['run']}\n{seen.out}\n{seen.err}"
    expected = {**step, **step.get("differs", {}).get(engine, {})}
    if not step.get("killed"):
        assert seen.status == expected.get("status", 0), where
    assert seen.calls == expected.get("calls", []), where
    for severity, text in expected.get("says", []):
        assert [said for level, said in seen.said if level == severity and text in said], (text, seen.said, where)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Told]:
    """What scenarios come to on the embedded engine, each played once."""
    played: dict[str, Told] = {}

    def told(name: str) -> Told:
        if name not in played:
            stack = Stack(Engine.embedded(), tmp_path_factory.mktemp(name) / "embedded")
            played[name] = play(SCENARIOS[name], stack)
        return played[name]

    return told


@pytest.mark.parametrize("name", SCENARIOS)
def test_on_the_embedded_engine(name: str, embedded: Callable[[str], Told]) -> None:
    """Status, calls and messages are those the scenario asks for."""
    embedded(name)


@pytest.mark.skipif(PULUMI is None, reason="no pulumi of Pulumi's own on PATH: nothing to compare with")
@pytest.mark.parametrize("name", SCENARIOS)
def test_on_pulumis_own(name: str, embedded: Callable[[str], Told], tmp_path: Path) -> None:
    """All that can be seen is the same on both engines, but for the exceptions the scenario names."""
    theirs = play(SCENARIOS[name], Stack(Engine("pulumi", (PULUMI or "",)), tmp_path / "pulumi"))
    for step, real, ours in zip(SCENARIOS[name]["steps"], theirs, embedded(name), strict=True):
        exempt = set(step.get("differs", {}).get("in", []))
        same = {field for field in real if real[field] == ours[field]}
        where = f"{name}: {step['run']}"
        assert {field: ours[field] for field in real.keys() - exempt} == {
            field: real[field] for field in real.keys() - exempt
        }, where
        assert not same & exempt, f"{where}: no exception is needed any more"
