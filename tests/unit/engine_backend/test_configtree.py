"""`--path` addresses mean what they mean to Pulumi."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine import configtree
from sandbox.engine.errors import ConfigError
from sandbox.engine.state import Value

STEPS = st.tuples(
    st.text(min_size=1).filter(lambda text: "\\" not in text),
    st.lists(st.one_of(st.text().filter(lambda text: "\\" not in text), st.integers(0, 3)), max_size=4),
).map(lambda parts: [parts[0], *parts[1]])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text())
TREES = st.recursive(LEAVES, lambda children: st.lists(children) | st.dictionaries(st.text(), children))


def written(steps: list[configtree.Step]) -> str:
    """A path in its quoted form."""
    return "".join(f"[{s}]" if isinstance(s, int) else '["' + s.replace('"', '\\"') + '"]' for s in steps)


@given(STEPS)
def test_a_quoted_path_reads_as_what_was_written(steps: list[configtree.Step]) -> None:
    """Any names and indices survive, dots, quotes and brackets in them included."""
    assert configtree.parse_path(written(steps)) == steps


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("root", ["root"]),
        ("root.nested", ["root", "nested"]),
        ('root["nested"].deep', ["root", "nested", "deep"]),
        ("root.array[0][1].nested", ["root", "array", 0, 1, "nested"]),
        ('root["key with \\"escaped\\" quotes"]', ["root", 'key with "escaped" quotes']),
        ('["root key with a ."][100]', ["root key with a .", 100]),
        ("name[3][0]nested", ["name", 3, 0, "nested"]),
        ("root.array[*].field", ["root", "array", "*", "field"]),
        ("foo-bar", ["foo-bar"]),
    ],
)
def test_paths_of_pulumis_documentation(text: str, steps: list[configtree.Step]) -> None:
    """The examples of Pulumi's own grammar read as they do there."""
    assert configtree.parse_path(text) == steps


@pytest.mark.parametrize(
    "text", ["", ".a", "a.", "a.[0]", "root[", 'root["x]', "a[abc]", "a[1_0]", "[0]", '[""]', "a[0"]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    """The message quotes the path."""
    with pytest.raises(ConfigError, match="invalid config key path"):
        configtree.parse_path(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("10", 10), ("0", 0), ("-1", -1), ("+7", 7), (str(2**64 - 1), 2**64 - 1)]
    + [(text, text) for text in ("00", "01", "0123456", "True", "1.5", "", " 1", "1_0", str(2**64), "yes", "٣")],
)
def test_nested_values_are_typed_as_pulumi_types_them(text: str, value: object) -> None:
    """Only true, false and whole numbers without a leading 0 stop being strings."""
    coerced = configtree.coerce(text)
    assert (type(coerced), coerced) == (type(value), value)


@given(STEPS.filter(lambda steps: "secure" not in steps), LEAVES)
def test_what_is_set_in_an_empty_tree_is_found_again(steps: list[configtree.Step], value: Value) -> None:
    """Containers on the way are made by the kind of each step, and removing the value leaves nothing there."""
    tree = configtree.assign(None, steps, value)
    assert configtree.look_up(tree, steps) == (value, True)
    configtree.remove(tree, steps)
    assert not configtree.look_up(tree, steps)[1]


@pytest.mark.parametrize(
    ("tree", "steps", "result"),
    [
        ("plain", ["inner"], {"inner": 1}),  # directly below the key Pulumi replaces a plain value
        ({"secure": "c"}, ["inner"], {"inner": 1}),
        ({"inner": "value"}, ["inner"], {"inner": 1}),
        (["a", "b", "c"], [1], ["a", 1, "c"]),
        (["a", "b", "c"], [3], ["a", "b", "c", 1]),
        (["a"], [1, "foo", "bar"], ["a", {"foo": {"bar": 1}}]),
        (None, [2], [None, None, 1]),
        ({"secure": "c", "x": 0}, ["secure"], {"secure": 1, "x": 0}),
    ],
)
def test_setting_changes_only_what_it_names(tree: Value, steps: list[configtree.Step], result: object) -> None:
    """Lists grow by one; maps keep what they have."""
    assert configtree.assign(tree, steps, 1) == result


@pytest.mark.parametrize(
    ("tree", "steps", "why"),
    [
        (None, [-1], "out of range"),
        (["a", "b", "c"], [4], "out of range"),
        ([1, 2, 3], ["inner"], "has to be a number"),
        ({"inner": "value"}, [0], "has to be a name"),
        ({"inner": "value"}, ["inner", "nested"], "expected a map"),
        ({"inner": "value"}, ["inner", 0], "expected an array"),
        (None, ["secure"], "reserved"),
        (None, ["nested", "map", "secure"], "reserved"),
    ],
)
def test_a_step_that_does_not_fit_is_refused(tree: Value, steps: list[configtree.Step], why: str) -> None:
    """A number below a name, an index past the end, a map that would look like a secret."""
    with pytest.raises(ConfigError, match=why):
        configtree.assign(tree, steps, "value")


def test_removing_never_leaves_a_false_secret() -> None:
    """A map left with the one key `secure` would be read as a ciphertext."""
    with pytest.raises(ConfigError, match="reserved"):
        configtree.remove({"secure": "x", "other": 1}, ["other"])


@given(TREES, st.text(min_size=1), st.integers(0, 3))
def test_removing_what_is_not_there_changes_nothing(tree: Value, name: str, index: int) -> None:
    """No error either, as in Pulumi."""
    before = repr(tree)
    if not configtree.look_up(tree, [name, index])[1]:
        configtree.remove(tree, [name, index])
    assert repr(tree) == before


def test_secrets_are_found_and_opened_at_any_depth() -> None:
    """A secret below a list below a map is still one, and a masked text never shows it."""
    tree = {"list": [{"pw": {"secure": "c1"}}, 1.0], "on": True, "none": None}
    assert configtree.has_secret(tree)
    assert configtree.text(tree, str.upper) == '{"list":[{"pw":"C1"},1],"none":null,"on":true}'
    assert "c1" not in configtree.text(tree, lambda _: "[secret]")
    assert not configtree.has_secret({"secure": {"not": "a text"}})
