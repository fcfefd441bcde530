"""What runs already becomes a colour of a stack, in three steps."""

import json
from dataclasses import replace

from teal_infra.planning import adoption
from teal_infra.planning.move import move_of

from teal.history.model import History
from teal.model.adopted import Adopted
from teal.model.colours import Colour
from teal.plans.model import Word
from tests.unit.infra.declaring import declared
from tests.unit.infra.planning.adoption.existing import APP, STACK, beside, made, pods, service, taken, there, world
from tests.unit.infra.worlds import edited, settings


def test_the_first_step_makes_blue_beside_what_runs() -> None:
    """It moves nothing, and says what it takes over."""
    planned = made(STACK, world())
    assert planned.word is Word.PREPARE, planned.reasons
    assert planned.services["shop"].live_colour is Colour.GREEN
    assert "Service shop is taken over as it is, and goes on leading to green" in planned.reasons[0]
    assert planned.services["shop"].idle_cost.pods == 3


def test_the_second_step_is_a_flip_with_every_gate() -> None:
    """By the pods that the old Deployment has."""
    raw = edited(STACK, {"activeColour": "blue"})
    planned = made(raw, beside(Colour.GREEN))
    assert planned.word is Word.FLIP, planned.reasons
    assert {"capacity", "version"} <= {*planned.services["shop"].proof.asked}
    assert "goes back where more than" in planned.traffic


def test_the_way_back_asks_what_can_be_asked_of_pods_that_the_stack_did_not_make() -> None:
    """Their number and their answers; what they run, nobody declared."""
    live = beside(Colour.BLUE)
    move = move_of(settings(STACK), live)
    gates = move.flip_set["shop"].gates
    assert "capacity" in gates
    assert not {"version", "image"} & gates
    assert made(STACK, live).word is Word.FLIP


def test_the_third_step_lets_the_old_pods_go() -> None:
    """And says that they stay, and how they end."""
    raw = edited(STACK, {"activeColour": "blue", "green": None})
    live = replace(beside(Colour.BLUE, edited(STACK, {"activeColour": "blue"})), existing=adoption.NOTHING)
    live = replace(live, slots={key: each for key, each in live.slots.items() if key[1] is Colour.BLUE})
    planned = made(raw, live)
    assert planned.word is Word.RETIRE, planned.reasons
    assert "app=shop" in planned.reasons[0]


def test_nobody_confirms_what_had_the_traffic_before_there_was_a_stack() -> None:
    """There is no move to watch; after the first flip the record says what is confirmed."""
    assert move_of(settings(STACK), world()).confirmed is Colour.GREEN
    assert move_of(settings(edited(STACK, {"activeColour": "blue"})), world()).confirmed is None
    assert world().history == History()


async def test_the_service_keeps_its_pods_its_port_and_its_life() -> None:
    """The stack takes it over as it is, and leaves it where it leads to nothing of the stack's."""
    raw = {key: each if isinstance(each, str) else json.dumps(each) for key, each in STACK.items()}
    found = await declared(raw, world())
    service_ = found["Service", "shop-active"]
    assert service_["spec"]["selector"] == APP
    assert service_["spec"]["ports"] == [{"name": "web", "port": 80, "targetPort": 8000, "protocol": "TCP"}]
    assert json.loads(service_["metadata"]["annotations"]["teal/adopted"]) == {"green": APP}
    assert service_["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"
    assert found["Service", "shop-green"]["spec"]["selector"] == APP
    assert found["Service", "shop-green"]["spec"]["ports"][0]["targetPort"] == 8000
    assert [name for name in found.names("Deployment") if "green" in name] == []
    assert found.names("Namespace") == []


async def test_no_autoscaler_holds_pods_that_the_stack_did_not_make() -> None:
    """Also in the update that moves traffic away from them, which asks blue for as many."""
    raw = {key: each if isinstance(each, str) else json.dumps(each) for key, each in STACK.items()}
    existing = there(deployment=pods(7), service=service(Adopted(Colour.GREEN, APP).annotation))
    live = world(STACK, existing, services={"shop": taken(Colour.GREEN)})
    found = await declared({**raw, "activeColour": "blue"}, live)
    assert found.names("HorizontalPodAutoscaler") == ["shop-blue-autoscaler"]
    assert found["HorizontalPodAutoscaler", "shop-blue-autoscaler"]["spec"]["minReplicas"] == 7
