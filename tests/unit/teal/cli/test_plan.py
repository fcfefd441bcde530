"""`teal plan` shows the plan that a preview made, and its exit status says whether it is let through."""

import json
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from teal.cli import plan as plan_command
from teal.model.colours import Colour
from teal.plans.model import Cost, Now, Plan, Planned, Proof, Rollback, ServicePlan, SlotPlan, Word

app = App()
app.command(plan_command.plan)


def a_plan(word: Word = Word.FLIP, reasons: tuple[str, ...] = ("live traffic goes from blue 1 to green 2",)) -> Plan:
    """One service that flips."""
    slots = {
        colour: SlotPlan(
            now=Now(version=version, replicas=3, ready=3),
            planned=Planned(version=version, replicas=3, state="running", digest="d"),
        )
        for colour, version in ((Colour.BLUE, "1"), (Colour.GREEN, "2"))
    }
    cost = Cost(pods=3, cpu_millicores=1500, memory_bytes=3 * 512 * 2**20)
    return Plan(
        word=word,
        reasons=reasons,
        active_colour=Colour.GREEN,
        confirmed_colour=Colour.BLUE,
        namespace="teal",
        traffic="goes from blue 1 to green 2",
        rollback=Rollback(colour=Colour.BLUE, version="1", warm=True, how="asks for capacity"),
        idle_cost=cost,
        services={
            "backend": ServicePlan(
                word=word,
                reasons=reasons,
                live_colour=Colour.BLUE,
                slots=slots,
                proof=Proof(asked=("capacity", "version"), skipped={"metrics": "Prometheus is down"}),
                idle_cost=cost,
            )
        },
    )


def run(text: str, tmp_path: Path, *options: str) -> int:
    """The command's exit status on a file that holds this."""
    file = tmp_path / "plan.json"
    file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        app(["plan", str(file), *options])
    return int(ended.value.code or 0)


def step(plan: Plan, op: str) -> dict[str, Any]:
    """A step of `pulumi preview --json`."""
    state = {"type": plan_command.COMPONENT, "inputs": plan.model_dump(mode="json", by_alias=True)}
    return {"op": op, "urn": "urn", "newState": state}


@pytest.mark.parametrize(
    "document",
    [
        a_plan().model_dump(mode="json", by_alias=True),
        {"activeColour": "green", "plan": a_plan().model_dump(mode="json", by_alias=True)},
        {"steps": [{"op": "same", "newState": {"type": "pulumi:pulumi:Stack"}}, step(a_plan(), "update")]},
    ],
    ids=["the file of a preview", "stack outputs", "pulumi preview --json"],
)
def test_a_plan_is_found(document: object) -> None:
    """Whole, in each of the documents that hold one."""
    assert plan_command.read(json.dumps(document)) == a_plan()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({"plan": {"word": "SOMETHING"}}),
        json.dumps({"steps": [step(a_plan(), "same")]}),  # may be the last update's
    ],
)
def test_what_holds_no_plan_of_this_update_fails(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, and what to do instead; never a plan that another update had."""
    assert run(text, tmp_path) == 1
    assert "holds no plan" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "options", "status"),
    [
        (Word.FLIP, [], 0),
        (Word.ROLLING, [], 0),
        (Word.UNSAFE, [], 4),
        (Word.PREPARE, ["--allow", "NOTHING", "--allow", "PREPARE"], 0),
        (Word.FLIP, ["--allow", "NOTHING", "--allow", "PREPARE"], 4),
        (Word.UNSAFE, ["--allow", "UNSAFE"], 4),
    ],
)
def test_the_exit_status_says_whether_the_word_is_let_through(
    word: Word, options: list[str], status: int, tmp_path: Path
) -> None:
    """UNSAFE never is; of the others those that are allowed, by default all."""
    assert run(a_plan(word).model_dump_json(by_alias=True), tmp_path, *options) == status


def test_json_is_what_was_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts: the same keys, one document."""
    text = a_plan().model_dump_json(by_alias=True)
    assert run(text, tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(text)


def test_a_comment_begins_with_the_word_and_fits_a_phone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Marker, word in bold, and no more than ten lines before the rest is folded."""
    assert run(a_plan().model_dump_json(by_alias=True), tmp_path, "--markdown") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["<!-- teal plan -->", "**FLIP** live traffic moves"]
    folded = lines.index("<details><summary>Services, pods, gates, cost</summary>")
    assert folded <= 10
    rest = "\n".join(lines[folded:])
    for said in ("3 of 3 ready → 3", "capacity, version; skipped: metrics (Prometheus is down)", "1.5 CPU, 1.5Gi"):
        assert said in rest


def test_the_rest_of_many_reasons_is_folded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Four are shown, all are there."""
    reasons = tuple(f"reason {number}" for number in range(7))
    run(a_plan(reasons=reasons).model_dump_json(by_alias=True), tmp_path, "--markdown")
    shown, folded = capsys.readouterr().out.split("<details>")
    assert "and 3 more, below" in shown
    assert [f"- reason {number}" in shown for number in range(7)] == [True] * 4 + [False] * 3
    assert [f"- reason {number}" in folded for number in range(7)] == [False] * 4 + [True] * 3


@pytest.mark.parametrize("said", ["<img src=x>", "</details>", "@everyone", "a | b", "`x`", "**no**", "[a](http://b)"])
def test_what_people_typed_is_text_in_a_comment(said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No markup, no mention, no link comes out of a reason."""
    run(a_plan(reasons=(f"what '{said}' wrote",)).model_dump_json(by_alias=True), tmp_path, "--markdown")
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("- what"))
    assert said not in line


def test_the_page_explains_every_word() -> None:
    """In its table, and in the order in which the graver word is said."""
    page = (Path(__file__).parents[4] / "docs/plan.md").read_text()
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("| `") and line[3].isupper()] == [*Word]
