"""What a pod is made of, as services need it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.components import fingerprint
from teal_infra.components.pod import DEPLOYED_AT
from teal_infra.planning import slots
from teal_infra.settings.owned import IDENTITY

from teal.model.colours import Colour
from teal.model.errors import ConfigError
from tests.unit.infra.declaring import config, declared
from tests.unit.infra.worlds import BASE, NOW, edited, settings

IMAGE = "registry.example/backend:1"


async def template(
    service: Mapping[str, Any] | None = None, release: Mapping[str, Any] | None = None, **stack: object
) -> dict[str, Any]:
    """The blue pods of a service with these settings."""
    return (await deployment(service, release, **stack))["template"]


async def deployment(
    service: Mapping[str, Any] | None = None, release: Mapping[str, Any] | None = None, **stack: object
) -> dict[str, Any]:
    """The spec of their Deployment."""
    blue = {"version": "1.0.0", "backend": {"image": IMAGE, **(release or {})}}
    changes = {"services": {"backend": service or {}}, "blue": blue, **stack}
    raw = {**config(router="service"), **{key: json.dumps(each) for key, each in changes.items()}}
    found = await declared(raw)
    return found["Deployment", "backend-blue"]["spec"]


async def test_django_writes_an_upload_to_tmp() -> None:
    """The root file system is read-only, and `/tmp` is an emptyDir that the kubelet bounds."""
    spec = (await template())["spec"]
    (container,) = spec["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - the container's own
    assert spec["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]


async def test_other_services_of_the_namespace_set_no_variables() -> None:
    """A Service named backend would set BACKEND_PORT, which may be an application's own."""
    assert (await template())["spec"]["enableServiceLinks"] is False


