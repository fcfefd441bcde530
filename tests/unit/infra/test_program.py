"""What the program declares, by Pulumi's mocks: the invariants of two colours and one door."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from pulumi.runtime import mocks, stack
from teal_infra.planning.live import Live, require_explained
from teal_infra.planning.schema import plans
from teal_infra.program import provision
from teal_infra.settings.load import load

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.model.errors import ForeignChangeError
from teal.model.live import LiveService, LiveSlot
from teal.spec.bake import BakePlan


class Recorder(mocks.Mocks):
    """Keeps what was registered."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.resources: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Answer with the inputs, as a cluster that accepts everything."""
        inputs = cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType]  # the SDK's plain dict
        self.resources[args.typ.rsplit(":", 1)[-1], args.name] = inputs
        return f"{args.name}-id", inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """No function is expected to be called."""
        raise AssertionError(args.token)


def config(active: str = "blue", services: Sequence[str] = ("backend",), **slots: Mapping[str, Any]) -> dict[str, str]:
    """Raw config of a stack with both colours, unless said otherwise."""
    release = {name: {"image": f"registry.example/{name}:1"} for name in services}
    both = {"blue": {"version": "1.0.0", **release}, "green": {"version": "1.1.0", **release}} | slots
    return {
        "activeColour": active,
        "services": json.dumps({name: {"port": 8000, "contract": True} for name in services}),
        **{colour: json.dumps(slot) for colour, slot in both.items()},
    }


