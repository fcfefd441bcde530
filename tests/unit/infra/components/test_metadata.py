"""A service's objects are marked for those who know them by it, and stay teal's."""

import json
from typing import Any

import pytest
from teal_infra.components.environment import digest
from teal_infra.planning import slots

from teal.model.colours import Colour
from teal.model.errors import ConfigError
from tests.unit.infra.declaring import CALLERS, config, declared
from tests.unit.infra.worlds import BASE, edited, settings
from tests.unit.policies import graphs

BLUE = Colour.BLUE
OBJECTS = {
    "serviceAccount": ("ServiceAccount", "backend-service-account"),
    "frontDoor": ("Service", "backend-active"),
    "ingress": ("Ingress", "backend-ingress"),
    "deployment": ("Deployment", "backend-blue"),
    "previewDoor": ("Service", "backend-green"),
}


async def test_an_irsa_role_a_balancer_and_a_certificate_are_asked_for_by_annotations() -> None:
    """Beside teal's own labels, which stay."""
    marks = {name: {"labels": {"team": name}, "annotations": {"example.com/own": name}} for name in OBJECTS}
    service = {"metadata": marks, "ingress": {"host": "shop.example"}}
    found = await declared({**config(router="service"), "services": json.dumps({"backend": service})})
    for name, key in OBJECTS.items():
        metadata = found[key]["metadata"]
        assert metadata["annotations"]["example.com/own"] == name
        assert metadata["labels"].items() >= {"team": name, "app.kubernetes.io/name": "backend"}.items()
    assert "teal/deployed-at" in found[OBJECTS["deployment"]]["metadata"]["annotations"]


@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_teals_is_refused(name: str) -> None:
    """Labels and annotations, at once, each with what takes it out."""
    marks = {"labels": {"app.kubernetes.io/name": "x"}, "annotations": {"teal/moved-from": "x"}}
    ingress = {"services.backend.ingress": {"host": "shop.example"}}
    with pytest.raises(ConfigError) as error:
        settings(edited(BASE, {**ingress, f"services.backend.metadata.{name}": marks}))
    at = f"teal:services.backend.metadata.{name}"
    for path in (f'{at}.labels["app.kubernetes.io/name"]', f'{at}.annotations["teal/moved-from"]'):
        assert f"Next: pulumi config rm --path '{path}'" in str(error.value)


async def test_a_route_and_a_namespace_are_marked() -> None:
    """Each as its own setting says; the level of the namespace is not theirs to say."""
    marks = {"labels": {"team": "shop"}, "annotations": {"example.com/own": "x"}}
    place = {"name": "shop", **marks}
    raw = config(router="gateway", namespace=place, services=("backend",))
    raw["services"] = json.dumps({"backend": {**CALLERS, "metadata": {"route": marks}}})
    found = await declared(raw)
    for key in (("HTTPRoute", "backend-route"), ("Namespace", "namespace")):
        assert found[key]["metadata"]["labels"].items() >= {"team": "shop", "app.kubernetes.io/part-of": "teal"}.items()
        assert found[key]["metadata"]["annotations"]["example.com/own"] == "x"
    with pytest.raises(ConfigError):
        settings(edited(BASE, {"namespace": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}))


async def test_every_host_has_its_certificate_and_every_ingress_its_own_marks() -> None:
    """Hosts of one certificate share an entry; one without has none."""
    hosts = {"www.shop.example": {"tlsSecret": "shop"}, "api.shop.example": {"tlsSecret": "api"}, "old.example": {}}
    service = {
        "ingress": {"host": "shop.example", "tlsSecret": "shop", "hosts": hosts},
        "ingresses": {
            "inner": {"host": "shop.internal", "className": "inner", "annotations": {"example.com/own": "x"}}
        },
        "metadata": {"ingress": {"annotations": {"example.com/all": "y"}}},
    }
    found = await declared({**config(router="service"), "services": json.dumps({"backend": service})})
    spec = found["Ingress", "backend-ingress"]["spec"]
    assert [each["host"] for each in spec["rules"]] == ["shop.example", *hosts]
    assert spec["tls"] == [
        {"hosts": ["shop.example", "www.shop.example"], "secretName": "shop"},
        {"hosts": ["api.shop.example"], "secretName": "api"},
    ]
    inner = found["Ingress", "backend-ingress-inner"]
    assert inner["metadata"]["name"] == "backend-inner"
    assert inner["spec"]["ingressClassName"] == "inner"
    marks = inner["metadata"]["annotations"]
    assert (marks["example.com/own"], marks["example.com/all"]) == ("x", "y")
    refused = {"services.backend.ingresses": {"inner": {"host": "a", "labels": {"app.kubernetes.io/name": "x"}}}}
    with pytest.raises(ConfigError, match=r"ingresses\.inner\.labels"):
        settings(edited(BASE, refused))


async def test_an_account_that_exists_is_referred_to() -> None:
    """One of somebody else's, or of another service of the stack; the stack makes none then."""
    accounts: dict[str, Any] = {
        "backend": {"name": "shop"},
        "worker": {"name": "shop", "create": False},
        "frontend": {"name": "theirs", "create": False},
    }
    raw = config(router="service", services=(*accounts,))
    services = {name: {"metadata": {"serviceAccount": each}} for name, each in accounts.items()}
    services["frontend"]["access"] = {"readCluster": True}
    found = await declared({**raw, "services": json.dumps(services)})
    assert found.names("ServiceAccount") == ["shop-service-account"]
    pods = {name: found["Deployment", f"{name}-blue"]["spec"]["template"]["spec"] for name in accounts}
    assert {name: each["serviceAccountName"] for name, each in pods.items()} == {
        "backend": "shop",
        "worker": "shop",
        "frontend": "theirs",
    }
    assert found["RoleBinding", "frontend-reader"]["subjects"][0]["name"] == "theirs"


