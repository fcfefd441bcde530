"""What would lose a request of what runs already is refused, with what mends it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from teal_infra.planning.adoption import Existing

from teal.adapters.kubernetes.objects import Bare
from teal.model.adopted import Adopted
from teal.model.colours import Colour
from teal.model.live import LiveService
from teal.plans.model import Word
from tests.unit.infra.planning.adoption.existing import APP, STACK, beside, made, pods, service, there, world
from tests.unit.infra.worlds import edited

WEB = {"name": "web", "port": 80, "targetPort": 8000}
FURTHER = {"services.shop.frontDoor": {"portName": "web", "extraPorts": {"admin": {"port": 9000, "targetPort": 9001}}}}

REFUSED: Mapping[str, tuple[Existing, str]] = {
    "no Service": (there(service=None), "expose deployment shop --name shop --port 80 --target-port 8000"),
    "no Deployment": (there(deployment=None), "pulumi config set --path teal:green.shop.adopt.deployment NAME"),
    "other pods": (
        there(deployment=pods(metadata={"labels": {"app": "other"}})),
        "it finds none of them",
    ),
    "another selector": (
        there(service=service(selector={"app": "shop", "tier": "web"})),
        """pulumi config set --path 'teal:green.shop.adopt.selector["tier"]' web""",
    ),
    "headless": (there(service=service(clusterIP="None")), "headless"),
    "another type": (
        there(service=service(type="LoadBalancer")),
        "pulumi config set --path teal:services.shop.frontDoor.type LoadBalancer",
    ),
    "affinity": (
        there(service=service(sessionAffinity="ClientIP")),
        "pulumi config set --path teal:services.shop.frontDoor.sessionAffinity ClientIP",
    ),
    "a port more": (
        there(
            service=service(
                ports=[
                    {"name": "web", "port": 80, "targetPort": 8000},
                    {"name": "admin", "port": 9000, "targetPort": 9001},
                ]
            )
        ),
        """pulumi config set --path 'teal:services.shop.frontDoor.extraPorts.admin["targetPort"]' 9001""",
    ),
    "another name of its port": (
        there(service=service(ports=[{"port": 80, "targetPort": 8000}])),
        "pulumi config set --path teal:services.shop.frontDoor.portName ''",
    ),
    "another port of the pods": (
        there(service=service(ports=[{"name": "web", "port": 80, "targetPort": 8080}])),
        "pulumi config set --path teal:services.shop.port 8080",
    ),
    "another port of the pods, for a further one": (
        there(service=service(ports=[WEB, {"name": "admin", "port": 9000, "targetPort": 9002}])),
        "pulumi config set --path teal:services.shop.frontDoor.extraPorts.admin.targetPort 9002",
    ),
    "another name of a further port": (
        there(service=service(ports=[WEB, {"name": "manage", "port": 9000, "targetPort": 9001}])),
        "pulumi config rm --path teal:services.shop.frontDoor.extraPorts.admin; pulumi config rm",
    ),
    "somebody's account": (
        there(account=Bare.model_validate({"metadata": {"name": "shop", "resourceVersion": "1"}})),
        "pulumi config set --path teal:services.shop.metadata.serviceAccount.name shop-teal",
    ),
    "no namespace": (replace(there(), namespace=None), "kubectl create namespace shop"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_lose_a_request_is_refused(case: str) -> None:
    """Before anything is touched; the message says what to do."""
    existing, says = REFUSED[case]
    raw = edited(STACK, FURTHER if "further" in case else {})
    planned = made(raw, world(raw, existing))
    assert planned.word is Word.UNSAFE
    assert any(says in each for each in planned.reasons), planned.reasons


@pytest.mark.parametrize("active", [*Colour])
def test_the_port_of_the_pods_stays_while_the_service_leads_to_both_by_number(active: Colour) -> None:
    """Whichever colour is live: pods of before listen on the old number, and those that the stack did not make stay."""
    raw = edited(STACK, {"activeColour": active})
    its = service(Adopted(Colour.GREEN, APP).annotation, ports=[WEB])
    live = replace(beside(active, raw), existing=there(service=its))
    assert made(raw, live).word is Word.NOTHING
    planned = made(edited(raw, {"services.shop.port": 9000}), live)
    assert planned.word is Word.UNSAFE
    assert "Next: pulumi config set --path teal:services.shop.port 8000" in planned.reasons[0]


def test_an_account_that_the_stack_only_refers_to_may_be_there() -> None:
    """It changes nothing of it."""
    raw = edited(STACK, {"services.shop.metadata": {"serviceAccount": {"name": "shop", "create": False}}})
    account = Bare.model_validate({"metadata": {"name": "shop", "resourceVersion": "1"}})
    assert made(raw, world(raw, there(account=account))).word is not Word.UNSAFE


@pytest.mark.parametrize("active", ["blue", "green"])
def test_pods_are_taken_over_in_an_update_of_its_own(active: str) -> None:
    """Before a flip, either way: nobody could put traffic back to pods that no Service speaks of."""
    raw = edited(STACK, {"activeColour": active})
    own = LiveService(
        colour=Colour.BLUE,
        selector={"app.kubernetes.io/name": "shop", "teal/colour": "blue"},
        annotations={},
        resource_version="2",
        writer="pulumi-kubernetes-teal",
    )
    leaving = active == "green"
    existing = there(service=service(selector=own.selector)) if leaving else there()
    planned = made(raw, world(raw, existing, services={"shop": own} if leaving else {}))
    assert planned.word is Word.UNSAFE
    back = "blue" if leaving else "green"
    assert any(f"Next: pulumi config set teal:activeColour {back}, pulumi up" in each for each in planned.reasons)


def test_live_pods_are_not_replaced_under_their_colour() -> None:
    """Neither by a release of the stack's, nor by others: no gate would be asked."""
    release = {"version": "1.1.0", "shop": {"image": "registry.example/shop:1.1.0"}}
    planned = made(edited(STACK, {"green": release}), beside(Colour.GREEN))
    assert planned.word is Word.UNSAFE
    assert "flip to blue first" in " ".join(planned.reasons)
    other = edited(STACK, {"green.shop.adopt.selector": {"pod": "x"}})
    assert made(other, beside(Colour.GREEN)).word is Word.UNSAFE
    adopting = edited(STACK, {"activeColour": "blue", "blue": STACK["green"], "green": {**release, "version": "1.0.0"}})
    live = beside(Colour.BLUE)
    assert made(adopting, live).word is Word.UNSAFE
