"""Property values on the wire: nothing is lost, secrets and unknowns stay marked, paths point where they say."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine.model import parse_duration
from sandbox.engine.state import secret
from sandbox.engine.values import (
    UNKNOWN,
    Properties,
    Value,
    carry_secrets,
    contains_secret,
    contains_unknown,
    from_struct,
    mask,
    parse_path,
    reset_path,
    reveal_properties,
    to_struct,
)

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**50), 2**50)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
)
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
BAGS = st.dictionaries(st.text(), TREES)


@given(BAGS)
def test_wire_round_trip(bag: Properties) -> None:
    """Booleans stay booleans and whole numbers become integers: the API server refuses `3.0` replicas."""
    back = from_struct(to_struct(bag))
    assert back == bag
    assert json.dumps(back, sort_keys=True) == json.dumps(
        bag, sort_keys=True
    )  # 1 == True == 1.0 to Python, but they are not the same


@given(BAGS)
def test_masking_leaves_no_secret(bag: Properties) -> None:
    """Nothing marked secret, at any depth, is in what is shown."""
    sealed: Properties = {"a": secret(cast("Value", bag)), "b": [secret("hunter2")], "c": {"d": secret("hunter2")}}
    assert "hunter2" not in repr(mask(sealed))
    assert not contains_secret(mask(sealed))


@given(BAGS)
def test_carried_secrets_cover_what_came_in_secret(bag: Properties) -> None:
    """An output that repeats a secret input is secret again, whatever else it holds."""
    inputs: Properties = {"outer": {"pw": secret("hunter2"), "list": ["x", secret("hunter2")]}}
    outputs: Properties = {**bag, **reveal_properties(inputs)}
    assert "hunter2" not in repr(mask(carry_secrets(outputs, inputs)))


def test_carried_secrets_in_a_list_of_another_length() -> None:
    """If it cannot be told which element is the secret one, the whole list is."""
    carried = carry_secrets({"l": ["a", "hunter2", "b"]}, {"l": [secret("hunter2")]})
    assert "hunter2" not in repr(mask(carried))


def test_unknown_is_found_inside() -> None:
    """An unknown anywhere makes the value not wholly known."""
    assert contains_unknown({"a": [{"b": UNKNOWN}]})
    assert contains_unknown({"a": cast("Value", secret(UNKNOWN))})
    assert not contains_unknown({"a": ["04da6b54"]})


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a.b", ["a", "b"]),
        ("a[0].b", ["a", 0, "b"]),
        ('a["x.y/z"].b', ["a", "x.y/z", "b"]),
        ("a[*].b", ["a", "*", "b"]),
    ],
)
def test_paths(path: str, parts: list[str | int]) -> None:
    """Property paths are read as Pulumi writes them."""
    assert parse_path(path) == parts


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("a", {"a": {"x": 1, "l": [{"y": 1}, {"y": 1}]}, "b": 2}),
        ("a.x", {"a": {"x": 1, "l": [{"y": 2}, {"y": 2}]}, "b": 2}),
        ("a.l[1].y", {"a": {"x": 2, "l": [{"y": 2}, {"y": 1}]}, "b": 2}),
        ("a.l[*].y", {"a": {"x": 2, "l": [{"y": 1}, {"y": 1}]}, "b": 2}),
        ("*", {"a": {"x": 1, "l": [{"y": 1}, {"y": 1}]}, "b": 1}),
        ("none.such", {"a": {"x": 2, "l": [{"y": 2}, {"y": 2}]}, "b": 2}),
    ],
)
def test_resetting_a_path(path: str, kept: Properties) -> None:
    """Only what lies at the path is taken back to its old value."""

    def bag(value: int) -> Properties:
        return {"a": {"x": value, "l": [{"y": value}, {"y": value}]}, "b": value}

    assert reset_path(bag(2), bag(1), parse_path(path)) == kept


def test_resetting_removes_what_was_added() -> None:
    """An ignored key that the old inputs do not have is taken out again."""
    assert reset_path({"a": 1, "b": 2}, {"a": 1}, ["b"]) == {"a": 1}


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("250ms", 0.25)])
def test_durations(text: str, seconds: float) -> None:
    """Custom timeouts are Go durations."""
    assert parse_duration(text) == seconds