SECRET = {"secretRef": {"name": "shop-database"}}
CONFINED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
SIDECAR = {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always", "securityContext": CONFINED}


async def test_a_sidecar_and_a_gpu_are_brought_as_a_manifest_has_them() -> None:
    """With Kubernetes' own names, and keys that are the user's kept as they are."""
    spec = {
        "initContainers": [SIDECAR],
        "nodeSelector": {"a_b/c_d": "gpu_node"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "containers": [{"name": "backend", "resources": {"limits": {"nvidia.com/gpu": 1}}}],
    }
    found = (await template({"podTemplate": {"spec": spec}}))["spec"]
    assert found["initContainers"] == [SIDECAR]
    assert found["nodeSelector"] == {"a_b/c_d": "gpu_node"}
    assert found["tolerations"] == spec["tolerations"]
    (container,) = found["containers"]
    assert container["image"] == IMAGE
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": 1}


async def test_what_the_slot_says_of_a_service_wins() -> None:
    """It is merged last."""
    service = {"podTemplate": {"spec": {"priorityClassName": "low", "nodeSelector": {"zone": "a"}}}}
    release = {"podTemplate": {"spec": {"priorityClassName": "high", "nodeSelector": {"arch": "arm64"}}}}
    spec = (await template(service, release))["spec"]
    assert spec["priorityClassName"] == "high"
    assert spec["nodeSelector"] == {"zone": "a", "arch": "arm64"}


async def test_next_js_has_a_cache_that_it_can_write() -> None:
    """A volume beside teal's own, and a mount beside `/tmp`."""
    cache = {"name": "cache", "emptyDir": {"sizeLimit": "512Mi"}}
    mount = {"name": "cache", "mountPath": "/app/.next/cache"}
    own = {"volumes": [cache], "containers": [{"name": "backend", "volumeMounts": [mount]}]}
    spec = (await template({"podTemplate": {"spec": own}}))["spec"]
    assert [each["name"] for each in spec["volumes"]] == ["tmp", "cache"]
    assert spec["containers"][0]["volumeMounts"][1:] == [mount]


async def test_what_is_mounted_is_said_in_a_word_of_its_own() -> None:
    """Scratch space of a size, what exists already, and another size of `/tmp`."""
    given = {
        "cache": {"mountPath": "/app/.next/cache", "size": "512Mi"},
        "uploads": {"mountPath": "/uploads", "claim": "uploads"},
        "rules": {"mountPath": "/rules", "configMap": "rules", "readOnly": True},
        "certificates": {"mountPath": "/certificates", "secret": "certificates"},
        "tmp": {"mountPath": "/tmp", "size": "4Gi"},  # noqa: S108 - the container's own
    }
    spec = (await template({"volumes": given}))["spec"]
    assert spec["volumes"] == [
        {"name": "cache", "emptyDir": {"sizeLimit": "512Mi"}},
        {"name": "uploads", "persistentVolumeClaim": {"claimName": "uploads"}},
        {"name": "rules", "configMap": {"name": "rules"}},
        {"name": "certificates", "secret": {"secretName": "certificates"}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "4Gi"}},
    ]
    assert spec["containers"][0]["volumeMounts"] == [
        {"name": name, "mountPath": each["mountPath"], **({"readOnly": True} if name == "rules" else {})}
        for name, each in given.items()
    ]


async def test_the_slots_variables_win_over_those_that_exist() -> None:
    """As `env` does over `envFrom` in Kubernetes, where a later source wins; and the slot's template is the later."""
    common, own = ({"secretRef": {"name": name}} for name in ("common", "own"))
    service, release = (
        {"podTemplate": {"spec": {"containers": [{"name": "backend", "envFrom": [each]}]}}} for each in (common, own)
    )
    (container,) = (await template(service, {**release, "secrets": {"A": "b"}}))["spec"]["containers"]
    assert container["envFrom"][:2] == [common, own]
    assert [[*each] for each in container["envFrom"][2:]] == [["configMapRef"], ["secretRef"]]


async def test_an_initial_container_without_an_image_is_one_of_the_release() -> None:
    """It migrates or copies what the image has: with the service's variables, limits, confinement and volumes."""
    migrate = {"name": "migrate", "command": ["rails", "db:migrate"], "env": [{"name": "POOL", "value": 1}]}
    given = {"initContainers": [SIDECAR, migrate], "containers": [{"name": "backend", "envFrom": [SECRET]}]}
    spec = (await template({"podTemplate": {"spec": given}}, {"env": {"URL": "$(PASSWORD)"}}))["spec"]
    (main,) = spec["containers"]
    assert spec["initContainers"][0] == SIDECAR
    made = spec["initContainers"][1]
    for key in ("image", "imagePullPolicy", "envFrom", "resources", "securityContext", "volumeMounts"):
        assert made[key] == main[key]
    assert made["env"] == [*main["env"], {"name": "POOL", "value": "1"}]
    assert made.keys() - main.keys() == {"command"}
    assert not {"ports", "lifecycle", "readinessProbe"} & made.keys()


async def test_behind_a_sidecar_the_service_listens_on_a_port_of_its_own() -> None:
    """The sidecar takes the service's port, and PORT is what the service reads."""
    spec = (await template({"port": 4180, "ports": {"app": 3000}}, {"env": {"PORT": 3000}}))["spec"]
    (container,) = spec["containers"]
    assert "PORT" not in [each["name"] for each in container["env"]]
    assert container["ports"][0] == {"name": "http", "containerPort": 4180}


async def test_a_grpc_server_is_probed_by_grpc() -> None:
    """A null takes the HTTP probe away."""
    probe = {"httpGet": None, "grpc": {"port": 9000}}
    spec = {"containers": [{"name": "backend", "readinessProbe": probe}]}
    (container,) = (await template({"podTemplate": {"spec": spec}}))["spec"]["containers"]
    assert container["readinessProbe"]["grpc"] == {"port": 9000}
    assert "httpGet" not in container["readinessProbe"]


def of_blue(*, service: Mapping[str, Any], release: Mapping[str, Any]) -> fingerprint.Fingerprint:
    """What the blue slot is declared to be."""
    raw = edited(BASE, {"services.backend": service, "blue.backend": {"image": IMAGE, **release}})
    made = slots.fingerprint_of(settings(raw), "backend", Colour.BLUE)
    assert made is not None
    return made


@pytest.mark.parametrize("by", ["service", "release"])
def test_a_pod_template_is_a_change_of_the_slot_by_its_name(by: str) -> None:
    """Its pods restart, and report the time of it; a reviewer reads why."""
    none: Mapping[str, Any] = {"service": {}, "release": {}}
    before = fingerprint.annotations_of(of_blue(**none), {}, NOW)
    made = of_blue(**{**none, by: {"podTemplate": {"spec": {"priorityClassName": "high"}}}})
    assert fingerprint.changed_pods(made, before) == ("podTemplate",)
    assert fingerprint.annotations_of(made, before, "later")[DEPLOYED_AT] == "later"


async def test_the_identity_variables_are_those_that_are_reserved() -> None:
    """What is refused as a name is what would have been overridden."""
    (container,) = (await template())["spec"]["containers"]
    assert {each["name"] for each in container["env"]} == IDENTITY


async def test_a_database_url_refers_to_a_password() -> None:
    """It stands in `env` after the identity; the password comes from the Secret, and the plan knows the same."""
    value = "postgres://shop:$(PASSWORD)@db/$(ENV)"
    release = {"env": {"URL": value}, "secrets": {"PASSWORD": "hush"}}
    (container,) = (await template(release=release))["spec"]["containers"]
    assert "secretRef" in container["envFrom"][1]
    assert container["env"][-1] == {"name": "URL", "value": value}
    assert "hush" not in json.dumps(container)
    made = of_blue(service={}, release=release)
    assert [each.get("name") for each in made.referring] == ["URL"]


async def test_a_variable_of_the_pod_template_has_one_source_and_stands_before_what_refers_to_it() -> None:
    """It takes the place of the slot's, and the kubelet expands by what stands earlier."""
    release = {"env": {"NODE": "app@$(POD_IP)", "BASE": "http://$(POD_IP)"}}
    given = [
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "BASE", "valueFrom": {"configMapKeyRef": {"name": "shop", "key": "base"}}},
    ]
    service = {"podTemplate": {"spec": {"containers": [{"name": "backend", "env": given}]}}}
    (container,) = (await template(service, release))["spec"]["containers"]
    assert container["env"][-3:] == [given[0], {"name": "NODE", "value": "app@$(POD_IP)"}, given[1]]


