"""What is told of a stage: who, from what to what, the numbers; and the same for machines."""

import json

import pytest

from teal.history.model import Stage
from teal.model.verdict import Outcome
from teal.notifications.audience import Audience
from teal.notifications.messages import LINES, message, passed
from tests.unit.teal.notifications.flips import BEGUN, flip, verdict

AUDIENCE = Audience(stack="production", link="https://ci.example/{number}")
BAKED = "2026-01-01T00:00:09.000+00:00"


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_words_of_its_own(stage: Stage) -> None:
    """The title says which stack, which flip, where to, and what became of it."""
    title = message(flip(stage), stage, AUDIENCE, "teal").title
    assert title.startswith("production: flip 7 to green 1.1.0 ")
    assert sum(title == message(flip(each), each, AUDIENCE, "teal").title for each in Stage) == 1


def test_a_text_says_who_from_what_to_what_and_what_was_measured() -> None:
    """In lines that a chat can show, with the link last."""
    seen = verdict("bake", seen="0.1 % (3 of 3000) of the front door's answers failed")
    confirmed = flip(Stage.CONFIRMED, verdicts=(verdict(), seen), skipped={"contract": "no API"})
    assert message(confirmed, Stage.CONFIRMED, AUDIENCE, "teal").body.splitlines() == [
        f"backend, frontend: from blue 1.0.0 to green 1.1.0; begun {BEGUN} by somebody@example.",
        "2 of 2 verdicts passed.",
        "- bake of backend PASSED: 0.1 % (3 of 3000) of the front door's answers failed; needed: 2",
        "Not asked: contract.",
        "https://ci.example/7",
    ]


def test_what_did_not_pass_comes_first_and_no_text_is_long() -> None:
    """A chat takes 2,000 characters: of many verdicts a few are named, and how many more there are."""
    failed = tuple(verdict(f"smoke.{number}", Outcome.FAILED, "x" * 400) for number in range(20))
    body = message(flip(Stage.REFUSED, verdicts=(verdict(), *failed)), Stage.REFUSED, AUDIENCE, "teal").body
    assert "1 of 21 verdicts passed." in body
    assert body.count("\n- smoke.") == LINES
    assert f"- and {20 - LINES} more" in body
    assert len(body) < 2000


def test_a_reason_without_a_verdict_is_told() -> None:
    """Of the stage that it is the reason of, and of no other."""
    overtaken = flip(Stage.OVERTAKEN, reason="backend leads to red", bake_began_at=BAKED)
    assert "backend leads to red" in message(overtaken, Stage.OVERTAKEN, AUDIENCE, "teal").body
    assert "backend leads to red" not in message(overtaken, Stage.BAKING, AUDIENCE, "teal").body


def test_nobody_is_called_by_what_a_pod_answered() -> None:
    """Mentions of a channel or of everyone are broken; addresses stay what they are."""
    failed = verdict("smoke", Outcome.FAILED, "@everyone <!channel> somebody@example @here")
    body = message(flip(Stage.REFUSED, verdicts=(failed,)), Stage.REFUSED, AUDIENCE, "teal").body
    assert not [each for each in ("@everyone", "<!channel", "@here") if each in body]
    assert "somebody@example" in body


def test_a_machine_is_told_the_same_id_whenever_a_stage_is_told_again() -> None:
    """CloudEvents 1.0: source and id say which stage of which flip it is."""
    baking = flip(Stage.BAKING, bake_began_at=BAKED)
    event = message(baking, Stage.BAKING, AUDIENCE, "teal").event
    further = message(flip(Stage.CONFIRMED, bake_began_at=BAKED), Stage.BAKING, AUDIENCE, "teal").event
    assert (event["id"], event["source"], event["time"]) == (further["id"], further["source"], further["time"])
    assert event["id"] != message(baking, Stage.PROVEN, AUDIENCE, "teal").event["id"]
    assert {key: value for key, value in event.items() if key not in {"data", "id"}} == {
        "specversion": "1.0",
        "source": "/stacks/production/namespaces/teal",
        "type": "teal.flip.baking",
        "subject": "flips/7",
        "time": BAKED,
        "datacontenttype": "application/json",
    }
    data = json.loads(json.dumps(event["data"]))
    assert (data["number"], data["stage"], data["originVersion"], data["version"]) == (7, "BAKING", "1.0.0", "1.1.0")
    assert (data["services"], data["link"]) == (["backend", "frontend"], "https://ci.example/7")
    assert data["verdicts"][0]["outcome"] == "PASSED"
    assert not {"plan", "owner"} & data.keys()


def test_a_record_tells_which_stages_a_flip_went_through() -> None:
    """Also of those that its owner died over: only the last one is its stage."""
    assert passed(flip(Stage.PROVEN, allowed_at="")) == ()
    assert passed(flip(Stage.PROVEN)) == (Stage.PROVEN,)
    assert passed(flip(Stage.REFUSED, allowed_at="")) == (Stage.REFUSED,)
    assert passed(flip(Stage.CONFIRMED, bake_began_at=BAKED)) == (Stage.PROVEN, Stage.BAKING, Stage.CONFIRMED)
    reverted = (Stage.PROVEN, Stage.BAKING, Stage.REVERTING, Stage.REVERTED)
    assert passed(flip(Stage.REVERTED, bake_began_at=BAKED)) == reverted
    assert passed(flip(Stage.BAKING, bake_began_at=BAKED)) == (Stage.PROVEN, Stage.BAKING)
