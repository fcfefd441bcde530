"""What differs is named by its path, and what nobody changed does not differ."""

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.comparing import Difference, take_up_drift, top_level
from sandbox.providers.properties import Map


@pytest.mark.parametrize(
    ("inputs", "reapplied", "live", "expected"),
    [
        ({"cpu": "1000m"}, {"cpu": "1"}, {"cpu": "1"}, {"cpu": "1000m"}),
        ({"cpu": "1000m"}, {"cpu": "1"}, {"cpu": "2"}, {"cpu": "2"}),
        ({"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1}, {"a": 1}),
        ({"stringData": {"k": "v"}}, {"data": {}}, {"data": {"x": "y"}}, {"stringData": {"k": "v"}}),
        ({"l": [{"i": "a"}]}, {"l": [{"i": "a", "d": 1}]}, {"l": [{"i": "b", "d": 1}]}, {"l": [{"i": "b"}]}),
        ({"l": [1]}, {"l": [1]}, {"l": [1, 2]}, {"l": [1, 2]}),
        ({"a": 1}, {}, {"a": 2}, {"a": 2}),
    ],
)
def test_only_what_somebody_changed_is_drift(inputs: Map, reapplied: Map, live: Map, expected: Map) -> None:
    """The server's own spelling of a value is not; nor is what the inputs do not mention."""
    assert take_up_drift(inputs, reapplied, live) == expected


@pytest.mark.parametrize(("path", "key"), [("spec.a[0]", "spec"), ("data", "data"), ("x[1].y", "x")])
def test_a_path_begins_with_a_property(path: str, key: str) -> None:
    """Which Pulumi's short summary of a diff names."""
    assert top_level(path) == key


def test_an_engine_is_told_what_changes_and_what_of_it_replaces() -> None:
    """The whole paths, the properties they begin with, and nothing where nothing changed."""
    found = Difference(changes={"a.b": ("update", True), "a.c": ("add", False)}, delete_before_replace=True).answer()
    assert (list(found.replaces), list(found.diffs), found.deleteBeforeReplace) == (["a.b"], ["a"], True)
    kind = provider_pb2.PropertyDiff
    assert {path: its.kind for path, its in found.detailedDiff.items()} == {"a.b": kind.UPDATE_REPLACE, "a.c": kind.ADD}
    assert found.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert Difference(changes={}, delete_before_replace=False).answer().changes == provider_pb2.DiffResponse.DIFF_NONE
