"""What differs is named by its path, and what nobody changed does not differ."""

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.comparing import Difference, take_up_drift, top_level
from sandbox.providers.properties import Map


@pytest.mark.parametrize(
    ("inputs", "applied", "live", "expected"),
    [
        ({"name": "a.example."}, {"name": "a.example"}, {"name": "a.example"}, {"name": "a.example."}),
        ({"name": "a.example."}, {"name": "a.example"}, {"name": "b.example"}, {"name": "b.example"}),
        ({"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1}, {"a": 1}),
        ({"allowOverwrite": True}, {"ttl": 60}, {"ttl": 30}, {"allowOverwrite": True}),
        ({"l": [{"i": "a"}]}, {"l": [{"i": "a", "d": 1}]}, {"l": [{"i": "b", "d": 1}]}, {"l": [{"i": "b"}]}),
        ({"l": [1]}, {"l": [1]}, {"l": [1, 2]}, {"l": [1, 2]}),
        ({"a": 1}, {}, {"a": 2}, {"a": 2}),
    ],
)
def test_only_what_somebody_changed_is_drift(inputs: Map, applied: Map, live: Map, expected: Map) -> None:
    """AWS's own spelling of a value is not; nor is what the inputs do not mention."""
    assert take_up_drift(inputs, applied, live) == expected


@pytest.mark.parametrize(
    ("path", "key"), [("healthCheck.path", "healthCheck"), ("port", "port"), ("actions[1].type", "actions")]
)
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
