"""Who may talk to whom by the policies that the program makes."""

import json
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from lightkube.models.networking_v1 import NetworkPolicy
from pulumi.runtime import mocks, stack
from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest, RegisterResourceResponse
from teal_infra import labels
from teal_infra.components.network import Member, NetworkPolicies, NetworkPoliciesArgs
from teal_infra.settings.load import load
from teal_infra.settings.reach.network import BackingPeer, NetworkSettings

from teal.model.colours import Colour
from teal.model.labels import NAME_LABEL
from tests.unit.infra import recording
from tests.unit.teal.network.reachability import Actor, Namespace, Outside, Pod, Port, matrix

HTTP, METRICS, POSTGRES, REDIS, DNS = Port(8000), Port(9090), Port(5432), Port(6379), Port(53, "UDP")
ASKED = (HTTP, METRICS, POSTGRES, REDIS, DNS, Port(53), Port(22))

TEAL = Namespace(name="teal", labels={"app.kubernetes.io/part-of": "teal"})
DATA, SYSTEM = Namespace(name="data"), Namespace(name="kube-system")
INGRESS, MONITORING = Namespace(name="ingress-nginx"), Namespace(name="monitoring")
CONTROLLER = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}
SCRAPER = {"app.kubernetes.io/name": "prometheus"}

STACK: Sequence[Pod] = (
    *(
        Pod(name=f"{service}-{colour}", namespace=TEAL, labels=labels.coloured(service, colour, "1.0.0"))
        for service in ("backend", "frontend")
        for colour in Colour
    ),
    Pod(name="migration", namespace=TEAL, labels={**labels.shared("backend"), NAME_LABEL: "backend-migrations"}),
    Pod(name="stray", namespace=TEAL, labels={}),
)
OTHERS: Sequence[Actor] = (
    Pod(name="controller", namespace=INGRESS, labels=CONTROLLER),
    Pod(name="its-neighbour", namespace=INGRESS, labels={"app": "other"}),
    Pod(name="prometheus", namespace=MONITORING, labels=SCRAPER),
    Pod(name="false-prometheus", namespace=DATA, labels=SCRAPER),
    Pod(name="dns", namespace=SYSTEM, labels={"k8s-app": "kube-dns"}),
    Pod(name="system", namespace=SYSTEM, labels={"k8s-app": "other"}),
    Pod(name="postgres", namespace=DATA, labels={"app": "postgres"}),
    Outside(name="redis", address="10.20.0.5"),
    Outside(name="beside-redis", address="10.20.0.6"),
    Outside(name="api-server", address="192.0.2.10"),
    Outside(name="anybody", address="203.0.113.9"),
)

BACKING: Mapping[str, Any] = {
    "database": {
        "namespaceLabels": {"kubernetes.io/metadata.name": "data"},
        "podLabels": {"app": "postgres"},
        "ports": [5432],
    },
    "redis": {"cidrs": ["10.20.0.5/32"], "ports": [6379]},
}


def policy(inputs: Mapping[str, Any]) -> NetworkPolicy:
    """A policy from a resource's inputs, in which the mocks' protocol has made every number a float."""
    whole = json.loads(json.dumps(inputs), parse_float=lambda text: int(float(text)))
    return cast("NetworkPolicy", NetworkPolicy.from_dict(whole))  # pyright: ignore[reportUnknownMemberType]  # a plain dict


async def reachable(
    services: Mapping[str, Mapping[str, Any]], backing: Mapping[str, Any] = BACKING
) -> Mapping[tuple[str, str], frozenset[Port]]:
    """The matrix of a stack with these network settings; only what is open, and only from or to its pods."""
    policies = [policy(inputs) for inputs in (await declared(services, backing)).values()]
    return {
        pair: ports
        for pair, ports in matrix(policies, [*STACK, *OTHERS], ASKED).items()
        if ports and {pod.name for pod in STACK} & set(pair)
    }


async def declared(
    services: Mapping[str, Mapping[str, Any]],
    backing: Mapping[str, Any] = BACKING,
    monitor: mocks.MockMonitor | None = None,
    *,
    own: bool = True,
    shared: Sequence[int] = (),
) -> Mapping[str, dict[str, Any]]:
    """The policies of such a stack, by their names in the program."""
    recorder = recording.Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev", monitor=monitor)
    named = {name: BackingPeer.model_validate(peer) for name, peer in backing.items()}
    networks = {name: NetworkSettings.model_validate(network) for name, network in services.items()}
    members = {
        name: Member([8000], 9090, each, {**named, **each.backing}, shared=shared) for name, each in networks.items()
    }

    async def program() -> None:
        NetworkPolicies("network", NetworkPoliciesArgs(services=members, namespace="teal", own=own))

    await stack.run_pulumi_func(program)
    return {name: inputs for (kind, name), inputs in recorder.resources.items() if kind == "NetworkPolicy"}


