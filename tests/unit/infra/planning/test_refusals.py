"""What would take live traffic its pods away is refused before anything is touched."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from teal_infra.components import fingerprint
from teal_infra.planning import slots
from teal_infra.planning.live import Live
from teal_infra.planning.refusals import dangers
from teal_infra.settings import Settings
from teal_infra.settings.load import load

from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.model.live import LiveService, LiveSlot
from teal.spec.bake import BakePlan
from tests.unit.infra.declaring import CALLERS

NOW = "2026-01-01T12:00:00+00:00"


def settings(active: str = "blue", services: str = "backend", **changes: Any) -> Settings:  # noqa: ANN401 - raw config
    """A stack with both colours, unless said otherwise."""
    slot = {"version": "1", services: {"image": "registry.example/a:1"}}
    raw: dict[str, Any] = {"services": {services: {"port": 8000, **CALLERS}}, "blue": slot, "green": slot}
    raw |= changes
    texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in raw.items() if each is not None}
    return load({"activeColour": active, **texts}, stack="dev")


def stamped(colour: Colour, **changes: Any) -> Mapping[str, str]:  # noqa: ANN401 - raw config
    """What a Deployment says that was made from these settings."""
    made = slots.fingerprint_of(settings(**changes), "backend", colour)
    assert made is not None
    return fingerprint.annotations_of(made, {}, NOW)


def live(colour: str = "blue", *, confirmed: str = "blue", since: str = "2026-01-01T00:00:00+00:00") -> Live:
    """A backend whose traffic goes to a colour, both colours with three pods."""
    service = LiveService(
        colour=Colour(colour), selector={}, annotations={}, resource_version="1", writer="pulumi-kubernetes"
    )
    return Live(
        services={"backend": service},
        slots={("backend", each): LiveSlot(annotations=stamped(each), replicas=3) for each in Colour},
        record={"colour": confirmed, "since": since},
        at=NOW,
    )


def refused(declared: Settings, found: Live) -> Sequence[str]:
    """Why an update is."""
    return [each.text for each in dangers(declared, found, slots.compared(declared, found))]


def slot(state: str) -> Mapping[str, Any]:
    """A slot in a state."""
    return {"version": "1", "state": state, "backend": {"image": "registry.example/a:1"}}


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        (settings(), live()),
        (settings("green"), live()),
        (settings(green=None), live()),
        (settings(green=slot("retired")), live()),
        (settings(green=slot("stopped")), live(confirmed="green")),
        (settings("green", blue=slot("stopped")), live()),  # the emergency: away from it and end it
        (settings(services="frontend", removed=["backend"]), live()),
        (settings(), Live()),
    ],
)
def test_what_leaves_live_traffic_its_pods_is_let_through(declared: Settings, found: Live) -> None:
    """Flips, idle slots that go, and removals that were asked for."""
    assert refused(declared, found) == []


@pytest.mark.parametrize(
    ("declared", "found", "said"),
    [
        (settings("green", blue=None), live(), "slot blue is live, and the config has no teal:blue"),
        (settings("green", blue=slot("retired")), live(), "slot blue is live, and teal:blue.state is retired"),
        (settings(services="frontend"), live(), "service backend carries live traffic"),
        (settings(green=slot("retired")), live(confirmed="green"), "blue is not confirmed yet"),
        (
            settings(green=slot("retired")),
            live(since="2026-01-01T11:59:01+00:00"),
            "confirmed only since 2026-01-01T11:59:01",
        ),
    ],
)
def test_what_does_not_is_refused_by_name(declared: Settings, found: Live, said: str) -> None:
    """The message names the slot or service, the consequence and the next command."""
    (text,) = refused(declared, found)
    assert said in text
    assert "Next:" in text


def test_after_a_revert_it_settles_anew() -> None:
    """Traffic came back a moment ago, and the record is what it was before: routers have to follow all the same."""
    flip = Flip(
        number=2,
        origin=Colour.BLUE,
        to=Colour.GREEN,
        version="1.1.0",
        by="somebody",
        begun="2026-01-01T11:58:00+00:00",
        ended="2026-01-01T11:59:30+00:00",
        stage=Stage.REVERTED,
        plan=BakePlan(services={}, seconds=300, error_percent=5, samples=0, window=60),
    )
    (text,) = refused(settings(green=slot("retired")), replace(live(), history=History(flips=(flip,))))
    assert "confirmed only since 2026-01-01T11:59:30" in text


def test_a_colour_may_retire_once_the_other_has_settled() -> None:
    """60 s after the confirmation, and not a second before."""
    assert refused(settings(green=slot("retired")), live(since="2026-01-01T11:59:00+00:00")) == []


GATEWAY: Mapping[str, Any] = {"router": "gateway", "gateway": {"name": "public"}}
CHANGED = {"version": "1", "backend": {"image": "registry.example/a:2"}}


@pytest.mark.parametrize(
    ("more", "gone", "why"),
    [
        ({"canaryWeight": 10}, False, []),
        ({"canaryWeight": 10, "green": CHANGED}, False, ["pods of green of backend change as well (image)"]),
        ({"canaryWeight": 10}, True, ["pods of green of backend change as well (it has no pods yet)"]),
        ({"canaryMatch": {"header": "X-Canary", "value": "1"}}, False, []),
        ({"canaryMatch": {"header": "X-Canary", "value": "1"}}, True, ["clients with header X-Canary: 1 to green"]),
        ({"green": CHANGED}, False, []),
    ],
)
def test_nobody_is_sent_to_a_colour_that_is_rolled_out_in_the_same_update(
    more: Mapping[str, Any], why: Sequence[str], *, gone: bool
) -> None:
    """It comes after the share, which would meet what nobody has proven, or nobody at all."""
    slots_of = {
        ("backend", each): LiveSlot(annotations=stamped(each), replicas=3)
        for each in Colour
        if not (gone and each is Colour.GREEN)
    }
    found = replace(live(), slots=slots_of)
    said = refused(settings(**GATEWAY, **more), found)
    assert [text for text in said if not any(part in text for part in why)] == []
    assert len(said) == len(why)


@pytest.mark.parametrize(
    ("more", "what", "then"),
    [
        ({}, "Service backend is there already", "config set --path teal:green.backend.adopt.deployment NAME"),
        (GATEWAY, "HTTPRoute backend is there already", "Next: pulumi config rm teal:gateway, pulumi config set "),
    ],
    ids=["service", "gateway"],
)
def test_what_others_made_is_not_taken_from_them(more: Mapping[str, Any], what: str, then: str) -> None:
    """The API server would refuse that too, but late, and in words that name no way."""
    theirs = replace(live().services["backend"], colour=None, selector={"app": "old"})
    (text,) = refused(settings(**more), Live(others={"backend": theirs}, at=NOW))
    assert f"{what}, leads to {{'app': 'old'}}, and no stack made it: the API server would refuse" in text
    assert then in text


def test_a_service_of_the_stack_that_lost_its_label_is_given_back_to_it() -> None:
    """Somebody made it anew from an older manifest; adoption is for what no stack has made."""
    theirs = replace(live().services["backend"], writer="kubectl-client-side-apply")
    (text,) = refused(settings(), Live(others={"backend": theirs}, at=NOW))
    assert "Service backend leads to blue of this stack" in text
    assert "Next: kubectl -n teal label service backend app.kubernetes.io/part-of=teal, then pulumi up" in text


@pytest.mark.parametrize(("writer", "copied"), [("kubectl-create", True), ("pulumi-kubernetes-teal", False)])
def test_a_copy_of_a_service_that_somebody_made_can_leave_the_stack(writer: str, *, copied: bool) -> None:
    """It has the stack's label, and would hold up every update, the way back with them."""
    copy = replace(live().services["backend"], writer=writer)
    (text,) = refused(settings(), replace(live(), services={**live().services, "copy": copy}))
    assert "pulumi config set --path 'teal:removed[0]' copy" in text
    assert ("kubectl -n teal label service copy app.kubernetes.io/part-of-" in text) is copied


