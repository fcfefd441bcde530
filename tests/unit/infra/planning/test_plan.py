"""The plan beside its word: gates, capacity, cost, the way back; and where it is shown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from teal_infra.components import fingerprint
from teal_infra.planning import plan, slots
from teal_infra.planning.live import Live

from teal.model.colours import Colour
from teal.model.errors import RefusedError, TealError
from teal.model.labels import PARTS
from teal.plans import render
from teal.plans.model import Plan, Word
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.declaring import ALB, CALLERS
from tests.unit.infra.running import Recorder, run
from tests.unit.infra.worlds import BASE, edited, flip, scaled, settings, settled

GREEN: dict[str, Any] = {"activeColour": "green"}
GATES: dict[str, Any] = {
    "prometheus": {"url": "http://prometheus:9090"},
    "services.backend.gates": {"contract": {}, "metrics": {}},
    "approval": {},
}


def made(change: dict[str, Any], base: dict[str, Any] | None = None, found: Live | None = None) -> Plan:
    """The plan of a change."""
    deployed = edited(BASE, base or {})
    return plan.make(settings(edited(deployed, change)), found or settled(deployed))


def remembered(*configs: dict[str, Any]) -> Live:
    """Live as in the first config, and each of the others was confirmed once."""
    live = settled(edited(BASE, configs[0]))
    for config in configs[1:]:
        live = replace(live, history=live.history.with_flip(flip(settings(edited(BASE, config)), live)))
    return live


def test_a_flip_is_asked_for_all_its_gates() -> None:
    """Those of each service, and the flip set's."""
    said = made({**GREEN, **GATES}, base=GATES)
    assert said.services["backend"].proof.asked[:2] == ("capacity", "version")
    assert {"contract.changes", "metrics.errors", "smoke.readiness"} <= {*said.services["backend"].proof.asked}
    assert said.proof.asked == ("approval",)


def test_a_gate_that_is_switched_off_is_named_with_the_reason() -> None:
    """As the stack gives it."""
    said = made({**GREEN, **GATES, "skipGates": {"metrics": "it is down", "approval": "INC-1"}}, base=GATES)
    assert said.services["backend"].proof.skipped == {"metrics": "it is down"}
    assert not any(gate.startswith("metrics") for gate in said.services["backend"].proof.asked)
    assert said.proof.asked == ()
    assert said.proof.skipped == {"approval": "INC-1"}


def test_a_rollback_is_asked_for_less() -> None:
    """Capacity, version and smoke; the rest is named as left out."""
    live = remembered({**GATES, **GREEN}, GATES)
    said = made({**GATES, "activeColour": "blue"}, base={**GATES, **GREEN}, found=live)
    assert said.word is Word.ROLLBACK
    assert said.services["backend"].proof.asked == ("capacity", "version", "smoke.readiness")
    assert {*said.services["backend"].proof.skipped} == {"contract", "metrics"}
    assert {*said.proof.skipped} == {"approval"}


def test_a_service_that_is_there_already_is_proven_with_the_others() -> None:
    """What flips together is proven together: also when one of them is new, or half of them have moved."""
    more: dict[str, Any] = {
        "services.frontend": {"port": 8000, "contract": True},
        "blue.frontend": {"image": "registry.example/frontend:1.0.0"},
        "green.frontend": {"image": "registry.example/frontend:1.1.0"},
    }
    said = made(more)
    assert said.services["backend"].proof.asked == said.services["frontend"].proof.asked != ()
    assert said.traffic.startswith("of frontend goes from nothing to blue 1.0.0")


def test_where_nothing_moves_no_gate_is_asked() -> None:
    """A slot that is prepared is not proven yet."""
    said = made({"green.version": "2.0.0"})
    assert said.services["backend"].proof.asked == ()


