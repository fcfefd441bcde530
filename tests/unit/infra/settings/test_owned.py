"""What is teal's to say of a pod is refused by its place in the config, all of it at once."""

import json
import re
from typing import Any

import pytest
from teal_infra.settings.load import load
from teal_infra.settings.pod_template import PodTemplate

from teal.model.errors import ConfigError
from tests.unit.infra.worlds import BASE, edited

OWN = {"name": "backend"}
TEMPLATE = "services.backend.podTemplate"


def said(**changes: Any) -> str:  # noqa: ANN401 - any JSON
    """What is said of a config with these keys, each by its path; nothing where it is taken."""
    raw = edited(BASE, {"namespace": {"name": "teal", "create": False}, **changes})
    texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in raw.items()}
    try:
        load(texts, stack="dev")
    except ConfigError as error:
        return str(error)
    return ""


def of_container(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A spec that says this of the service's own container, the second of two."""
    return {"containers": [{"name": "proxy", "image": "proxy:1"}, {"name": "backend", **fields}]}


CASES: list[tuple[dict[str, Any], str]] = [
    ({"metadata": {"labels": {"teal/colour": "red"}}}, 'metadata.labels["teal/colour"]'),
    ({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}, 'metadata.labels["app.kubernetes.io/name"]'),
    ({"metadata": {"labels": {"app.kubernetes.io/version": None}}}, 'metadata.labels["app.kubernetes.io/version"]'),
    ({"metadata": {"labels": {"$patch": "replace"}}}, "metadata.labels.$patch"),
    ({"metadata": {"labels": None}}, "metadata.labels"),
    ({"metadata": {"$patch": "delete"}}, "metadata.$patch"),
    ({"metadata": {"annotations": {"teal/deployed-at": "x"}}}, 'metadata.annotations["teal/deployed-at"]'),
    ({"spec": {"restartPolicy": "Never"}}, "spec.restartPolicy"),
    ({"spec": {"serviceAccountName": "admin"}}, "spec.serviceAccountName"),
    ({"spec": {"serviceAccount": "admin"}}, "spec.serviceAccount"),
    ({"spec": {"terminationGracePeriodSeconds": 5}}, "spec.terminationGracePeriodSeconds"),
    ({"spec": {"terminationGracePeriodSeconds": None}}, "spec.terminationGracePeriodSeconds"),
    ({"spec": {"$patch": "replace"}}, "spec.$patch"),
    ({"spec": {"$retainKeys": ["volumes"]}}, "spec.$retainKeys"),
    ({"spec": {"readinessGates": None}}, "spec.readinessGates"),
    ({"spec": {"containers": None}}, "spec.containers"),
    ({"spec": {"containers": [{"$patch": "replace"}]}}, "spec.containers[0]"),
    ({"spec": {"containers": [{**OWN, "$patch": "delete"}]}}, "spec.containers[0].$patch"),
    ({"spec": {"volumes": [{"$patch": "remove"}]}}, "spec.volumes[0].$patch"),
    ({"spec": {"$setElementOrder/containers": [OWN]}}, 'spec["$setElementOrder/containers"]'),
    ({"spec": of_container(image="other:1")}, "spec.containers[1].image"),
    ({"spec": of_container(lifecycle={"preStop": {"sleep": {"seconds": 0}}})}, "spec.containers[1].lifecycle.preStop"),
    ({"spec": of_container(lifecycle=None)}, "spec.containers[1].lifecycle"),
    ({"spec": of_container(env=[{"name": "A"}, {"name": "PORT", "value": "1"}])}, "spec.containers[1].env[1]"),
    ({"spec": of_container(env=[{"$patch": "replace"}])}, "spec.containers[1].env[0]"),
    ({"spec": of_container(env=None)}, "spec.containers[1].env"),
    ({"spec": of_container(envFrom=None)}, "spec.containers[1].envFrom"),
    ({"spec": of_container(ports=[{"containerPort": 8000, "name": "web"}])}, "spec.containers[1].ports[0]"),
    ({"spec": of_container(ports=[{"containerPort": 9000, "name": "http"}])}, "spec.containers[1].ports[0]"),
]


@pytest.mark.parametrize("where", [TEMPLATE, "blue.backend.podTemplate"])
@pytest.mark.parametrize(("template", "path"), CASES)
def test_what_is_teals_is_refused_by_name(template: dict[str, Any], path: str, where: str) -> None:
    """With the command that takes it out of the config, and that clears the error."""
    found = said(**{where: template})
    assert f"  teal:{where}.{path}: " in found
    assert f"Next: pulumi config rm --path 'teal:{where}.{path}'" in found
    assert "has 1 problem;" in found


TAKEN: list[dict[str, Any]] = [
    {"metadata": {"labels": {"team": "shop"}, "annotations": {"prometheus.io/scrape": None}}},
    {"spec": {"restartPolicy": "Always", "tolerations": [], "volumes": [{"name": "tmp", "$patch": "delete"}]}},
    {"spec": {"containers": [{"name": "proxy", "image": "a:1", "lifecycle": {"preStop": {}}, "env": None}]}},
    {"metadata": {}, "spec": {}},
    {"spec": of_container(lifecycle={}, env=[], envFrom=[])},
    {"spec": of_container(lifecycle={"postStart": {}}, env=[{"name": "HOST_IP"}], livenessProbe=None)},
    {"spec": of_container(ports=[{"containerPort": 8000, "protocol": "UDP", "name": "quic"}])},
]


@pytest.mark.parametrize("template", TAKEN)
def test_the_rest_is_the_api_servers_to_judge(template: dict[str, Any]) -> None:
    """Of other containers, all of it is the service's own."""
    assert said(**{TEMPLATE: template}) == ""


def test_all_of_it_is_refused_at_once() -> None:
    """In one run, a service's words and a slot's."""
    spec = {"restartPolicy": "Never", "serviceAccountName": "admin", **of_container(image="a:1", env=None)}
    found = said(**{TEMPLATE: {"spec": spec}, "blue.backend.podTemplate": {"spec": spec}})
    assert len(re.findall("Next: pulumi config rm", found)) == 8


def test_a_template_has_metadata_and_a_spec() -> None:
    """What is pasted one level off has no effect."""
    assert "did you mean spec?" in said(**{TEMPLATE: {"specs": {}}})


@pytest.mark.parametrize("kind", ["env", "secrets"])
def test_a_user_sets_port_and_is_told_that_it_is_reserved(kind: str) -> None:
    """It would have been overridden without a word."""
    found = said(**{f"blue.backend.{kind}": {"PORT": "80", "REGION": "x", "PORTS": "1"}})
    assert "has 2 problems;" in found
    assert f"Next: pulumi config rm --path 'teal:blue.backend.{kind}.PORT'" in found


def test_port_may_be_a_further_port_of_the_pods() -> None:
    """A sidecar listens on the service's own; any other number is nobody's."""
    ports = {"services.backend.ports": {"app": 3000}}
    assert said(**ports, **{"blue.backend.env": {"PORT": 3000}}) == ""
    for port in (3001, 8000):
        assert "it may be one of `ports`" in said(**ports, **{"blue.backend.env": {"PORT": port}})
    assert "teal:environment says which one" in said(**{"blue.backend.env": {"ENV": "prod"}})


def test_texts_are_written_as_a_process_sees_them() -> None:
    """YAML's true and 8 are, where the API server takes no number; a port and an amount are numbers."""
    metadata = {"labels": {"inject": True, "gone": None}, "annotations": {"ports": 8081}}
    attributes = {"csi": {"readOnly": True, "volumeAttributes": {"rotate": True}}}
    spec = {
        "tolerations": [{"key": "gpu", "value": True, "tolerationSeconds": 8}],
        "dnsConfig": {"options": [{"name": "ndots", "value": 2}]},
        "volumes": [attributes],
        "affinity": {"matchExpressions": [{"values": [1]}]},
        "containers": [{"args": ["--port", 1], "ports": [{"containerPort": 1}]}],
    }
    made = PodTemplate.model_validate({"metadata": metadata, "spec": spec})
    assert made.metadata == {"labels": {"inject": "true", "gone": None}, "annotations": {"ports": "8081"}}
    assert made.spec == {
        "tolerations": [{"key": "gpu", "value": "true", "tolerationSeconds": 8}],
        "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
        "volumes": [{"csi": {"readOnly": True, "volumeAttributes": {"rotate": "true"}}}],
        "affinity": {"matchExpressions": [{"values": ["1"]}]},
        "containers": [{"args": ["--port", "1"], "ports": [{"containerPort": 1}]}],
    }


@pytest.mark.parametrize("where", [TEMPLATE, "blue.backend.podTemplate"])
def test_a_text_that_yaml_has_read_as_another_value_is_refused_at_its_place(where: str) -> None:
    """A label 1.10 would have become 1.1."""
    found = said(**{where: {"metadata": {"labels": {"a.example/version": 1.1}}, "spec": {"priority": 1.5}}})
    key = f'teal:{where}.metadata.labels["a.example/version"]'
    assert f"{key}: a number: quote it" in found
    assert f"Next: pulumi config set --path '{key}' text" in found
    assert "has 1 problem;" in found


def test_the_level_of_a_namespace_is_that_of_another_namespace() -> None:
    """Whoever needs root is told of the way that there is."""
    found = said(namespace={"name": "a", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}})
    assert "name a namespace that exists already, with create: false; pods would be let in" in found