async def test_who_may_talk_to_whom_by_default() -> None:
    """The whole table: ingress controller and Prometheus in, each other, DNS and the backing services out."""
    seen = await reachable({"backend": {}, "frontend": {}})
    coloured = [f"{service}-{colour}" for service in ("backend", "frontend") for colour in Colour]
    mine = [*coloured, "migration"]
    assert seen == {
        **{(one, other): {HTTP} for one in mine for other in mine if one != other},
        **{("controller", each): {HTTP} for each in mine},
        **{("prometheus", each): {METRICS} for each in mine},
        **{(each, "dns"): {DNS, Port(53)} for each in mine},
        **{(each, "postgres"): {POSTGRES} for each in mine},
        **{(each, "redis"): {REDIS} for each in mine},
    }


async def test_pods_of_one_service_find_each_other_on_its_further_ports() -> None:
    """In either colour; no other service's pods do."""
    inputs = await declared({"backend": {}, "frontend": {}}, shared=[REDIS.number])
    seen = matrix([policy(each) for each in inputs.values()], [*STACK, *OTHERS], ASKED)
    assert seen["backend-blue", "backend-green"] == {HTTP, REDIS}
    assert seen["frontend-blue", "backend-blue"] == seen["migration", "backend-blue"] == {HTTP}
    assert not seen["stray", "backend-blue"]


async def test_in_another_teams_namespace_only_the_stacks_pods_are_isolated() -> None:
    """What runs there beside them stays as open as it was, a service's name in its labels or not."""
    policies = [policy(inputs) for inputs in (await declared({"backend": {}}, own=False)).values()]
    theirs = Pod(name="theirs", namespace=TEAL, labels={NAME_LABEL: "backend"})
    seen = matrix(policies, [*STACK, theirs, *OTHERS], ASKED)
    assert seen["anybody", "theirs"] == {*ASKED}
    assert seen["theirs", "anybody"] == {*ASKED}
    assert not seen["anybody", "backend-blue"]
    assert seen["controller", "backend-blue"] == {HTTP}
    names = {inputs["metadata"]["name"] for inputs in (await declared({"backend": {}}, own=False)).values()}
    assert names == {"teal-backend", "teal-default-deny"}


async def test_the_pods_that_the_program_makes_are_those_that_its_policies_mean() -> None:
    """By the labels of a Deployment's own template: the ingress controller gets in, anybody else does not."""
    resources = await recording.declared(recording.config())
    policies = [policy(inputs) for (kind, _), inputs in resources.items() if kind == "NetworkPolicy"]
    template = resources["Deployment", "backend-green"]["spec"]["template"]
    pod = Pod(name="pod", namespace=TEAL, labels=template["metadata"]["labels"])
    seen = matrix(policies, [pod, *OTHERS], [HTTP])
    assert {pair for pair, ports in seen.items() if ports and "pod" in pair} == {
        ("controller", "pod"),
        ("prometheus", "pod"),
    }


async def test_pods_that_listen_on_another_number_are_reached_until_they_are_replaced() -> None:
    """The policy is written before the first pod of the new port is ready, and holds for live pods of the old one."""
    services = {port: json.dumps({"backend": {"port": port}}) for port in (8000, 9000)}
    old, new = [await recording.declared({**recording.config(), "services": each}) for each in services.values()]
    policies = [policy(inputs) for (kind, _), inputs in new.items() if kind == "NetworkPolicy"]
    template = old["Deployment", "backend-blue"]["spec"]["template"]
    ports = {each["name"]: Port(int(each["containerPort"])) for each in template["spec"]["containers"][0]["ports"]}
    pod = Pod(name="pod", namespace=TEAL, labels=template["metadata"]["labels"], ports=ports)
    assert matrix(policies, [pod, *OTHERS], [HTTP])["controller", "pod"] == {HTTP}


async def test_a_caller_is_let_in_to_the_service_that_names_it() -> None:
    """The API server reaches the backend's port, and nothing else gets in by that."""
    named = {"callers": {"api-server": {"cidrs": ["192.0.2.10/32"]}}}
    before, after = (
        await reachable({"backend": {}, "frontend": {}}),
        await reachable({"backend": named, "frontend": {}}),
    )
    more = {("api-server", name): {HTTP} for name in ("backend-blue", "backend-green", "migration")}
    assert after == {**before, **more}


