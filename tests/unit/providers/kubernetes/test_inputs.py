"""Check completes inputs as pulumi-kubernetes does, and refuses what cannot be."""

import pytest

from sandbox.providers.kubernetes.errors import RefusedError
from sandbox.providers.kubernetes.inputs import Checked, check, from_body, hide_secret_data, to_body
from sandbox.providers.kubernetes.names import (
    field_manager,
    identity,
    kind_of,
    name_problem,
    parse_identity,
)
from sandbox.providers.naming import Naming
from sandbox.providers.properties import UNKNOWN, Map, secret

_NAMING = Naming(logical_name="web", seed=b"seed")
_URN = "urn:pulumi:dev::teal::teal:index:Service$kubernetes:apps/v1:Deployment::backend::blue"


def _checked(news: Map, olds: Map | None = None, *, naming: Naming = _NAMING) -> Checked:
    return check("kubernetes:core/v1:ConfigMap", news, olds or {}, naming=naming, namespace="default")


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("kubernetes:core/v1:Service", ("v1", "Service")),
        ("kubernetes:apps/v1:Deployment", ("apps/v1", "Deployment")),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", ("rbac.authorization.k8s.io/v1", "Role")),
        ("kubernetes:example.com/v1alpha1:Widget", ("example.com/v1alpha1", "Widget")),
    ],
)
def test_a_token_names_apiversion_and_kind(token: str, expected: tuple[str, str]) -> None:
    """The core group's version stands alone."""
    assert kind_of(token) == expected


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:yaml/v2:ConfigFile",
        "kubernetes:core/v1:ServicePatch",
        "kubernetes:core/v1:ConfigMapList",
        "aws:s3/bucket:Bucket",
    ],
)
def test_a_type_this_provider_does_not_manage_is_refused_by_name(token: str) -> None:
    """Better refused than half done."""
    with pytest.raises(RefusedError, match=token):
        kind_of(token)


def test_apiversion_kind_and_namespace_are_filled_in() -> None:
    """A program may leave them out; null members go, read-only ones too."""
    checked = _checked({"metadata": {"name": "a", "uid": "1", "labels": None}, "data": {"k": "v"}})
    assert checked.failures == []
    assert checked.inputs == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "default"},
        "data": {"k": "v"},
    }


def test_a_resource_without_a_name_gets_one_and_keeps_it() -> None:
    """Marked as named automatically, so that a replacement may take another name."""
    first = _checked({"metadata": {"annotations": {"x": "y"}}}).inputs["metadata"]
    assert first["name"] == _NAMING.automatic(8)
    assert first["annotations"] == {"x": "y", "pulumi.com/autonamed": "true"}
    again = _checked({}, {"metadata": first}, naming=Naming(logical_name="web", seed=b"other"))
    assert again.inputs["metadata"]["name"] == first["name"]


def test_a_project_can_propose_or_forbid_names() -> None:
    """Pulumi's autonaming configuration."""
    assert _checked({}, naming=Naming(logical_name="web", proposed="ours")).inputs["metadata"]["name"] == "ours"
    assert _checked({}, naming=Naming(logical_name="web", disabled=True)).failures[0][0] == "metadata.name"


@pytest.mark.parametrize("metadata", [UNKNOWN, {"name": UNKNOWN}, {"name": "a", "annotations": UNKNOWN}])
def test_unknown_metadata_is_left_alone(metadata: object) -> None:
    """It is known only after the update."""
    assert _checked({"metadata": metadata}).failures == []


@pytest.mark.parametrize(
    ("news", "property_"),
    [
        ({"metadata": {"name": "Upper"}}, "metadata.name"),
        ({"metadata": {"generateName": "a-"}}, "metadata.generateName"),
        ({"apiVersion": "v2"}, "apiVersion"),
        ({"kind": "Secret"}, "kind"),
        ({"metadata": secret({"name": "a"})}, "metadata"),
    ],
)
def test_what_cannot_be_is_refused_with_its_property(news: Map, property_: str) -> None:
    """Before any server is asked."""
    assert [key for key, _ in _checked(news).failures] == [property_]


@pytest.mark.parametrize(
    ("kind", "name", "good"),
    [
        ("ConfigMap", "a.b-c", True),
        ("ConfigMap", "a" * 254, False),
        ("ConfigMap", "a..b", False),
        ("ConfigMap", "a\n", False),
        ("Service", "a.b", False),
        ("Service", "1a", False),
        ("Service", "a" * 64, False),
        ("Service", "backend-blue", True),
        ("Namespace", "1a", True),
        ("ClusterRole", "system:node", True),
        ("ClusterRole", "a/b", False),
        ("ClusterRole", "..", False),
    ],
)
def test_a_name_is_judged_by_the_rule_of_its_kind(kind: str, name: str, *, good: bool) -> None:
    """As the API server would."""
    problem = name_problem(kind, name)
    assert (problem is None) == good
    assert problem is None or repr(name) in problem


def test_an_id_is_namespace_and_name() -> None:
    """As pulumi-kubernetes writes it, and back."""
    assert identity({"metadata": {"name": "a", "namespace": "n"}}) == "n/a"
    assert parse_identity("n/a") == ("n", "a")
    assert parse_identity(identity({"metadata": {"name": "a"}})) == ("", "a")


def test_every_resource_applies_under_a_name_of_its_own() -> None:
    """The same in every run, another for the same resource of another stack."""
    assert field_manager(_URN) == field_manager(_URN) != field_manager(_URN.replace("dev", "prod"))
    assert field_manager(_URN).startswith("pulumi-kubernetes-")


def test_the_contents_of_a_secret_are_secret() -> None:
    """Whether or not the program said so; those of a ConfigMap are not."""
    tree = {"data": {"a": "Yg=="}, "stringData": {"c": "d"}, "type": "Opaque"}
    assert hide_secret_data("Secret", tree) == {
        "data": secret({"a": "Yg=="}),
        "stringData": secret({"c": "d"}),
        "type": "Opaque",
    }
    assert hide_secret_data("ConfigMap", tree) == tree


def test_extension_keys_are_spelled_as_each_side_knows_them() -> None:
    """The SDKs say `x_kubernetes_list_type`, the API server `x-kubernetes-list-type`; others stay."""
    inputs = {"x_kubernetes_list_type": "map", "a_b": secret({"c_d": 1})}
    body = {"x-kubernetes-list-type": "map", "a_b": {"c_d": 1}}
    assert to_body(inputs) == body
    assert from_body(body) == {"x_kubernetes_list_type": "map", "a_b": {"c_d": 1}}
