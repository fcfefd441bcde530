"""Diff says what changed, and what cannot change in place."""

import copy
from typing import Any

import pytest

from sandbox.providers.comparing import Difference
from sandbox.providers.kubernetes.diff import diff
from sandbox.providers.properties import UNKNOWN, Map, secret

_MUTABLE = {"enableConfigMapMutable": "true", "enableSecretMutable": "true"}


def _object(kind: str, api_version: str = "v1", **fields: Any) -> Map:  # noqa: ANN401 - any JSON
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "n"}, **fields}


def _diff(old: Map, new: Map, config: dict[str, str] | None = None, ignore: tuple[str, ...] = ()) -> Difference:
    return diff(old, new, config=config or {}, ignore=ignore)


def test_equal_inputs_do_not_differ() -> None:
    """Nor does a value that became secret: the server is given the same."""
    old = _object("Service", spec={"ports": [{"port": 80}]})
    assert _diff(old, copy.deepcopy(old)).changes == {}
    assert _diff(old, {**old, "spec": secret(old["spec"])}).changes == {}


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({"a": 1}, {"a": 2}, {"spec.a": "update"}),
        ({"a": 1}, {"a": 1, "b": {"c": 1}}, {"spec.b": "add"}),
        ({"a": 1, "b": 1}, {"a": 1}, {"spec.b": "delete"}),
        ({"l": [1, 2]}, {"l": [1, 3, 4]}, {"spec.l[1]": "update", "spec.l[2]": "add"}),
        ({"l": [1, 2]}, {"l": [1]}, {"spec.l[1]": "delete"}),
        ({"a": 1}, {"a": UNKNOWN}, {"spec.a": "update"}),
        ({}, {"a": UNKNOWN}, {"spec.a": "add"}),
        ({"a": 1}, {"a": True}, {"spec.a": "update"}),
        ({"a": {"x.y/z": 1}}, {"a": {"x.y/z": 2}}, {'spec.a["x.y/z"]': "update"}),
        ({"a": {"b": 1}}, {"a": "text"}, {"spec.a": "update"}),
    ],
)
def test_a_change_is_named_by_its_path(old: Map, new: Map, changes: dict[str, str]) -> None:
    """In Pulumi's notation."""
    found = _diff(_object("Deployment", "apps/v1", spec=old), _object("Deployment", "apps/v1", spec=new))
    assert {path: change for path, (change, _) in found.changes.items()} == changes
    assert found.replaces == []


@pytest.mark.parametrize(
    ("old", "new", "config", "replaces"),
    [
        (
            _object("Deployment", "apps/v1", spec={"selector": {"matchLabels": {"a": "b"}}}),
            _object("Deployment", "apps/v1", spec={"selector": {"matchLabels": {"a": "c"}}}),
            {},
            ["spec.selector.matchLabels.a"],
        ),
        (_object("Service", spec={"selector": {"a": "b"}}), _object("Service", spec={"selector": {"a": "c"}}), {}, []),
        (_object("Service", spec={"clusterIP": "None"}), _object("Service", spec={}), {}, ["spec.clusterIP"]),
        (_object("Service"), _object("Service", spec={"type": "NodePort"}), {}, []),
        (_object("Service"), _object("Service", spec={"clusterIP": "None"}), {}, ["spec"]),
        (_object("ConfigMap", data={"k": "v"}), _object("ConfigMap", data={"k": "w"}), {}, ["data.k"]),
        (_object("ConfigMap", data={"k": "v"}), _object("ConfigMap", data={"k": "w"}), _MUTABLE, []),
        (
            _object("ConfigMap", data={"k": "v"}, immutable=True),
            _object("ConfigMap", data={}, immutable=True),
            _MUTABLE,
            ["data.k"],
        ),
        (_object("Secret", data={"k": "v"}), _object("Secret", data={"k": "w"}), {}, ["data.k"]),
        (_object("Secret", data={"k": "v"}), _object("Secret", data={"k": "w"}), _MUTABLE, []),
        (_object("Secret", type="a"), _object("Secret", type="b"), _MUTABLE, ["type"]),
        (
            _object("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"name": "a"}),
            _object("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"name": "b"}),
            {},
            ["roleRef.name"],
        ),
        (
            _object("Job", "batch/v1", spec={"template": {"a": 1}, "ttl": 1}),
            _object("Job", "batch/v1", spec={"template": {"a": 2}, "ttl": 2}),
            {},
            ["spec.template.a"],
        ),
        (
            _object("Job", "volcano.sh/v1", spec={"template": 1}),
            _object("Job", "volcano.sh/v1", spec={"template": 2}),
            {},
            [],
        ),
        (
            _object("Pod", spec={"tolerations": [1], "containers": [{"image": "a"}]}),
            _object("Pod", spec={"tolerations": [2], "containers": [{"image": "b"}]}),
            {},
            ["spec.containers[0].image"],
        ),
    ],
)  # fmt: skip - a table
def test_what_cannot_change_in_place_replaces(old: Map, new: Map, config: dict[str, str], replaces: list[str]) -> None:
    """By pulumi-kubernetes's own table: data of a ConfigMap too, unless it is said to be mutable."""
    assert _diff(old, new, config).replaces == replaces


def test_another_name_or_namespace_is_another_object() -> None:
    """Made before the old one goes: they do not meet."""
    old = _object("Service")
    for key in ("name", "namespace"):
        found = _diff(old, {**old, "metadata": {**old["metadata"], key: "other"}})
        assert found.replaces == [f"metadata.{key}"]
        assert not found.delete_before_replace


def test_an_object_whose_name_is_given_goes_before_its_successor_comes() -> None:
    """Two of one name cannot be; one that was named automatically can wait for its successor."""
    old, new = _object("ConfigMap", data={"k": "v"}), _object("ConfigMap", data={"k": "w"})
    assert _diff(old, new).delete_before_replace
    named = {"name": "a", "namespace": "n", "annotations": {"pulumi.com/autonamed": "true"}}
    assert not _diff({**old, "metadata": named}, {**new, "metadata": named}).delete_before_replace
    assert not _diff(old, old).delete_before_replace


def test_ignored_changes_are_no_changes() -> None:
    """Where the path names them, or something around them."""
    old = _object("Deployment", "apps/v1", spec={"replicas": 1, "template": {"a": 1}})
    new = _object("Deployment", "apps/v1", spec={"replicas": 2, "template": {"a": 2}})
    assert list(_diff(old, new, ignore=("spec.replicas",)).changes) == ["spec.template.a"]
    assert _diff(old, new, ignore=("spec",)).changes == {}
    assert list(_diff(old, new, ignore=("spec.rep",)).changes) == ["spec.replicas", "spec.template.a"]