def test_a_container_that_no_template_gives_an_image_is_refused() -> None:
    """It is the service's own by another name; what the other template gives an image is a patch."""
    proxy = {"spec": {"containers": [{"name": "proxy", "image": "a:1"}]}}
    patch = {"spec": {"containers": [{"name": "proxy", "tty": True}, {"name": "gone", "$patch": "delete"}]}}
    assert said(**{TEMPLATE: proxy, "blue.backend.podTemplate": patch, "green.backend.podTemplate": patch}) == ""
    found = said(**{TEMPLATE: patch, "green.backend.podTemplate": proxy})
    assert f"teal:{TEMPLATE}.spec.containers[0]: " in found
    assert "no image is named for the container proxy; the service's own container is called backend" in found
    assert "has 1 problem;" in found
    adopted = {"version": "1.0.0", "backend": {"adopt": {"deployment": "shop", "service": "shop"}}}
    assert "no image is named" not in said(**{TEMPLATE: patch, "blue": adopted, "green.backend.podTemplate": proxy})


def test_a_spread_over_other_pods_is_refused() -> None:
    """A chart's selector finds none here, and is merged into teal's; a label that the pods have is one."""
    spread = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "shop"}}}
    given = {"spec": {"topologySpreadConstraints": [spread]}}
    labelled = {"blue.backend.podTemplate.metadata.labels.app": "shop", "green": None}
    assert said(**{TEMPLATE: given}, **labelled) == ""
    found = said(**{TEMPLATE: given})
    selector = f"teal:{TEMPLATE}.spec.topologySpreadConstraints[0].labelSelector"
    assert f"{selector}: " in found
    assert "the pods of backend have no label app: shop, by which they would be found" in found
    assert f"""pulumi config set --path '{selector}.matchLabels["app.kubernetes.io/name"]' backend""" in found


