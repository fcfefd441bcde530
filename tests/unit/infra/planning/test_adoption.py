"""What runs already becomes a colour of a stack; what would lose a request is refused, with what mends it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from teal_infra.planning import adoption, plan
from teal_infra.planning.adoption import Existing, Found
from teal_infra.planning.live import Live
from teal_infra.planning.move import move_of

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.kubernetes.objects import Bare, Service
from teal.adapters.kubernetes.workloads import Deployment
from teal.history.model import History
from teal.model.adopted import Adopted
from teal.model.colours import Colour
from teal.model.live import LiveService
from teal.plans.model import Plan, Word
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.declaring import config, declared
from tests.unit.infra.worlds import NOW, deployment, edited, settings

APP = {"app": "shop"}
STACK: Mapping[str, Any] = {
    "activeColour": "green",
    "namespace": {"name": "shop", "create": False},
    "services": {"shop": {"port": 8000, "frontDoor": {"portName": "web"}}},
    "blue": {"version": "1.0.0", "shop": {"image": "registry.example/shop:1.0.0"}},
    "green": {"version": "0.9.0", "shop": {"adopt": {"deployment": "shop", "selector": APP}}},
}


def service(annotations: Mapping[str, str] | None = None, **spec: Any) -> Service:  # noqa: ANN401 - any JSON
    """The one that is there."""
    port = {"name": "web", "port": 80, "targetPort": "web"}
    metadata = {"name": "shop", "resourceVersion": "1", "annotations": annotations or {}}
    whole = {"selector": APP, "clusterIP": "10.0.0.1", "ports": [port], **spec}
    return Service.model_validate({"metadata": metadata, "spec": whole})


def pods(replicas: int = 3, **template: Any) -> Deployment:  # noqa: ANN401 - any JSON
    """The Deployment that is there, and ready."""
    container = {"name": "web", "ports": [{"name": "web", "containerPort": 8000}]}
    whole = {"metadata": {"labels": {**APP, "pod": "x"}}, "spec": {"containers": [container]}, **template}
    return Deployment.model_validate(
        {
            "metadata": {"name": "shop", "resourceVersion": "1"},
            "spec": {"replicas": replicas, "template": whole},
            "status": {"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas},
        }
    )


def there(**found: Any) -> Existing:  # noqa: ANN401 - parts of what is found
    """What is there that the stack did not make."""
    place = Bare.model_validate({"metadata": {"name": "shop", "resourceVersion": "1"}})
    its: dict[str, Any] = {"service": service(), "deployment": pods(), "account": None, **found}
    return Existing(services={"shop": Found(**its)}, namespace=place)


def world(raw: Mapping[str, Any] = STACK, existing: Existing | None = None, **more: Any) -> Live:  # noqa: ANN401
    """A cluster as it is read before the stack has made anything."""
    found, declared_ = existing or there(), settings(raw)
    services = {**adoption.live(declared_, found), **more.pop("services", {})}
    return Live(
        services=services,
        slots={**more.pop("slots", {}), **adoption.slots(declared_, found)},
        existing=found,
        at=NOW,
        **more,
    )


def taken(colour: Colour) -> LiveService:
    """The Service once it is the stack's, and leads to a colour."""
    selector = APP if colour is Colour.GREEN else {"app.kubernetes.io/name": "shop", "teal/colour": "blue"}
    marks = Adopted(Colour.GREEN, APP).annotation
    return LiveService(
        colour=colour, selector=selector, annotations=marks, resource_version="2", writer="pulumi-kubernetes-teal"
    )


def beside(active: Colour, raw: Mapping[str, Any] = STACK) -> Live:
    """A cluster after the first step: blue is there, and traffic goes to a colour."""
    declared_ = settings(raw)
    return world(
        raw,
        there(service=service(Adopted(Colour.GREEN, APP).annotation)),
        services={"shop": taken(active)},
        slots={("shop", Colour.BLUE): deployment(declared_, "shop", Colour.BLUE, 3)},
        record={"colour": active, "version": "1"},
    )


def made(raw: Mapping[str, Any], live: Live) -> Plan:
    """What an update would do."""
    return plan.make(settings(raw), live)


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


def place(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Existing:
    """A namespace with these marks, and nothing else that the stack did not make."""
    metadata = {"name": "shop", "resourceVersion": "1", "labels": labels, "annotations": annotations}
    return Existing(services={}, namespace=Bare.model_validate({"metadata": metadata}))


@pytest.mark.parametrize(
    ("labels", "annotations", "kept"),
    [
        ({"app.kubernetes.io/part-of": "teal"}, {}, True),
        ({"app.kubernetes.io/part-of": "teal"}, {"teal/kept": "true"}, False),
        ({"team": "theirs"}, {}, False),
        ({}, {}, False),
    ],
)
async def test_a_namespace_that_the_stack_made_is_let_go_before_it_is_left_out(
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    kept: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    """An engine deletes what is declared no more, and all that is in it, unless it was told to keep it."""
    raw = config(router="service", namespace={"name": "shop", "create": False})
    found = await declared(raw, Live(at=NOW, existing=place(labels, annotations)))
    assert (found.names("Namespace") == ["namespace"]) is kept
    if kept:
        assert found["Namespace", "namespace"]["metadata"]["annotations"]["teal/kept"] == "true"
    selector = found["NetworkPolicy", "default-deny"]["spec"]["podSelector"]
    assert selector == {"matchLabels": {"app.kubernetes.io/part-of": "teal"}}


MINE: Mapping[str, Any] = {**STACK, "namespace": "shop", "green": {**STACK["blue"], "version": "0.9.0"}}
"""A stack that makes its namespace."""


@pytest.mark.parametrize(
    ("labels", "annotations", "taken"),
    [
        ({"app.kubernetes.io/part-of": "teal"}, {}, False),
        ({"app.kubernetes.io/part-of": "teal"}, {"teal/kept": "true"}, False),
        ({"kubernetes.io/metadata.name": "shop"}, {}, True),
        ({"app.kubernetes.io/part-of": "shop"}, {}, True),
    ],
)
async def test_a_namespace_that_no_stack_made_is_not_taken_over(
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    taken: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    """Pulumi's provider would write over it, and delete it with the stack; one that a stack made is never let go."""
    there_, raw = place(labels, annotations), {**config(router="service"), "namespace": "shop"}
    planned = made(MINE, world(MINE, there_))
    assert (planned.word is Word.UNSAFE) is taken
    said = [each for each in planned.reasons if each.startswith("namespace shop is there already")]
    assert bool(said) is taken
    for each in said:
        assert "Next: pulumi config rm --path teal:namespace; pulumi config set --path 'teal:namespace[" in each
    found = await declared(raw, Live(at=NOW, existing=there_))
    assert "teal/kept" not in found["Namespace", "namespace"]["metadata"].get("annotations", ())


async def test_the_namespace_is_read_whoever_makes_it(api_server: FakeApiServer) -> None:
    """Also where nothing is taken over; where it is missing there is nothing to refuse."""
    async with Cluster.connect(ClusterAccess(namespace="shop", kubeconfig=api_server.kubeconfig)) as cluster:
        missing = await adoption.read(cluster, settings(MINE))
        api_server.answers["/api/v1/namespaces/shop"] = (200, {"metadata": {"name": "shop", "resourceVersion": "1"}})
        found = await adoption.read(cluster, settings(MINE))
    assert (missing.namespace is None, found.namespace is None) == (True, False)
    assert made(MINE, world(MINE, missing)).word is not Word.UNSAFE


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
