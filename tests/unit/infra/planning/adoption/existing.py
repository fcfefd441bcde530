"""A Service and its pods are there before the stack, and this is what an update makes of them."""

from collections.abc import Mapping
from typing import Any

from teal_infra.planning import adoption, plan
from teal_infra.planning.adoption import Existing, Found
from teal_infra.planning.live import Live

from teal.adapters.kubernetes.objects import Bare, Service
from teal.adapters.kubernetes.workloads import Deployment
from teal.model.adopted import Adopted
from teal.model.colours import Colour
from teal.model.live import LiveService
from teal.plans.model import Plan
from tests.unit.infra.worlds import NOW, deployment, settings

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