async def declared(raw: Mapping[str, str], live: Live | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    """All resources of a stack with this config."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev", organization="acme")

    async def program() -> None:
        settings, found = load(raw, stack="dev"), live or Live()
        provision(settings, found, ClusterAccess(namespace="teal"), plans(settings, found))

    await stack.run_pulumi_func(program)
    return recorder.resources


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


async def test_editing_the_idle_slot_leaves_the_live_colour_untouched() -> None:
    """PREPARE changes nothing that carries the live colour, nor the traffic."""
    new = {"version": "2.0.0", "backend": {"image": "registry.example/backend:2", "env": {"A": "1"}}}
    before, after = await declared(config("blue")), await declared(config("blue", green=new))
    changed = {name for _, name in (key for key in {**before, **after} if before.get(key) != after.get(key))}
    configs = {named(each, "ConfigMap", "backend-green-") for each in (before, after)}
    assert changed == {"backend-green", *configs, "backend-green-budget", "backend-green-autoscaler"}


def named(resources: Mapping[tuple[str, str], Any], kind: str, prefix: str) -> str:
    """The one resource of a kind whose name begins so."""
    (found,) = [name for each, name in resources if each == kind and name.startswith(prefix)]
    return found


async def test_config_is_named_by_content() -> None:
    """A changed environment is another ConfigMap, which its own colour's pods name.

    It is another resource as well, and no replacement: or an update that failed would leave the first one to be deleted
    by the next, which may need it again.
    """
    first = await declared(config())
    env = {"version": "1.0.0", "backend": {"image": "registry.example/backend:1", "env": {"A": "1"}}}
    second = await declared(config(blue=env))
    names = [named(each, "ConfigMap", "backend-blue-") for each in (first, second)]
    assert [
        each["ConfigMap", name]["metadata"]["name"] for each, name in zip((first, second), names, strict=True)
    ] == names
    assert len(set(names)) == 2
    container = second["Deployment", "backend-blue"]["spec"]["template"]["spec"]["containers"][0]
    assert container["envFrom"] == [{"configMapRef": {"name": names[1]}}]


async def test_pods_know_who_they_are() -> None:
    """All six identity variables of the service contract are set, and the version."""
    resources = await declared(config())
    container = resources["Deployment", "backend-blue"]["spec"]["template"]["spec"]["containers"][0]
    identity = {"ENV", "DEPLOYMENT_GROUP", "REGION", "AVAILABILITY_ZONE", "INSTANCE_ID", "DEPLOYMENT_TIMESTAMP"}
    assert identity | {"VERSION"} <= {variable["name"] for variable in container["env"]}


async def test_pods_are_probed_drained_and_confined() -> None:
    """Probes, preStop and the restricted security context are there without asking."""
    spec = (await declared(config()))["Deployment", "backend-blue"]["spec"]["template"]["spec"]
    container = spec["containers"][0]
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
    assert container["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    assert spec["terminationGracePeriodSeconds"] == 45
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["automountServiceAccountToken"] is False


async def test_an_unchanged_slot_keeps_its_timestamp() -> None:
    """What is live and unchanged is declared as it is, so that nothing changes; a new release gets a new time."""
    first = await declared(config())
    annotations = dict(first["Deployment", "backend-blue"]["metadata"]["annotations"])
    annotations["teal/deployed-at"] = "2001-01-01T00:00:00+00:00"
    slot = LiveSlot(annotations=annotations, replicas=3)
    live = Live(slots={("backend", Colour.BLUE): slot}, at="2026-01-01T00:00:00+00:00")
    again = await declared(config(), live)
    assert again["Deployment", "backend-blue"]["metadata"]["annotations"] == annotations
    other = {"version": "9.0.0", "backend": {"image": "registry.example/backend:1"}}
    changed = await declared(config(blue=other), live)
    assert changed["Deployment", "backend-blue"]["metadata"]["annotations"]["teal/deployed-at"] == live.at


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


async def test_a_kubeconfig_of_the_config_is_a_secret_to_the_engine() -> None:
    """It may hold keys; the provider's inputs are kept in the state."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev")

    async def program() -> None:
        settings = load(config(), stack="dev")
        provision(settings, Live(), ClusterAccess(namespace="teal", kubeconfig="with a key"), plans(settings, Live()))

    await stack.run_pulumi_func(program)
    assert sealed(recorder.resources["kubernetes", "cluster"]["kubeconfig"]) == "with a key"


async def test_a_flip_set_has_one_door_a_service_and_one_record() -> None:
    """Two services are two active Services that flip together."""
    resources = await declared(config("green", services=("backend", "frontend")))
    doors = [
        resources["Service", f"{name}-active"]["spec"]["selector"]["teal/colour"] for name in ("backend", "frontend")
    ]
    assert doors == ["green", "green"]
    assert resources["ConfigMap", "teal-confirmed"]["data"] == {
        "colour": "green",
        "version": "1.1.0",
        "since": "",
    }


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


async def test_a_colour_without_a_release_has_no_objects() -> None:
    """A stack may begin with one colour."""
    raw = config()
    del raw["green"]
    assert not [name for _, name in await declared(raw) if "green" in name]


def sealed(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The content of a value that reached the engine as a secret, and only of such a value."""
    assert value["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"
    return value["value"]


async def test_secrets_are_secrets_to_the_engine_and_named_by_content() -> None:
    """Their values reach the Secret only, as secrets; a change makes a new Secret for its own colour only."""
    names: list[str] = []
    for value in ("first-password", "other-password"):
        slot = {"version": "1.0.0", "backend": {"image": "registry.example/backend:1", "secrets": {"TOKEN": value}}}
        resources = await declared(config(blue=slot))
        names.append(named(resources, "Secret", "backend-blue-"))
        assert sealed(resources["Secret", names[-1]]["stringData"]) == {"TOKEN": value}
        elsewhere = [each for (kind, _), each in resources.items() if kind != "Secret"]
        assert value not in json.dumps(elsewhere)
        assert not [name for kind, name in resources if kind == "Secret" and name.startswith("backend-green-")]
    assert len(set(names)) == 2


async def test_backing_services_reach_both_colours_by_the_production_guides_names() -> None:
    """Plain settings by the ConfigMap, the password by the Secret."""
    backing: dict[str, dict[str, Any]] = {
        "db": {"kind": "database", "host": "db.example", "port": 5432, "password": "s3cret-enough"}
    }
    backing["db"]["network"] = {"cidrs": ["10.20.0.0/16"], "ports": [5432]}
    services = json.dumps({"backend": {"backing": ["db"]}})
    resources = await declared({**config(), "services": services, "backing": json.dumps(backing)})
    for colour in ("blue", "green"):
        data = resources["ConfigMap", named(resources, "ConfigMap", f"backend-{colour}-")]["data"]
        assert data == {"DB_HOST": "db.example", "DB_PORT": "5432"}
        assert list(sealed(resources["Secret", named(resources, "Secret", f"backend-{colour}-")]["stringData"])) == [
            "DB_PASSWORD"
        ]


async def test_a_password_reaches_nobody_who_does_without_its_service() -> None:
    """Pods of a service that does not name it get neither its variables nor its secrets."""
    backing: dict[str, Any] = {"kind": "database", "host": "db.example", "password": "s3cret-enough"}
    backing["network"] = {"cidrs": ["10.20.0.0/16"], "ports": [5432]}
    raw = {**config(services=["backend", "frontend"]), "backing": json.dumps({"db": backing})}
    raw["services"] = json.dumps({"backend": {"backing": ["db"]}, "frontend": {}})
    resources = await declared(raw)
    assert {name.rpartition("-")[0] for kind, name in resources if kind == "Secret"} == {
        "backend-blue",
        "backend-green",
    }
    assert not resources["ConfigMap", named(resources, "ConfigMap", "frontend-blue-")].get("data")


async def test_another_way_to_the_cluster_replaces_nothing() -> None:
    """By itself, the provider takes another address or authority for another cluster, and deletes what is live."""
    assert (await declared(config()))["kubernetes", "cluster"]["clusterIdentifier"] == "teal"


async def test_nothing_but_the_autoscaler_writes_replicas() -> None:
    """With autoscaling on, the Deployment does not say how many; with it off, it does."""
    on = await declared(config())
    assert "replicas" not in on["Deployment", "backend-blue"]["spec"]
    off = {**config(), "services": json.dumps({"backend": {"autoscaling": {"enabled": False}, "replicas": 4}})}
    resources = await declared(off)
    assert resources["Deployment", "backend-blue"]["spec"]["replicas"] == 4
    assert ("HorizontalPodAutoscaler", "backend-blue-autoscaler") not in resources


@pytest.mark.parametrize("state", ["retired", "stopped"])
async def test_a_colour_that_is_off_has_no_pods_and_nothing_that_scales_it(state: str) -> None:
    """Its Deployment is asked for none, and stays, to be started again."""
    slot = {"version": "1.1.0", "state": state, "backend": {"image": "registry.example/backend:1"}}
    resources = await declared(config(green=slot))
    assert resources["Deployment", "backend-green"]["spec"]["replicas"] == 0
    assert not [name for kind, name in resources if kind == "HorizontalPodAutoscaler" and "green" in name]


async def test_accounts_may_only_read_and_only_when_asked() -> None:
    """No wildcard, no verb that writes, no secrets; bound and given a token only where the stack says so."""
    resources = await declared(config())
    rules = resources["Role", "reader"]["rules"]
    assert {verb for rule in rules for verb in rule["verbs"]} <= {"get", "list", "watch"}
    assert not {"*", "secrets"} & {each for rule in rules for each in [*rule["resources"], *rule["apiGroups"]]}
    assert ("RoleBinding", "backend-reader") not in resources
    asked = await declared({**config(), "services": json.dumps({"backend": {"access": {"readCluster": True}}})})
    assert ("RoleBinding", "backend-reader") in asked
    assert asked["Deployment", "backend-blue"]["spec"]["template"]["spec"]["automountServiceAccountToken"] is True


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