async def test_an_image_whose_user_is_a_name_runs_as_a_number() -> None:
    """The kubelet cannot tell whether a name is root, and refuses to start it."""
    spec = (await template({"runAsUser": 65534, "runAsGroup": 1000, "fsGroup": 2000}))["spec"]
    assert spec["securityContext"] == {"runAsUser": 65534, "runAsGroup": 1000, "fsGroup": 2000}


async def test_what_a_service_runs_and_who_pulls_its_image_are_plain_settings() -> None:
    """Without them, the image says it, and nothing is sent."""
    given = {"command": ["gunicorn"], "args": ["shop.wsgi", "-w", "2"], "imagePullSecrets": ["registry"]}
    spec = (await template(given))["spec"]
    assert spec["containers"][0].items() >= {"command": ["gunicorn"], "args": ["shop.wsgi", "-w", "2"]}.items()
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    spec = (await template())["spec"]
    assert not {"imagePullSecrets", "securityContext"} & set(spec)
    assert not {"command", "args"} & set(spec["containers"][0])


async def test_a_limit_that_is_null_is_none() -> None:
    """No CPU limit: the container is not throttled; the memory limit stays."""
    spec = (await template({"resources": {"limits": {"cpu": None, "memory": "2Gi"}}}))["spec"]
    assert spec["containers"][0]["resources"]["limits"] == {"memory": "2Gi"}


async def test_pods_are_kept_apart_as_firmly_as_is_asked() -> None:
    """Zones hard, nodes soft."""
    spread = (await template({"spread": {"zones": "hard"}}))["spec"]["topologySpreadConstraints"]
    assert [each["whenUnsatisfiable"] for each in spread] == ["ScheduleAnyway", "DoNotSchedule"]


async def test_a_rollout_replaces_as_many_pods_at_a_time_as_is_asked() -> None:
    """And counts a pod once it has been ready for a while; it may take hours."""
    given = {
        "rollout": {"maxSurge": "50%", "maxUnavailable": 1, "minReadySeconds": 20},
        "progressDeadlineSeconds": 7200,
    }
    spec = await deployment(given)
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "50%", "maxUnavailable": 1}
    assert (spec["minReadySeconds"], spec["progressDeadlineSeconds"]) == (20, 7200)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("command", ["a"]),
        ("args", ["a"]),
        ("imagePullSecrets", ["a"]),
        ("runAsUser", 1),
        ("spread", {"nodes": "hard"}),
        ("volumes", {"cache": {"mountPath": "/cache"}}),
        ("resources", {"limits": {"cpu": None}}),
    ],
)
def test_a_setting_of_the_pod_is_a_change_by_its_name(setting: str, value: object) -> None:
    """Each restarts pods."""
    before = fingerprint.annotations_of(of_blue(service={}, release={}), {}, NOW)
    made = of_blue(service={setting: value}, release={})
    assert fingerprint.changed_pods(made, before) == (setting,)
    assert made.digest != of_blue(service={}, release={}).digest


def test_how_pods_are_replaced_restarts_none() -> None:
    """It is the Deployment's, and not its pods'."""
    before = fingerprint.annotations_of(of_blue(service={}, release={}), {}, NOW)
    assert fingerprint.changed_pods(of_blue(service={"rollout": {"maxSurge": 2}}, release={}), before) == ()


@pytest.mark.parametrize("nobody", [0, "0%"])
def test_a_rollout_that_could_replace_no_pod_is_refused(nobody: object) -> None:
    """With the command that mends it."""
    with pytest.raises(ConfigError) as error:
        settings(edited(BASE, {"services.backend.rollout": {"maxSurge": nobody}}))
    assert "Next: pulumi config set --path 'teal:services.backend.rollout.maxSurge' 1" in str(error.value)
