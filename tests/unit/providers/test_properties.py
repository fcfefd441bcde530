"""Property bags survive the wire, and secrets stay in their envelopes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.properties import (
    UNKNOWN,
    Map,
    contains_secret,
    contains_unknown,
    from_struct,
    list_at,
    map_at,
    mark_secrets,
    reveal,
    scrub,
    secret,
    secret_strings,
    to_struct,
)

_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.floats(-1e6, 1e6).filter(lambda number: not number.is_integer())
)
_trees: st.SearchStrategy[Any] = st.recursive(
    _leaves, lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3)
)


def _text(tree: Map) -> str:
    return json.dumps(tree, sort_keys=True)


@given(st.dictionaries(st.text(), _trees, max_size=4))
def test_a_tree_comes_back_from_the_wire_as_it_went(tree: Map) -> None:
    """Booleans stay booleans and whole numbers become integers: the API server refuses `3.0` replicas."""
    back = from_struct(to_struct(tree))
    assert back == tree
    assert _text(back) == _text(tree)  # 1 == True == 1.0 to Python, but they are not the same


def test_a_secret_is_put_into_one_envelope_only() -> None:
    """An envelope in an envelope would be read as a value."""
    assert secret(secret("x")) == secret("x")
    assert reveal({"a": [secret({"b": secret("x")})]}) == {"a": [{"b": "x"}]}


@pytest.mark.parametrize("tree", [UNKNOWN, {"a": [UNKNOWN]}, {"a": secret(UNKNOWN)}])
def test_an_unknown_is_found_at_any_depth(tree: Any) -> None:  # noqa: ANN401 - any JSON
    """Even in a secret."""
    assert contains_unknown(tree)
    assert not contains_unknown({"a": "known"})


@pytest.mark.parametrize(
    ("outputs", "inputs", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": secret(1)}, {"a": secret(1), "b": 2}),
        ({"m": {"x": 1, "y": 2}}, {"m": {"x": secret(1)}}, {"m": {"x": secret(1), "y": 2}}),
        ({"l": [1, 2]}, {"l": [2, secret(1)]}, {"l": secret([1, 2])}),
        ({"m": {"x": 1}}, {"m": secret({"x": 1})}, {"m": secret({"x": 1})}),
        ({"a": secret(1)}, {"a": secret(1)}, {"a": secret(1)}),
        ({"b": 1}, {"a": secret(1)}, {"b": 1}),
    ],
)
def test_what_was_secret_in_is_secret_out(outputs: Map, inputs: Map, expected: Map) -> None:
    """At the same place; a list with one secret in it as a whole, since a server may reorder it."""
    assert mark_secrets(outputs, inputs) == expected
    assert contains_secret(expected) == contains_secret(mark_secrets(outputs, inputs))


def test_secrets_are_kept_out_of_messages() -> None:
    """The longest first, so that no rest of one is left; texts too short to tell from others stay."""
    secrets = secret_strings({"a": secret({"k": "hunter2"}), "b": secret(["hunter2222", 31337, True]), "c": "plain"})
    assert secrets == {"hunter2", "hunter2222", "31337"}
    assert scrub("value hunter2222 or hunter2, 31337, plain", secrets) == "value [secret] or [secret], [secret], plain"
    assert scrub("a is an article", {"a"}) == "a is an article"


def test_a_path_that_is_not_there_gives_an_empty_value() -> None:
    """So that status fields, of which any may be missing, need no case of their own."""
    tree = {"status": {"conditions": [1]}, "spec": None}
    assert list_at(tree, "status", "conditions") == [1]
    assert list_at(tree, "spec", "conditions") == []
    assert map_at(tree, "spec", "template") == {}
