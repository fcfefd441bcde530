"""The program declares one door for two colours, and the record of where it leads."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from teal_infra.planning.live import Live, require_explained
from teal_infra.settings.load import load

from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.model.errors import ForeignChangeError
from teal.model.live import LiveService
from teal.spec.bake import BakePlan
from tests.unit.infra.recording import config, declared


async def test_a_flip_changes_one_selector_and_the_record_of_it() -> None:
    """Between two configs that differ in the active colour, two resources differ."""
    before, after = await declared(config("blue")), await declared(config("green"))
    assert {name for name in before if before[name] != after[name]} == {
        ("Service", "backend-active"),
        ("ConfigMap", "teal-confirmed"),
    }


async def test_the_active_service_selects_the_active_colour_only() -> None:
    """Its selector names the service and the colour."""
    resources = await declared(config("green"))
    assert resources["Service", "backend-active"]["spec"]["selector"] == {
        "app.kubernetes.io/name": "backend",
        "teal/colour": "green",
    }


async def test_a_door_has_what_else_a_service_may_have() -> None:
    """As Kubernetes names it, beside what is teal's."""
    more = {"loadBalancerSourceRanges": ["10.0.0.0/8"], "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}}
    doors = {"frontDoor": {"spec": more}, "previewDoor": {"spec": {"ipFamilyPolicy": "SingleStack"}}}
    plain = await declared(config("blue"))
    made = await declared({**config("blue"), "services": json.dumps({"backend": {"contract": True, **doors}})})
    for name, spec in (("backend-active", more), ("backend-blue", {"ipFamilyPolicy": "SingleStack"})):
        assert made["Service", name]["spec"] == {**plain["Service", name]["spec"], **spec}


def service(colour: str, writer: str = "pulumi-kubernetes-0123") -> LiveService:
    """A live Service as read."""
    return LiveService(
        colour=Colour(colour),
        selector={"teal/colour": colour},
        annotations={"teal/moved-from": "green@3"},
        resource_version="8",
        writer=writer,
    )


async def test_traffic_that_is_not_where_it_is_declared_makes_a_difference_to_the_engine() -> None:
    """The active Service differs from its last declaration when, and only when, live is elsewhere."""
    there = await declared(config("blue"), Live(services={"backend": service("blue")}))
    elsewhere = await declared(config("blue"), Live(services={"backend": service("green")}))
    moved = [each["Service", "backend-active"]["metadata"]["annotations"] for each in (there, elsewhere)]
    assert [each["teal/moved-from"] for each in moved] == ["green@3", "green@8"]


@pytest.mark.parametrize(
    ("live", "writer", "confirmed", "refused"),
    [
        ("blue", "pulumi-kubernetes-1", "blue", False),
        ("green", "pulumi-kubernetes-1", "blue", False),  # an update was killed before it could confirm
        ("blue", "kubectl-patch", "green", False),  # where the config wants it
        ("green", "kubectl-patch", "green", False),  # where the last update left it
        ("green", "kubectl-patch", "blue", True),
        ("green", "kubectl-patch", None, True),
    ],
)
def test_traffic_that_somebody_else_moved_away_is_refused_by_name(
    live: str, writer: str, confirmed: str | None, *, refused: bool
) -> None:
    """Only a writer that is not Pulumi, and only where neither the config nor the record explains it."""
    found = Live(services={"backend": service(live, writer)}, record={"colour": confirmed} if confirmed else {})
    if refused:
        with pytest.raises(ForeignChangeError, match="'kubectl-patch' wrote that"):
            require_explained(found, load(config("blue"), stack="dev"))
    else:
        require_explained(found, load(config("blue"), stack="dev"))


@pytest.mark.parametrize(("writer", "forced"), [("kubectl-patch", True), ("pulumi-kubernetes-1", False)])
async def test_ownership_is_taken_back_only_from_a_writer_that_was_seen(writer: str, *, forced: bool) -> None:
    """Whoever writes after the live state was read meets a conflict instead, but for kubectl."""
    resources = await declared(config("green"), Live(services={"backend": service("blue", writer)}))
    annotations = resources["Service", "backend-active"]["metadata"]["annotations"]
    assert ("pulumi.com/patchForce" in annotations) is forced


def owned(colour: str, *owners: str, marks: Mapping[str, str] | None = None) -> Live:
    """A live Service that Pulumi's provider wrote last, and of which others own a part as well."""
    written = service(colour)
    annotations = {**written.annotations, **(marks or {})}
    return Live(services={"backend": replace(written, owners=frozenset(owners), annotations=annotations)})


async def test_a_flip_after_a_way_back_meets_no_conflict_with_it() -> None:
    """What teal put back it owns, until a move takes it over, however many updates have written the same beside it."""
    engine, force = "pulumi-kubernetes-0123", "pulumi.com/patchForce"

    async def marks(active: str, live: Live) -> Mapping[str, str]:
        return (await declared(config(active), live))["Service", "backend-active"]["metadata"]["annotations"]

    assert force in await marks("blue", owned("blue", engine, "teal"))  # another change of the Service
    assert force in await marks("green", owned("blue", engine, "teal"))
    assert force in await marks("green", owned("green", engine, marks={force: "true"}))  # at rest, nothing changes
    assert force not in await marks("blue", owned("green", engine, marks={force: "true"}))


async def test_a_flip_set_has_one_door_a_service_and_one_record() -> None:
    """Two services are two active Services that flip together."""
    resources = await declared(config("green", services=("backend", "frontend")))
    doors = [
        resources["Service", f"{name}-active"]["spec"]["selector"]["teal/colour"] for name in ("backend", "frontend")
    ]
    assert doors == ["green", "green"]
    record = resources["ConfigMap", "teal-confirmed"]
    assert record["data"] == {"colour": "green", "version": "1.1.0", "since": ""}
    # `kubectl edit` of it would otherwise fail each preview, though no update.
    assert record["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"


OPEN = History(
    flips=(
        Flip(
            number=1,
            origin=Colour.BLUE,
            to=Colour.GREEN,
            version="1.1.0",
            by="somebody",
            begun="2026-01-01T00:00:00+00:00",
            stage=Stage.BAKING,
            plan=BakePlan(services={}, seconds=300, error_percent=5, samples=0, window=60),
        ),
    )
)


@pytest.mark.parametrize(
    ("colour", "version", "history", "asked"),
    [
        ("green", "1.1.0", History(), False),
        ("green", "1.1.0", OPEN, True),  # its update died during the bake
        ("blue", "1.1.0", History(), True),  # traffic is to move, or was put back
        ("green", "1.0.9", History(), True),  # the live slot itself gets another version
    ],
)
async def test_the_record_differs_whenever_traffic_may_move(
    colour: str, version: str, history: History, *, asked: bool
) -> None:
    """An engine asks a hook only about what differs; at rest nothing is written."""
    found = Live(
        services={"backend": service(colour, "pulumi-kubernetes-1")},
        record={"colour": "green", "version": version, "since": "2026-01-01T00:05:00+00:00"},
        history=history,
        at="2026-01-02T00:00:00+00:00",
    )
    record = (await declared(config("green"), found))["ConfigMap", "teal-confirmed"]["data"]
    assert record["since"] == ("2026-01-02T00:00:00+00:00" if asked else "2026-01-01T00:05:00+00:00")


@pytest.mark.parametrize(
    ("version", "before", "said"),
    [
        ("1.0.9", "", "acme/teal/dev"),
        ("1.1.0", "", None),  # of an earlier teal: nothing changes where there is nothing to do
        ("1.0.9", "acme/teal/former", "acme/teal/former"),
    ],
)
async def test_the_record_names_the_stack_that_made_it(version: str, before: str, said: str | None) -> None:
    """By that, a second stack is kept out of the namespace; a renamed one changes nothing."""
    found = Live(
        services={"backend": service("green", "pulumi-kubernetes-1")},
        record={"colour": "green", "version": version, "since": "2026-01-01T00:05:00+00:00"},
        stack=before,
        at="2026-01-02T00:00:00+00:00",
    )
    metadata = (await declared(config("green"), found))["ConfigMap", "teal-confirmed"]["metadata"]
    assert metadata.get("annotations", {}).get("teal/stack") == said


async def test_an_ingress_and_further_ports_lead_to_the_active_service() -> None:
    """HTTPS and metrics beside HTTP, and a host with its certificate, where the stack asks for them."""
    backend = {
        "ingress": {"host": "shop.example", "className": "nginx", "tlsSecret": "shop-tls"},
        "network": {"callers": {"nodes": {"cidrs": ["10.0.0.0/16"]}}},
        "frontDoor": {"type": "LoadBalancer", "extraPorts": {"https": {"port": 443, "targetPort": 8443}}},
    }
    resources = await declared({**config(), "services": json.dumps({"backend": backend})})
    ingress = resources["Ingress", "backend-ingress"]["spec"]
    path = ingress["rules"][0]["http"]["paths"][0]
    assert (ingress["rules"][0]["host"], path["backend"]["service"]["name"]) == ("shop.example", "backend")
    assert ingress["tls"] == [{"hosts": ["shop.example"], "secretName": "shop-tls"}]
    ports = {port["name"]: port["port"] for port in resources["Service", "backend-active"]["spec"]["ports"]}
    assert ports == {"http": 80, "https": 443}
    assert resources["Service", "backend-active"]["spec"]["sessionAffinity"] == "None"