def test_a_service_reaches_the_backing_services_that_it_names() -> None:
    """And no other one; a peer of its own of the same name replaces the stack's."""
    elsewhere = {"cidrs": ["10.20.0.6/32"], "ports": [6379]}
    kinds = {"database": "database", "redis": "redis"}
    raw = {
        **recording.config(services=["backend", "frontend"]),
        "backing": json.dumps({name: {"kind": kind, "network": BACKING[name]} for name, kind in kinds.items()}),
        "services": json.dumps(
            {
                "backend": {"backing": ["redis"], "network": {"backing": {"redis": elsewhere}}},
                "frontend": {"backing": ["database"]},
            }
        ),
    }
    stack_settings = load(raw, stack="dev")
    assert stack_settings.peers("backend") == {"redis": BackingPeer.model_validate(elsewhere)}
    assert stack_settings.peers("frontend") == {"database": BackingPeer.model_validate(BACKING["database"])}


async def test_what_is_null_is_closed() -> None:
    """No ingress controller, no Prometheus and no DNS: the stack and its backing services are left."""
    closed = {"ingressController": None, "prometheus": None, "dns": None}
    seen = await reachable({"backend": closed, "frontend": closed})
    assert {name for pair in seen for name in pair} == {pod.name for pod in STACK} - {"stray"} | {"postgres", "redis"}


async def test_a_service_without_policies_is_as_open_as_without_teal() -> None:
    """The general denial leaves it out, and still holds for the other service and for strays."""
    seen = await reachable({"backend": {"policies": False}, "frontend": {}})
    for name in ("backend-green", "migration"):
        assert seen["anybody", name] == seen[name, "anybody"] == set(ASKED)
    assert not {("anybody", "frontend-green"), ("anybody", "stray"), ("stray", "anybody")} & seen.keys()


async def test_no_policies_at_all_where_no_service_wants_any() -> None:
    """Then there is no general denial either."""
    assert not await declared({"backend": {"policies": False}})


@pytest.mark.parametrize(
    "network",
    [
        {},
        {"policies": False},
        {"callers": {"node": {"cidrs": ["192.0.2.0/24", "10.0.0.0/8"]}}, "ingressController": None},
        {"callers": {"shop": {"podLabels": {"teal/other": "blue"}}}},
    ],
)
async def test_the_colours_are_treated_alike(network: Mapping[str, Any]) -> None:
    """Blue's rows and columns are green's: a flip changes nothing about who may talk to whom."""
    seen = await reachable({"backend": network, "frontend": {}})
    other = {"backend-blue": "backend-green", "backend-green": "backend-blue"}
    assert {(other.get(a, a), other.get(b, b)): ports for (a, b), ports in seen.items()} == seen


networks = some.tuples(
    some.sampled_from(["10.20.0.6", "192.0.2.10", "203.0.113.9", "198.51.100.1"]), some.integers(8, 32)
).map(lambda block: str(ip_network(block, strict=False)))


@settings(max_examples=25, deadline=None)  # each is a run of the program under mocks
@given(callers=some.lists(networks, max_size=3), backing=some.lists(networks, max_size=3))
async def test_nobody_who_is_not_listed_gets_in_or_out(callers: Sequence[str], backing: Sequence[str]) -> None:
    """Whatever is listed, a host outside gets in, or is reached, exactly if a listed CIDR holds its address."""
    network: Mapping[str, Any] = {
        "callers": {f"c{number}": {"cidrs": [cidr]} for number, cidr in enumerate(callers)},
        "backing": {f"b{number}": {"cidrs": [cidr], "ports": [5432]} for number, cidr in enumerate(backing)},
    }
    seen = await reachable({"backend": network}, backing={})
    hosts = [each for each in OTHERS if isinstance(each, Outside)]
    for pod in ("backend-blue", "backend-green"):
        assert {host.name: seen.get((host.name, pod)) for host in hosts} == {
            host.name: {HTTP} if _holds(callers, host) else None for host in hosts
        }
        assert {host.name: seen.get((pod, host.name)) for host in hosts} == {
            host.name: {POSTGRES} if _holds(backing, host) else None for host in hosts
        }


def _holds(cidrs: Sequence[str], host: Outside) -> bool:
    return any(ip_address(host.address) in ip_network(cidr) for cidr in cidrs)


class Dependencies(mocks.MockMonitor):
    """Keeps what each resource waits for."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__(recording.Recorder())
        self.of: dict[str, set[str]] = {}

    def RegisterResource(self, request: RegisterResourceRequest) -> RegisterResourceResponse:  # noqa: N802 - gRPC's name
        """Register it as the mocks do."""
        self.of[request.name] = {urn.rsplit("::", 1)[-1] for urn in request.dependencies}
        return super().RegisterResource(request)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # untyped


async def test_a_general_denial_comes_after_what_it_would_cut_off() -> None:
    """A service's isolation and its exceptions are one object, and the denial of the rest waits for all of them."""
    monitor = Dependencies()
    await declared({"backend": {}, "frontend": {}}, monitor=monitor)
    assert monitor.of["default-deny"] == {"backend-network", "frontend-network"}
