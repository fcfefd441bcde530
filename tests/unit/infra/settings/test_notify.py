"""Settings of who is told: what they turn into, and what is refused without a word of what is secret in it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from teal_infra.settings import Settings, load, stack_file

from teal.history.model import Stage
from teal.model.errors import ConfigError

CHAT = "slack://T0K3N-a/b/c"


def loaded(notify: object) -> Settings:
    """A stack of one service, whose values are not marked as secret: as somebody forgets to."""
    raw = {
        "activeColour": "blue",
        "services": json.dumps({"backend": {}}),
        "blue": json.dumps({"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}}),
        "notify": json.dumps(notify),
    }
    return load.load(raw, stack="production")


def test_nobody_is_told_by_default() -> None:
    """Nor by settings that name nobody."""
    assert loaded({}).audience.nobody
    assert loaded({"link": "https://ci.example/{number}"}).audience.nobody


def test_each_receiver_hears_what_it_asked_for() -> None:
    """By default all but the two stages that last for a moment; a machine hears of every one."""
    pager = {"url": "pagerduty://a@b", "stages": ["STUCK", "REVERTED"]}
    audience = loaded(
        {"receivers": {"chat": {"url": CHAT}, "pager": pager}, "cloudEvents": {"url": "https://events.example"}}
    ).audience
    heard = {stage: {*audience.people(stage)} for stage in Stage}
    assert {stage for stage in Stage if "chat" in heard[stage]} == {*Stage} - {Stage.PROVEN, Stage.REVERTING}
    assert {stage for stage in Stage if "pager" in heard[stage]} == {Stage.STUCK, Stage.REVERTED}
    assert all(map(audience.listens, Stage))
    assert (audience.stack, audience.machines) == ("production", {"cloudEvents": "https://events.example"})


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        ({"receivers": {"chat": {"url": "https://hook.example/T0K3N"}}}, "teal:notify.receivers.chat.url"),
        ({"receivers": {"chat": {"url": "json://hook.example/T0K3N"}}}, "jsons://"),
        ({"receivers": {"chat": {"url": f"{CHAT}?template=/etc/T0K3N"}}}, "template is not allowed"),
        ({"receivers": {"chat": {"url": CHAT, "stages": []}}}, "teal:notify.receivers.chat.stages"),
        ({"receivers": {"chat": {"url": CHAT, "stages": ["DONE"]}}}, "teal:notify.receivers.chat.stages[0]"),
        ({"receivers": {"cloudEvents": {"url": CHAT}}}, "teal:notify.receivers"),
        ({"cloudEvents": {"url": "http://events.example/T0K3N"}}, "teal:notify.cloudEvents.url"),
        ({"cloudEvents": {"url": "file:///T0K3N"}}, "teal:notify.cloudEvents.url"),
        ({"link": "javascript:alert(1)"}, "teal:notify.link"),
    ],
)
def test_what_cannot_be_told_is_refused_and_no_token_is_shown(notify: object, said: str) -> None:
    """Also where nobody marked it as a secret; the next command asks for the value, and shows it to nobody."""
    with pytest.raises(ConfigError) as error:
        loaded(notify)
    assert said in str(error.value)
    assert "T0K3N" not in str(error.value)
    if ".url" in said:
        assert "--secret" in str(error.value)


def test_no_token_is_in_what_is_printed_of_settings() -> None:
    """Neither of the settings nor of who is told."""
    settings = loaded({"receivers": {"chat": {"url": CHAT}}, "cloudEvents": {"url": "https://events.example/T0K3N"}})
    assert "T0K3N" not in repr(settings)
    assert "T0K3N" not in repr(settings.audience)


def test_what_is_encrypted_is_let_through_where_nobody_decrypts_it(tmp_path: Path) -> None:
    """`teal validate` checks the file as it is."""
    config: dict[str, Any] = {
        "teal:activeColour": "blue",
        "teal:services": {"backend": {}},
        "teal:blue": {"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}},
        "teal:notify": {"receivers": {"chat": {"url": {"secure": "v1:x"}}}, "cloudEvents": {"url": {"secure": "v1:y"}}},
    }
    file = tmp_path / "Pulumi.production.yaml"
    file.write_text(yaml.safe_dump({"config": config}))
    found = stack_file.read(file)
    assert not load.load(found.raw, secret=found.secret, stack=found.stack).audience.nobody