@pytest.mark.parametrize("kind", ["worker", "cron"])
def test_a_port_is_nothing_to_a_worker(kind: str) -> None:
    """Teal gives it none, so the variable PORT and any port of its container are its own; the others stay teal's."""
    asked = {"env": [{"name": "PORT", "value": "1"}], "ports": [{"name": "http", "containerPort": 8080}]}
    service = {"kind": kind, "podTemplate": {"spec": of_container(**asked)}}
    service |= {"cron": {"schedule": "@daily"}} if kind == "cron" else {}
    assert said(services={"backend": service}, **{"blue.backend.env": {"PORT": "80"}}) == ""
    asked["env"].append({"name": "VERSION", "value": "1"})
    found = said(services={"backend": service}, **{"blue.backend.env": {"ENV": "80"}})
    assert "podTemplate.spec.containers[1].env[1]: " in found
    assert "has 2 problems;" in found


@pytest.mark.parametrize("kind", ["env", "secrets"])
def test_a_backing_service_sets_no_identity_either(kind: str) -> None:
    """Its variables are those of every service that names it."""
    other = {"kind": "other", "network": {"cidrs": ["10.20.0.0/16"], "ports": [5432]}}
    backing = {"database": {**other, kind: {"INSTANCE_ID": "1", "VERSION": "x", "PGHOST": "db"}}}
    found = said(backing=backing, **{"services.backend.backing": ["database"]})
    assert "has 2 problems;" in found
    assert "INSTANCE_ID says who a pod is (docs/contract.md), and teal sets it" in found
    assert f"Next: pulumi config rm --path 'teal:backing.database.{kind}.VERSION'" in found


def test_a_value_that_may_be_secret_is_not_shown() -> None:
    """A key that holds a secret anywhere is not shown at all."""
    raw = edited(BASE, {"blue.backend.secrets": {"PORT": "hush"}})
    texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in raw.items()}
    with pytest.raises(ConfigError) as error:
        load(texts, secret={"blue"}, stack="dev")
    assert "teal:blue.backend.secrets.PORT: [secret]: " in str(error.value)
    assert "hush" not in str(error.value)
