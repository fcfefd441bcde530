"""What the program declares of a worker: no door, one colour with pods, and a record that comes before them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_pulumi_func
from teal_infra.planning.live import Live
from teal_infra.planning.move import move_of
from teal_infra.planning.schema import plans
from teal_infra.program import provision
from teal_infra.settings.load import load

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.model.colours import Colour
from teal.model.live import LiveService, LiveSlot
from tests.unit.infra.declaring import Declared, config, declared
from tests.unit.policies.graphs import Recorder, Resources, registered

AT = "2026-01-01T00:00:00+00:00"


def raw(active: str = "blue", *, alone: bool = False, **mailer: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """A backend and a mailer, which nobody asks; or the mailer alone."""
    services = ("mailer",) if alone else ("backend", "mailer")
    its = config(active, router="service", services=services)
    given = json.loads(its["services"])
    return {**its, "services": json.dumps({**given, "mailer": {"kind": "worker", **mailer}})}


def live(colour: str, *, has: int = 3, moved_from: str = "green@3") -> Live:
    """A colour of both is live, and has so many pods of the mailer."""
    marks = {"teal/moved-from": moved_from}
    found = {
        name: LiveService(
            colour=Colour(colour),
            selector={"colour": colour},
            annotations=marks,
            resource_version="7",
            writer="pulumi-kubernetes-1",
            worker=name == "mailer",
        )
        for name in ("backend", "mailer")
    }
    slots = {("mailer", each): LiveSlot(annotations={}, replicas=has if each == colour else 0) for each in Colour}
    return Live(services=found, slots=slots, record={"colour": colour}, at=AT)


def gates(resources: Declared, name: str) -> list[str]:
    """The scheduling gates of a Deployment's pods."""
    spec = resources["Deployment", name]["spec"]["template"]["spec"]
    return [each["name"] for each in spec.get("schedulingGates", ())]