async def test_services_share_a_host_by_their_paths() -> None:
    """On each of the hosts; without a path, all of them are the service's."""
    shop = {"host": "shop.example", "className": "nginx"}
    services: dict[str, Any] = {
        "frontend": {"ingress": {**shop, "hosts": {"www.shop.example": {}}}},
        "backend": {"ingress": {**shop, "paths": ["/api", "/auth/"]}},
        "inner": {"ingress": {**shop, "className": "inner"}},
    }
    raw = config(router="service", services=("frontend", "backend", "inner"))
    found = await declared({**raw, "services": json.dumps(services)})
    asked = {
        name: [
            (rule["host"], [(each["path"], each["pathType"]) for each in rule["http"]["paths"]])
            for rule in found["Ingress", f"{name}-ingress"]["spec"]["rules"]
        ]
        for name in ("frontend", "backend")
    }
    assert asked["backend"] == [("shop.example", [("/api", "Prefix"), ("/auth/", "Prefix")])]
    assert asked["frontend"] == [(host, [("/", "Prefix")]) for host in ("shop.example", "www.shop.example")]


async def test_an_account_of_another_name_is_the_pods_own() -> None:
    """It is what they run as, and a change of it is a change of the pods."""
    service = {"metadata": {"serviceAccount": {"name": "shop-teal"}}, "access": {"readCluster": True}}
    found = await declared({**config(router="service"), "services": json.dumps({"backend": service})})
    # Another one in the engine's state: a replacement that fails would leave the account of live pods to be deleted.
    assert found["ServiceAccount", "shop-teal-service-account"]["metadata"]["name"] == "shop-teal"
    assert found["RoleBinding", "backend-reader"]["subjects"][0]["name"] == "shop-teal"
    assert found["Deployment", "backend-blue"]["spec"]["template"]["spec"]["serviceAccountName"] == "shop-teal"
    plain, named = (
        slots.fingerprint_of(settings(edited(BASE, change)), "backend", BLUE)
        for change in ({}, {"services.backend.metadata": {"serviceAccount": {"name": "shop-teal"}}})
    )
    assert plain is not None
    assert named is not None
    assert plain.digest != named.digest
    assert "serviceAccount" in named.parts.pod


async def test_an_account_of_an_existing_stack_stays_the_same_object() -> None:
    """Its resource has another name since; without the former one, the account of live pods would be deleted."""
    (account,) = [each for each in await graphs.declared(graphs.config()) if each.type.endswith(":ServiceAccount")]
    assert (account.name, [*account.options.aliases]) == ("backend-service-account", ["backend-account"])


def test_what_earlier_teals_did_not_have_is_no_change_where_nobody_sets_it() -> None:
    """An upgrade would be said to change what is around live pods, and to roll them."""
    ingress = {"host": "shop.example", "className": None, "tlsSecret": None}
    door: dict[str, object] = {"type": "ClusterIP", "port": 80, "nodePort": None, "extraPorts": {}}
    found, named = (
        slots.fingerprint_of(settings(edited(BASE, {"services.backend.ingress": ingress, **more})), "backend", BLUE)
        for more in ({}, {"services.backend.frontDoor": {"portName": "web"}})
    )
    assert found is not None
    assert named is not None
    assert found.parts.service["ingress"] == digest(ingress)[:12]
    extra = {"services.backend.frontDoor": {"extraPorts": {"admin": {"port": 81, "targetPort": 9000}}}}
    wide = slots.fingerprint_of(settings(edited(BASE, extra)), "backend", BLUE)
    assert wide is not None
    ports = {**door, "extraPorts": {"admin": {"port": 81, "targetPort": 9000}}}
    assert wide.parts.service["frontDoor"] == digest(ports)[:12]
    whole = settings(BASE).services["backend"].model_dump(mode="json", by_alias=True)
    del whole["autoscaling"]["behavior"]
    capacity = [whole[each] for each in ("autoscaling", "replicas", "disruption")]
    assert found.parts.service["capacity"] == digest(capacity)[:12]
    probe = {"path": "/health/ready", "tcp": None, "grpc": None, "exec": None, "port": None, "initialDelaySeconds": 10}
    ready = {**probe, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 1}
    startup = {**ready, "path": "/health/live", "initialDelaySeconds": 0, "periodSeconds": 5, "failureThreshold": 12}
    liveness = {**startup, "initialDelaySeconds": 30, "periodSeconds": 30, "failureThreshold": 3}
    probes = {"startup": startup, "liveness": liveness, "readiness": ready}
    assert found.parts.pod["probes"] == digest(probes)[:12]
    inner = {"services.backend.ingresses": {"inner": {"host": "shop.internal"}}}
    both = slots.fingerprint_of(settings(edited(BASE, {"services.backend.ingress": ingress, **inner})), "backend", BLUE)
    assert both is not None
    further: Any = {"labels": {}, "annotations": {}, "host": "shop.internal", "className": None, "tlsSecret": None}
    further["hosts"] = {}
    assert both.parts.service["ingress"] == digest([ingress, {"inner": further}])[:12]
    assert found.parts.service["frontDoor"] == digest(door)[:12]
    assert named.parts.service["frontDoor"] != digest(door)[:12]
