"""The program declares two colours, and gives their pods what they need, and no more."""

import json
from typing import Any

import pytest
from pulumi.runtime import mocks, stack
from teal_infra.planning.live import Live
from teal_infra.planning.schema import plans
from teal_infra.program import provision
from teal_infra.settings.load import load

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.model.colours import Colour
from teal.model.live import LiveSlot
from tests.unit.infra.recording import Recorder, config, declared, named, sealed


async def test_editing_the_idle_slot_leaves_the_live_colour_untouched() -> None:
    """PREPARE changes nothing that carries the live colour, nor the traffic."""
    new = {"version": "2.0.0", "backend": {"image": "registry.example/backend:2", "env": {"A": "1"}}}
    before, after = await declared(config("blue")), await declared(config("blue", green=new))
    changed = {name for _, name in (key for key in {**before, **after} if before.get(key) != after.get(key))}
    configs = {named(each, "ConfigMap", "backend-green-") for each in (before, after)}
    assert changed == {"backend-green", *configs, "backend-green-budget", "backend-green-autoscaler"}


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


async def test_a_kubeconfig_of_the_config_is_a_secret_to_the_engine() -> None:
    """It may hold keys; the provider's inputs are kept in the state."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev")

    async def program() -> None:
        settings = load(config(), stack="dev")
        provision(settings, Live(), ClusterAccess(namespace="teal", kubeconfig="with a key"), plans(settings, Live()))

    await stack.run_pulumi_func(program)
    assert sealed(recorder.resources["kubernetes", "cluster"]["kubeconfig"]) == "with a key"


async def test_a_colour_without_a_release_has_no_objects() -> None:
    """A stack may begin with one colour."""
    raw = config()
    del raw["green"]
    assert not [name for _, name in await declared(raw) if "green" in name]


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
