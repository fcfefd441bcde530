"""What is read of the cluster before anything is declared: all that is there, in few requests."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.planning import live
from teal_infra.settings import Settings

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.model.colours import Colour
from teal.model.live import LiveAutoscaler
from tests.unit.infra.worlds import settings
from tests.unit.teal.serving import Asked, Said, serving


def service(*, migrated: bool = False) -> Mapping[str, Any]:
    """One with all its defaults."""
    return {"migrations": {}} if migrated else {}


def stack(services: Mapping[str, Mapping[str, Any]], **more: object) -> Settings:
    """One of these services."""
    release = {"version": "1.0.0", **{name: {"image": "registry.example/it:1"} for name in services}}
    return settings({"activeColour": "blue", "services": services, "blue": release, **more})


async def read(
    services: Mapping[str, Mapping[str, Any]], objects: Mapping[str, Any], **more: object
) -> tuple[live.Live, list[str]]:
    """What is read of a cluster with these lists, by kind, and these objects, by name; and what it was asked."""
    asked: list[str] = []

    async def handler(request: Asked) -> Said:
        path, _, query = request.target.partition("?")
        asked.append(path)
        kind = path.rpartition("/")[2]
        if "part-of%21%3Dteal" in query:
            return Said(body=json.dumps({"items": objects.get("of others", [])}).encode())
        if kind in {"services", "deployments", "horizontalpodautoscalers"}:
            return Said(body=json.dumps({"items": objects.get(kind, [])}).encode())
        return Said(body=json.dumps(objects[kind]).encode()) if kind in objects else Said(status=404)

    async with serving(handler) as url:
        kubeconfig: dict[str, Any] = {
            "clusters": [{"name": "it", "cluster": {"server": url}}],
            "users": [{"name": "it", "user": {}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "current-context": "it",
        }
        access = ClusterAccess(namespace="shop", kubeconfig=json.dumps(kubeconfig))
        return await asyncio.to_thread(live.read, access, stack(services, **more)), asked


async def test_more_services_take_no_more_requests() -> None:
    """Fifty services are read in the requests that one takes: each more would delay every preview."""
    _, one = await read({"backend": service()}, {})
    _, many = await read({f"service-{number}": service() for number in range(50)}, {})
    assert sorted(many) == sorted(one)


async def test_flags_are_read_where_there_are_to_be_some() -> None:
    """By the name of their ConfigMap: another request, which nobody makes without need."""
    held = {"teal-flags": {"metadata": {"name": "teal-flags", "resourceVersion": "1"}, "data": {"flags.json": "{}"}}}
    found, asked = await read({"backend": service()}, held, flags={})
    assert found.flags == "{}"
    assert "/api/v1/namespaces/shop/configmaps/teal-flags" in asked
    found, asked = await read({"backend": service()}, held)
    assert found.flags == ""
    assert not any(each.endswith("teal-flags") for each in asked)


@pytest.mark.parametrize("migrated", [True, False])
async def test_only_migrated_schemas_have_records(migrated: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """What was contracted, and which Jobs ran, is asked for where there is a schema to contract."""
    ran = {"metadata": {"name": "up"}, "spec": {"template": {"spec": {"initContainers": [{"name": "up"}]}}}}
    found, asked = await read({"backend": service(migrated=migrated)}, {"jobs": {"items": [ran]}})
    records = {f"/api/v1/namespaces/shop/configmaps/backend-{each}" for each in ("contracting", "contracted")}
    assert (records <= {*asked}, "backend" in found.contracted) == (migrated, migrated)
    assert [each.metadata.name for each in found.ran] == ["up"] * migrated


async def test_autoscalers_are_known_by_name() -> None:
    """With the annotations that say what a flip asked for, and whether a stack made them."""
    autoscaler = {
        "metadata": {
            "name": "backend-blue",
            "resourceVersion": "1",
            "annotations": {"teal/floor": "8@then"},
            "labels": {"app.kubernetes.io/part-of": "teal"},
        },
        "spec": {"minReplicas": 8},
        "status": {"desiredReplicas": 9},
    }
    found, _ = await read({"backend": service()}, {"horizontalpodautoscalers": [autoscaler]})
    assert found.autoscalers == {
        "backend-blue": LiveAutoscaler(annotations={"teal/floor": "8@then"}, minimum=8, desired=9, ours=True)
    }


@pytest.mark.parametrize(("generation", "observed", "outdated"), [(4, 4, 1), (5, 4, 3)])
async def test_a_rollout_that_its_controller_has_not_seen_has_replaced_nothing(
    generation: int, observed: int, outdated: int
) -> None:
    """Until then its status is the last rollout's."""
    labels = {"app.kubernetes.io/name": "backend", "teal/colour": "green"}
    deployment = {
        "metadata": {"name": "backend-green", "labels": labels, "resourceVersion": "1", "generation": generation},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": observed, "replicas": 3, "updatedReplicas": 2},
    }
    found, _ = await read({"backend": service()}, {"deployments": [deployment]})
    assert found.slots["backend", Colour.GREEN].outdated == outdated


RULES = [{"backendRefs": [{"name": "old", "port": 80}]}]


@pytest.mark.parametrize(
    ("router", "spec", "leads"),
    [
        ({}, {"selector": {"app": "shop"}}, {"app": "shop"}),
        ({"router": "gateway", "gateway": {"name": "public"}}, {"rules": RULES}, {"old": "1"}),
    ],
    ids=["service", "gateway"],
)
async def test_what_directs_traffic_under_a_services_name_is_known(
    router: Mapping[str, Any], spec: Mapping[str, Any], leads: Mapping[str, str]
) -> None:
    """Of those without the stack's label, and where a service has none of its own yet."""
    them = [{"metadata": {"name": name, "resourceVersion": "1"}, "spec": spec} for name in ("backend", "another")]
    found, _ = await read({"backend": {"network": {"policies": False}}}, {"of others": them}, **router)
    assert {name: each.selector for name, each in found.others.items()} == {"backend": leads}


async def test_nobody_looks_for_it_where_every_service_has_its_own() -> None:
    """That would be a request of every update."""
    metadata = {"name": "backend", "resourceVersion": "1"}
    mine = {"metadata": metadata, "spec": {"selector": {"teal/colour": "blue"}}}
    found, asked = await read({"backend": service()}, {"services": [mine]})
    assert found.services["backend"].colour is Colour.BLUE
    assert asked.count("/api/v1/namespaces/shop/services") == 1
