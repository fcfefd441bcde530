"""A pod template is merged as Kubernetes merges it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from teal_infra.provider.strategic_merge import MERGE_KEYS, merged

Json = Any

A_CONTAINER = {"name": "shop", "image": "shop:1", "args": ["serve"]}


@pytest.mark.parametrize(
    ("base", "patch", "wanted"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": 1}, {"a": None, "b": None}, {}),
        ({}, {"a": {"b": None, "c": {"d": None}}}, {"a": {"c": {}}}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": {"b": 2}}, {"a": 1}, {"a": 1}),
        ({"httpGet": {"path": "/"}}, {"httpGet": None, "grpc": {"port": 1}}, {"grpc": {"port": 1}}),
    ],
)
def test_maps_are_merged_and_null_deletes(base: Json, patch: Json, wanted: Json) -> None:
    """Down to the last one; a null that deletes nothing is not sent."""
    assert merged(base, patch) == wanted


@pytest.mark.parametrize(
    ("base", "patch", "wanted"),
    [
        ({"readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 5}}, {"httpGet": {"path": "/"}}, ["httpGet"]),
        ({"readinessProbe": {"httpGet": {"path": "/"}, "periodSeconds": 5}}, {"httpGet": {"port": 1}}, ["httpGet"]),
        ({"readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 5}}, {"timeoutSeconds": 1}, ["tcpSocket"]),
        ({"readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 5}}, {"exec": None}, ["tcpSocket"]),
    ],
)
def test_a_probe_asks_in_the_way_that_is_given(base: Json, patch: Json, wanted: list[str]) -> None:
    """The API server takes no probe with two handlers; all else of it stays."""
    found = merged(base, {"readinessProbe": patch})["readinessProbe"]
    assert [each for each in found if each in {"exec", "grpc", "httpGet", "tcpSocket"}] == wanted
    assert found["periodSeconds"] == 5


def test_a_variable_has_the_source_that_is_given() -> None:
    """The API server takes no variable with two."""
    key = {"secretKeyRef": {"name": "a", "key": "b"}}
    field = {"fieldRef": {"fieldPath": "metadata.name"}}
    base = {"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": key}, {"name": "C", "valueFrom": key}]}
    patch = {"env": [{"name": "A", "valueFrom": key}, {"name": "B", "value": ""}, {"name": "C", "valueFrom": field}]}
    assert merged(base, patch) == patch


@pytest.mark.parametrize(("field", "key"), sorted(MERGE_KEYS.items()))
def test_an_element_is_found_by_the_fields_own_key(field: str, key: str) -> None:
    """It keeps its place; a new one comes after those that are there."""
    base = {field: [{key: "a", "x": 1, "y": 1}, {key: "b", "x": 1}]}
    patch = {field: [{key: "c"}, {key: "a", "x": 2}]}
    assert merged(base, patch) == {field: [{key: "a", "x": 2, "y": 1}, {key: "b", "x": 1}, {key: "c"}]}


@pytest.mark.parametrize("field", ["tolerations", "command", "args", "claims"])
def test_a_list_without_a_merge_key_replaces_what_was_there(field: str) -> None:
    """As Kubernetes has it for them."""
    assert merged({field: [1, 2]}, {field: [3]}) == {field: [3]}


@pytest.mark.parametrize("field", ["envFrom", "readinessGates"])
def test_a_list_that_teal_needs_goes_on_with_what_is_given(field: str) -> None:
    """Kubernetes would replace it, and the slot's variables or the load balancer's condition would be lost."""
    assert merged({field: [1]}, {field: [2]}) == {field: [1, 2]}


def test_ports_are_told_apart_by_their_protocol() -> None:
    """HTTP/3 is served on the same number as HTTPS; TCP is what is meant where none is named."""
    base = {"ports": [{"name": "http", "containerPort": 8443}]}
    patch = {"ports": [{"containerPort": 8443, "protocol": "UDP", "name": "quic"}, {"containerPort": 8443, "x": 1}]}
    assert merged(base, patch) == {
        "ports": [
            {"name": "http", "containerPort": 8443, "x": 1},
            {"containerPort": 8443, "protocol": "UDP", "name": "quic"},
        ]
    }


def test_elements_without_their_key_are_not_merged_into_one() -> None:
    """They are the API server's to refuse, each of them."""
    assert merged({}, {"env": [{"value": "1"}, {"value": "2"}]}) == {"env": [{"value": "1"}, {"value": "2"}]}


def test_what_is_no_list_of_maps_reaches_the_api_server_as_it_is() -> None:
    """Which says what it should have been."""
    assert merged({"env": [{"name": "A"}]}, {"env": ["B"]}) == {"env": ["B"]}


@pytest.mark.parametrize(
    ("patch", "wanted"),
    [
        ({"a": {"$patch": "replace", "z": 1}}, {"a": {"z": 1}, "containers": [A_CONTAINER]}),
        ({"a": {"$patch": "delete"}}, {"a": {}, "containers": [A_CONTAINER]}),
        ({"a": {"$patch": "merge", "z": 1}}, {"a": {"b": 1, "c": 2, "z": 1}, "containers": [A_CONTAINER]}),
        ({"a": {"$retainKeys": ["c", "z"], "z": 1}}, {"a": {"c": 2, "z": 1}, "containers": [A_CONTAINER]}),
        ({"containers": [{"name": "shop", "$patch": "delete"}]}, {"a": {"b": 1, "c": 2}, "containers": []}),
        ({"containers": [{"name": "other", "$patch": "delete"}]}, {"a": {"b": 1, "c": 2}, "containers": [A_CONTAINER]}),
        (
            {"containers": [{"$patch": "replace"}, {"name": "other"}]},
            {"a": {"b": 1, "c": 2}, "containers": [{"name": "other"}]},
        ),
        (
            {"containers": [{"name": "shop", "$patch": "replace", "image": "x:1"}]},
            {"a": {"b": 1, "c": 2}, "containers": [{"name": "shop", "image": "x:1"}]},
        ),
    ],
)
def test_directives_are_followed(patch: Mapping[str, Json], wanted: Json) -> None:
    """And none of them is sent."""
    base = {"a": {"b": 1, "c": 2}, "containers": [A_CONTAINER]}
    assert merged(base, patch) == wanted


def test_neither_side_is_changed() -> None:
    """What both colours share is merged twice."""
    base = {"containers": [{"name": "a", "env": [{"name": "A", "value": "1"}]}]}
    patch = {"containers": [{"name": "a", "env": [{"name": "A", "value": "2"}]}]}
    before = deepcopy((base, patch))
    merged(base, patch)
    assert (base, patch) == before