BY_HAND = ("registry.example/a:2", "kubectl-set")


@pytest.mark.parametrize(
    ("active", "given", "changes", "is_refused"),
    [
        ("green", BY_HAND, {}, True),
        ("green", ("registry.example/a:1", "kubectl-set"), {}, False),  # what the message asks for
        ("green", BY_HAND, {"green": CHANGED}, False),  # this update writes the declared one
        ("blue", BY_HAND, {}, False),  # it is idle, and stays so
        ("green", None, {}, False),
    ],
)
def test_no_traffic_goes_to_an_image_that_somebody_gave_the_pods(
    active: str, given: tuple[str, str] | None, changes: Mapping[str, Any], *, is_refused: bool
) -> None:
    """Its pods answer with the declared version, which they are told, so no gate would know."""
    found = live()
    green = replace(found.slots["backend", Colour.GREEN], given=given)
    said = refused(settings(active, **changes), replace(found, slots={**found.slots, ("backend", Colour.GREEN): green}))
    assert [("which 'kubectl-set' wrote" in text) for text in said] == [True] * is_refused
    assert all("set image deployment/backend-green backend=registry.example/a:1, then" in text for text in said)


def test_a_rollback_takes_no_image_that_somebody_gave_the_pods_for_the_confirmed_one() -> None:
    """`teal rollback` compares what pods run with."""
    slot_ = live().slots["backend", Colour.GREEN]
    assert slot_.identity
    assert replace(slot_, given=BY_HAND).identity != slot_.identity
    assert (
        replace(slot_, given=("registry.example/a:1", "kubectl-set")).identity == slot_.identity
    )  # as it was declared