@pytest.mark.parametrize(
    ("change", "colour", "warm", "how"),
    [
        (GREEN, "blue", True, "asks for capacity, version and smoke alone"),
        ({}, "green", True, "asks for every gate: this release was never confirmed"),
        ({"green.state": "retired"}, "green", False, "it is retired, so its pods are started first; asks for every"),
        ({"green": None}, None, False, "none: there is no release in green"),
    ],
)
def test_the_way_back_is_said(change: dict[str, Any], colour: str | None, how: str, *, warm: bool) -> None:
    """Where it leads, whether it is warm, and what it will be asked for."""
    back = made(change).rollback
    assert (back.colour, back.warm) == (colour, warm)
    assert how in back.how


@pytest.mark.parametrize(
    ("base", "asks"),
    [
        ({"skipGates": {"smoke": "INC-1"}}, "asks for capacity and version alone"),
        (
            {"router": "alb", "alb": ALB, "services.backend.network": CALLERS["network"]},
            "asks for capacity, version, alarms, smoke and targets alone",
        ),
    ],
)
def test_the_way_back_names_what_it_will_be_asked_for(base: dict[str, Any], asks: str) -> None:
    """The gates of this stack, not of every stack."""
    assert made(GREEN, base=base).rollback.how == asks


def test_the_idle_colour_costs_its_requests_times_its_pods() -> None:
    """Three pods of 500m and 512Mi."""
    cost = made({}).idle_cost
    assert (cost.pods, cost.cpu_millicores, cost.memory_bytes) == (3, 1500, 3 * 512 * 2**20)
    assert render.cost(cost) == "3 pods, 1.5 CPU, 1.5Gi memory"
    assert made({"green.state": "retired"}).idle_cost.pods == 0


def test_a_destination_is_planned_with_what_live_has() -> None:
    """Eight pods serve, so eight are asked for before the flip; live keeps its own."""
    slots_ = made(GREEN, found=scaled(settled(BASE), "blue", 8)).services["backend"].slots
    planned = {colour: slot.planned.replicas for colour, slot in slots_.items() if slot.planned}
    assert planned == {Colour.BLUE: 8, Colour.GREEN: 8}


def test_a_stamp_shows_no_secret_and_no_digest_of_one() -> None:
    """Only of the name of its Secret, which every pod's spec has; the same value in another colour is another name."""
    declared = settings(edited(BASE, {"blue.backend.secrets": {"A": "x"}, "green.backend.secrets": {"A": "x"}}))
    parts: list[str] = []
    for colour in Colour:
        it = slots.fingerprint_of(declared, "backend", colour)
        assert it is not None
        assert it.secret_name is not None
        parts.append(it.parts.pod["secrets"])
        assert it.secret_name not in it.parts.model_dump_json()
    assert len(set(parts)) == 2


def test_a_stamp_that_cannot_be_read_is_none() -> None:
    """Somebody edited it: what changes is not known by name, and whether anything does still is."""
    live = settled(BASE)
    key = ("backend", Colour.GREEN)
    spoiled = {**live.slots[key].annotations, PARTS: "{"}
    found = replace(live, slots={**live.slots, key: replace(live.slots[key], annotations=spoiled)})
    assert made({}, found=found).word is Word.NOTHING
    assert made({"green.version": "2"}, found=found).services["backend"].slots[Colour.GREEN].changes == ("unrecorded",)


def test_a_teal_that_makes_other_pods_says_so() -> None:
    """Nothing of the config changes, the template does: pods will be replaced."""
    live = settled(BASE)
    key = ("backend", Colour.BLUE)
    before = fingerprint.Parts.model_validate_json(live.slots[key].annotations[PARTS])
    other = before.model_copy(update={"template": "0" * 12}).model_dump_json()
    slot = replace(live.slots[key], annotations={**live.slots[key].annotations, PARTS: other})
    said = made({}, found=replace(live, slots={**live.slots, key: slot}))
    assert said.word is Word.ROLLING
    assert "replaced in place: teal" in said.reasons[0]


