"""The plan of an update with a worker: its word, and who takes work meanwhile."""

from dataclasses import replace
from typing import Any

import pytest
from teal_infra.planning import plan
from teal_infra.planning.live import Live

from teal.model.colours import Colour
from teal.plans.model import Plan, Word
from tests.unit.infra.declaring import CALLERS
from tests.unit.infra.worlds import BASE, edited, flip, settings, settled

WORKER: dict[str, Any] = {
    "services.mailer": {"kind": "worker", "autoscaling": {"enabled": False}, "replicas": 2},
    "blue.mailer": {"image": "registry.example/mailer:1.0.0"},
    "green.mailer": {"image": "registry.example/mailer:1.1.0"},
}
STACK = edited(BASE, WORKER)


def at_rest(**changes: Any) -> Live:  # noqa: ANN401 - any JSON
    """The cluster after an update to the stack: both live on blue."""
    found = settled(edited(STACK, changes))
    return replace(found, services={**found.services, "mailer": replace(found.services["mailer"], worker=True)})


def made(changes: dict[str, Any], found: Live | None = None) -> Plan:
    """The plan of a change."""
    return plan.make(settings(edited(STACK, changes)), found or at_rest())


def test_at_rest_nothing_is_to_do_and_nobody_idle_has_pods() -> None:
    """Whatever autoscalers there are."""
    said = made({})
    assert said.word is Word.NOTHING, said.reasons
    planned = said.services["mailer"].slots[Colour.GREEN].planned
    assert planned is not None
    assert (planned.replicas, planned.state) == (0, "idle")
    assert said.services["mailer"].idle_cost.pods == 0
    assert said.rollback.how == "mailer starts again with it; asks for every gate: this release was never confirmed"


def test_a_flip_is_one_although_the_worker_starts_in_it() -> None:
    """It says with how many pods, and how long both colours take work."""
    said = made({"activeColour": "green"})
    assert (said.word, said.services["mailer"].word) == (Word.FLIP, Word.FLIP)
    assert said.services["mailer"].reasons[0] == (
        "the work of blue 1.0.0 goes to green 1.1.0, which starts with 2 pods; blue 1.0.0 takes work beside it, and "
        "stops once that is confirmed"
    )
    assert "blue 1.0.0 is idle: its 2 pods go, right after the move" in said.services["mailer"].reasons


def test_a_worker_that_somebody_else_scales_starts_with_pods() -> None:
    """As many as its Deployment says then: its autoscaler counts none before."""
    external = {"services.mailer.autoscaling": {"external": True}, "services.mailer.replicas": None}
    planned = made(external, Live(at="2026-01-01T00:00:00+00:00")).services["mailer"].slots[Colour.BLUE].planned
    assert planned is not None
    assert planned.replicas == 3


def test_a_gap_is_said_before() -> None:
    """`overlap: forbidden`."""
    said = made({"activeColour": "green", "services.mailer.overlap": "forbidden"})
    assert (
        "blue 1.0.0 stops first, so nobody takes work until green 1.1.0 is ready" in said.services["mailer"].reasons[0]
    )


def test_a_rollback_starts_what_was_confirmed_before() -> None:
    """And says so once."""
    found = at_rest(activeColour="green")
    declared = settings(STACK)
    known = replace(found, history=found.history.with_flip(flip(declared, found)))
    assert made({}, known).word is Word.ROLLBACK


def test_an_idle_release_that_changes_is_prepared_without_pods() -> None:
    """Its image is another one; nobody runs it yet."""
    said = made({"green.mailer.image": "registry.example/mailer:2.0.0"})
    assert said.word is Word.PREPARE
    assert said.services["mailer"].reasons == ("green changes: image",)


@pytest.mark.parametrize("kind", ["service", "worker"])
def test_what_is_live_does_not_become_another_kind(kind: str) -> None:
    """What makes it live would go."""
    found = at_rest()
    name = "mailer" if kind == "service" else "backend"
    changes: dict[str, Any] = {f"services.{name}": {"kind": kind}}
    said = made(changes, found)
    assert said.word is Word.UNSAFE
    assert f"{name} is live as a" in said.reasons[0]


def test_a_share_of_live_traffic_is_none_of_a_worker() -> None:
    """It is not asked for one, and is not said to get one."""
    gateway: dict[str, Any] = {
        "router": "gateway",
        "gateway": {"name": "public"},
        "canaryWeight": "10",
        "services.backend.network": CALLERS["network"],
    }
    found = replace(
        at_rest(**gateway),
        record={"colour": "blue", "version": "1.0.0", "canary": "10", "since": "2026-01-01T00:00:00+00:00"},
    )
    services = {**found.services, "backend": replace(found.services["backend"], share=10)}
    assert made(gateway, replace(found, services=services)).services["mailer"].word is Word.NOTHING