async def test_a_worker_has_no_door() -> None:
    """Neither Service nor port, no probe, and no wait before it is told to stop; nobody connects to it."""
    resources = await declared(raw(shutdown={"gracePeriodSeconds": 600}))
    assert not [name for name in resources.names("Service") if "mailer" in name]
    pod = resources["Deployment", "mailer-blue"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert not {"ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"} & container.keys()
    assert "PORT" not in {each["name"] for each in container["env"]}
    assert pod["spec"]["terminationGracePeriodSeconds"] == 600
    assert not [each for each in pod["metadata"]["annotations"] if each.startswith("prometheus.io")]
    assert resources["NetworkPolicy", "mailer-network"]["spec"]["ingress"] == []
    assert "mailer" not in resources["ConfigMap", "teal-confirmed"]["data"]


async def test_prometheus_scrapes_a_worker_at_the_port_that_it_names() -> None:
    """Nobody else may connect to it; where nobody may scrape it either, no policy says so."""
    resources = await declared(raw(requestMetrics={"port": 9808, "path": "/m"}, network={"dns": None}))
    template = resources["Deployment", "mailer-blue"]["spec"]["template"]
    scraped = {key.removeprefix("prometheus.io/"): each for key, each in template["metadata"]["annotations"].items()}
    assert (scraped["scrape"], scraped["port"], scraped["path"]) == ("true", "9808", "/m")
    assert template["spec"]["containers"][0]["ports"] == [{"name": "metrics", "containerPort": 9808}]
    (rule,) = resources["NetworkPolicy", "mailer-network"]["spec"]["ingress"]
    assert rule["ports"] == [{"port": 9808, "protocol": "TCP"}]
    assert [each["podSelector"]["matchLabels"] for each in rule["from"]] == [{"app.kubernetes.io/name": "prometheus"}]
    closed = await declared(raw(requestMetrics={"port": 9808}, network={"prometheus": None}))
    assert closed["NetworkPolicy", "mailer-network"]["spec"]["ingress"] == []


async def test_a_worker_is_probed_by_what_it_says_alone() -> None:
    """By a command, or at a port of its own that no Service leads to."""
    probes = {"readiness": {"exec": ["celery", "inspect", "ping"]}, "liveness": {"path": "/up", "port": 9808}}
    resources = await declared(raw(probes=probes))
    (container,) = resources["Deployment", "mailer-blue"]["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["exec"] == {"command": ["celery", "inspect", "ping"]}
    assert container["livenessProbe"]["httpGet"] == {"path": "/up", "port": 9808}
    assert not {"ports", "startupProbe"} & container.keys()


async def test_a_worker_that_somebody_else_scales_is_started_all_the_same() -> None:
    """The flip asks for its first pods; no floor is asked for before its record says that it may run."""
    resources = await declared(raw("green", autoscaling={"external": True}), live("blue", has=5))
    assert resources["Deployment", "mailer-green"]["spec"]["replicas"] == 5
    assert resources["Deployment", "mailer-blue"]["spec"]["replicas"] == 0
    assert not [each for each in resources.names("HorizontalPodAutoscaler") if "mailer" in each]
    settings = load(raw(autoscaling={"external": True}), stack="dev")
    assert move_of(settings, Live(at=AT)).scaled_by_others == frozenset()


@pytest.mark.parametrize("active", ["blue", "green"])
async def test_only_the_active_colour_has_pods(active: str) -> None:
    """The idle one has none, nothing that scales or guards it, and would get none that runs, whoever asks for them."""
    idle = {"blue": "green", "green": "blue"}[active]
    resources = await declared(raw(active), live(active))
    assert resources["Deployment", f"mailer-{idle}"]["spec"]["replicas"] == 0
    assert gates(resources, f"mailer-{idle}") == ["teal/idle"]
    assert gates(resources, f"mailer-{active}") == []
    for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget"):
        assert [each for each in resources.names(kind) if "mailer" in each] == [
            f"mailer-{active}-{'budget' if kind == 'PodDisruptionBudget' else 'autoscaler'}"
        ]
    assert resources["ConfigMap", "mailer-live"]["data"] == {"colour": active}


async def test_colours_that_may_overlap_for_good_run_both() -> None:
    """`overlap: allowed`."""
    resources = await declared(raw(overlap="allowed", autoscaling={"enabled": False}, replicas=2))
    assert [resources["Deployment", f"mailer-{each}"]["spec"]["replicas"] for each in Colour] == [2, 2]
    assert gates(resources, "mailer-green") == []


async def test_releases_that_must_not_overlap_do_not_either_when_they_are_replaced_in_place() -> None:
    """`overlap: forbidden` is of whatever takes the same work."""
    strategies = [
        (await declared(raw(overlap=each)))["Deployment", "mailer-blue"]["spec"]["strategy"]["type"]
        for each in ("flip", "forbidden")
    ]
    assert strategies == ["RollingUpdate", "Recreate"]


async def graph(config_of: dict[str, str], found: Live) -> Resources:
    """What is registered, with what waits for what."""

    async def program() -> None:
        settings = load(config_of, stack="dev")
        provision(settings, found, ClusterAccess(namespace="teal"), plans(settings, found))

    return await registered(program, name="dev")


def waits(resources: Resources, later: tuple[str, str], earlier: tuple[str, str]) -> bool:
    """Whether one resource is changed only after another one."""
    urns = {(each.type.rsplit(":", 1)[-1], each.name): each for each in resources}
    by_urn = {each.urn: each for each in resources}
    pending, seen = [*urns[later].dependencies], set[str]()
    while pending:
        urn = pending.pop()
        if urn == urns[earlier].urn:
            return True
        if urn not in seen and urn in by_urn:
            seen.add(urn)
            pending += by_urn[urn].dependencies
    return False


async def test_a_worker_starts_between_the_proof_and_the_traffic() -> None:
    """All else of the destination is there, then record, pods, live traffic, the confirmation, the idle pods."""
    found = await graph(raw("green"), live("blue"))
    order = [
        ("Deployment", "backend-green"),
        ("ConfigMap", "mailer-live"),
        ("Deployment", "mailer-green"),
        ("Service", "backend-active"),
        ("ConfigMap", "teal-confirmed"),
        ("Deployment", "mailer-blue"),
    ]
    for earlier, later in pairwise(order):
        assert waits(found, later, earlier), f"{later} does not wait for {earlier}"


async def test_a_stack_of_workers_alone_has_what_a_flip_writes() -> None:
    """The record is what its proof guards; no door is exported that nobody has."""
    found = await graph(raw("green", alone=True), live("blue"))
    assert waits(found, ("Deployment", "mailer-green"), ("ConfigMap", "mailer-live"))
    assert waits(found, ("ConfigMap", "teal-confirmed"), ("Deployment", "mailer-green"))
    assert not [each.name for each in found if each.type.endswith(":Service")]


async def test_what_begins_to_run_is_a_difference_to_the_engine_whatever_its_state_says() -> None:
    """A way back stops pods behind the engine's back: its state and the config may agree, and the cluster not."""
    marks = [
        (await declared(raw("green"), found))["Deployment", "mailer-green"]["metadata"]["annotations"]
        for found in (live("blue"), live("green", moved_from="blue@7"), live("green", moved_from="blue@7"))
    ]
    moved = [each["teal/moved-from"] for each in marks]
    assert moved == ["blue@7", "blue@7", "blue@7"], "at rest, nothing changes"
    again = (await declared(raw("green"), live("blue", moved_from="green@9")))["Deployment", "mailer-green"]
    assert again["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"


@pytest.mark.parametrize(("where", "ignored"), [("blue", False), ("green", True)])
async def test_an_autoscaled_worker_is_started_with_pods_and_left_to_its_autoscaler(
    where: str, *, ignored: bool
) -> None:
    """What has none is touched by no autoscaler; what has some is nobody else's to scale."""
    found = await graph(raw("green"), live(where, has=5))
    (slot,) = [each for each in found if each.type.endswith(":Deployment") and each.name == "mailer-green"]
    assert ("spec.replicas" in slot.options.ignoreChanges) is ignored
    spec = json_format.MessageToDict(slot.properties)["spec"]
    assert spec["replicas"] == (5 if where == "blue" else 3)


class Hooked(Recorder):
    """Keeps which hooks each Deployment has."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()
        self.hooks: dict[str, tuple[list[str], list[str]]] = {}

    def RegisterResource(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Keep them and answer as the SDK's own."""
        if request.type.endswith(":Deployment"):
            self.hooks[request.name] = [*request.hooks.before_update], [*request.hooks.on_error]
        return super().RegisterResource(request)


async def test_a_hook_lets_pods_start_and_another_one_undoes_what_does_not() -> None:
    """Of the active colour of a worker alone."""
    recorder = Hooked()
    mocks.set_mocks(recorder.mocks, project="teal", stack="dev", monitor=recorder)

    async def program() -> None:
        settings = load(raw("green"), stack="dev")
        provision(settings, live("blue"), ClusterAccess(namespace="teal"), plans(settings, live("blue")))

    await run_pulumi_func(program)
    assert recorder.hooks == {
        "backend-green": ([], []),
        "mailer-green": (["teal-start"], ["teal-undo"]),
        "backend-blue": (["teal-idle"], []),
        "mailer-blue": (["teal-idle"], []),
    }


@pytest.mark.parametrize(
    ("has", "annotations", "at"),
    [(0, {}, None), (2, {}, AT), (0, {"teal/stopped-at": "before"}, "before"), (2, {"teal/stopped-at": "before"}, AT)],
)
async def test_pods_of_the_idle_colour_make_a_difference_to_the_engine(
    has: int, annotations: Mapping[str, str], at: str | None
) -> None:
    """Its state may say that there are none; once they are gone, the next update has nothing to write."""
    slots = {
        ("mailer", Colour.BLUE): LiveSlot(annotations={}, replicas=2),
        ("mailer", Colour.GREEN): LiveSlot(annotations=annotations, replicas=has),
    }
    resources = await declared(raw(), replace(live("blue"), slots=slots))
    marks = {name: resources["Deployment", f"mailer-{name}"]["metadata"]["annotations"] for name in ("blue", "green")}
    assert marks["green"].get("teal/stopped-at") == at
    assert "teal/stopped-at" not in marks["blue"]
    assert resources["Deployment", "mailer-green"]["spec"]["replicas"] == 0