def test_the_keys_that_others_read_are_there() -> None:
    """Policies and scripts go by these names."""
    content = made(GREEN).model_dump(mode="json", by_alias=True)
    assert {"word", "reasons", "activeColour", "confirmedColour", "namespace", "services"} <= {*content}
    service = content["services"]["backend"]
    assert {"word", "reasons", "liveColour", "slots"} <= {*service}
    assert {*service["slots"]} == {"blue", "green"}
    assert {"now", "planned", "changes"} <= {*service["slots"]["blue"]}
    assert {"version", "replicas", "ready"} <= {*service["slots"]["blue"]["now"]}
    assert {"version", "replicas", "state", "digest"} <= {*service["slots"]["blue"]["planned"]}
    assert Plan.model_validate(content) == made(GREEN)


async def program(server: FakeApiServer, change: dict[str, Any], *, preview: bool) -> tuple[Recorder, int]:
    """Run the whole program against a cluster where blue is live; what it registered, and its exit status."""
    live = settled(BASE)
    server.service("backend", "blue")
    server.answers["/apis/apps/v1/namespaces/teal/deployments"] = (
        200,
        {"items": [_deployment(live, each) for each in Colour]},
    )
    server.answers["/api/v1/namespaces/teal/configmaps/teal-confirmed"] = (
        200,
        {"metadata": {"name": "teal-confirmed", "resourceVersion": "1"}, "data": dict(live.record)},
    )
    raw = edited(BASE, change)
    texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in raw.items()}
    return await run(texts, server, preview=preview)


def _deployment(live: Live, colour: Colour) -> dict[str, Any]:
    slot = live.slots["backend", colour]
    labels = {"app.kubernetes.io/name": "backend", "teal/colour": colour, "app.kubernetes.io/version": slot.version}
    return {
        "metadata": {
            "name": f"backend-{colour}",
            "labels": labels,
            "annotations": dict(slot.annotations),
            "resourceVersion": "1",
        },
        "spec": {"replicas": 3},
        "status": {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3},
    }


UNSAFE: dict[str, Any] = {**GREEN, "blue.backend.env": {"A": "1"}}


def test_the_refusal_is_the_plan_word_for_word() -> None:
    """All of its reasons, and no other; what is not UNSAFE is let through."""
    said = made({**UNSAFE, "services.backend.autoscaling": {"maxReplicas": 3}})
    with pytest.raises(RefusedError) as refused:
        plan.require_safe(said)
    assert str(refused.value).splitlines()[1:] == [f"  {reason}" for reason in said.reasons]
    plan.require_safe(made(GREEN))


async def test_unsafe_is_never_applied(api_server: FakeApiServer) -> None:
    """With or without a policy pack: the program itself ends with 1, and has registered nothing at all."""
    recorder, status = await program(api_server, UNSAFE, preview=False)
    assert (recorder.names, status) == ([], 1)


async def test_a_preview_of_unsafe_has_the_plan_and_nothing_else(api_server: FakeApiServer) -> None:
    """So that a policy pack and a pull request see it; it fails all the same."""
    recorder, status = await program(api_server, UNSAFE, preview=True)
    assert (recorder.names, status) == ([("teal:index:Plan", "plan")], 1)


async def test_the_plan_is_registered_before_anything_else(api_server: FakeApiServer) -> None:
    """Whatever judges it has seen it before the provider, without which nothing reaches a cluster."""
    recorder, status = await program(api_server, GREEN, preview=False)
    assert status == 0
    order = {kind: number for number, (kind, _) in enumerate(recorder.names)}
    assert order["teal:index:Plan"] < order["pulumi:providers:kubernetes"]
    assert len(recorder.names) > 20


def test_a_preview_writes_the_plan_where_it_is_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says which file, if it cannot."""
    said = made(GREEN)
    monkeypatch.setenv(plan.FILE, str(tmp_path / "plan.json"))
    plan.write(said)
    assert Plan.model_validate_json((tmp_path / "plan.json").read_text()) == said
    monkeypatch.setenv(plan.FILE, str(tmp_path / "none" / "plan.json"))
    with pytest.raises(TealError, match=r"none/plan.json.*TEAL_PLAN_FILE"):
        plan.write(said)
    monkeypatch.delenv(plan.FILE)
    plan.write(said)
