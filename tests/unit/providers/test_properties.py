"""Secrets stay in their envelopes and out of messages."""

import pytest

from sandbox.providers.properties import (
    Map,
    contains_secret,
    list_at,
    map_at,
    mark_secrets,
    reveal,
    scrub,
    secret,
    secret_strings,
)


def test_a_secret_is_put_into_one_envelope_only() -> None:
    """An envelope in an envelope would be read as a value."""
    assert secret(secret("x")) == secret("x")
    assert reveal({"a": [secret({"b": secret("x")})]}) == {"a": [{"b": "x"}]}


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
