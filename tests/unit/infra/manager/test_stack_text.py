"""One value of a stack file is another one, and every other byte stays as it was."""

import difflib
from pathlib import Path

import pytest
import yaml
from teal_infra.manager import stack_text
from teal_infra.manager.stack_text import EditError

STACKS = Path(__file__).parents[4] / "stacks"

ODD = """\
# A comment of the head.

config:   # beside a key
  teal:activeColour:   "blue"    # the one value that moves traffic
  teal:services:
      backend:   {port: 8000 ,  autoscaling: { minReplicas: 3 } }   # odd blanks
      'frontend':
          port: 80      # far away
          replicas:

  # above a slot
  teal:blue:
    version: '1.4.2'
    backend: {image: registry.example/backend:1.4.2, env: {TEXT: "a # b", EMPTY: ""}}
    # in the middle of one
    frontend:
      image: registry.example/frontend:1.4.2
      env:
        LONG: |
          two
          lines
        FOLDED: >-
          folded
          words


  # of nothing
encryptionsalt: v1:abc=:v1:def
"""


def lines(before: str, after: str) -> list[str]:
    """What differs, a line each."""
    found = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [each.rstrip("\r\n") for each in found if each[0] in "+-"]


@pytest.mark.parametrize(
    ("path", "value", "changed"),
    [
        (
            "teal:activeColour",
            "green",
            [
                '-   teal:activeColour:   "blue"    # the one value that moves traffic',
                '+   teal:activeColour:   "green"    # the one value that moves traffic',
            ],
        ),
        ("teal:blue/version", "1.5", ["-     version: '1.4.2'", "+     version: '1.5'"]),
        ("teal:blue/state", "stopped", ["+     state: stopped"]),
        ("teal:services/frontend/replicas", 4, ["-           replicas:", "+           replicas: 4"]),
        ("teal:services/frontend/autoscaling/minReplicas", 5, ["+           autoscaling: {minReplicas: 5}"]),
        ("teal:settleSeconds", 30, ["+   teal:settleSeconds: 30"]),
    ],
)
def test_only_that_value_changes(path: str, value: str | int, changed: list[str]) -> None:
    """Comments, blanks, quotes and the order of all else stay."""
    after = stack_text.put(ODD, ("config", *path.split("/")), value)
    assert lines(ODD, after) == changed


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("config:\t# tabs\n", "config:\n"),
        ("{image:\t", "{image: "),
        ("\ufeffconfig:", "config:"),
        ("# 🙂 \u2028", "# "),
    ],
)
def test_what_pulumi_reads_can_be_changed(odd: str, plain: str) -> None:
    """Python's own reader takes no tab within a line, and the one in C does not count a mark at the beginning."""
    text = "# \nconfig:\n  teal:activeColour: blue\n  teal:blue: {image: x}\n".replace(plain, odd, 1)
    text = text.removeprefix("# \n") if odd.startswith("\ufeff") else text
    assert odd in text
    after = stack_text.put(text, ("config", "teal:activeColour"), "green")
    assert after == text.replace("activeColour: blue", "activeColour: green")


def test_a_mapping_in_one_line_gets_a_key() -> None:
    """Where it ends, and not beside it."""
    after = stack_text.put(ODD, ("config", "teal:services", "backend", "autoscaling", "maxReplicas"), 9)
    assert "{port: 8000 ,  autoscaling: { minReplicas: 3, maxReplicas: 9 } }   # odd blanks" in after


@pytest.mark.parametrize("name", ["sandbox", "staging", "production"])
def test_fifty_edits_in_a_row_leave_every_other_byte(name: str) -> None:
    """Of the examples; what was edited back and forth is as it was in the end."""
    text = before = (STACKS / f"Pulumi.{name}.yaml").read_bytes().decode()
    active = stack_text.read(text)["config"]["teal:activeColour"]
    slot = stack_text.read(text)["config"]["teal:blue"]
    quoted = {"sandbox": '"', "staging": "", "production": ""}[name]
    for number in range(25):
        text = stack_text.put(text, ("config", "teal:activeColour"), "green" if number % 2 else "blue")
        text = stack_text.put(text, ("config", "teal:blue", "version"), f"1.5.{number}")
    assert lines(before, stack_text.put(text, ("config", "teal:activeColour"), active)) == [
        f"-     version: {quoted}{slot['version']}{quoted}",
        f"+     version: {quoted}1.5.24{quoted}",
    ]
    text = stack_text.put(text, ("config", "teal:activeColour"), active)
    assert stack_text.put(text, ("config", "teal:blue", "version"), slot["version"]) == before


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("teal:blue/version", ["-     version: '1.4.2'"]),
        ("teal:blue/frontend/env/LONG", ["-         LONG: |", "-           two", "-           lines"]),
        (
            "teal:services/frontend",
            ["-       'frontend':", "-           port: 80      # far away", "-           replicas:"],
        ),
        ("teal:blue/nothing/there", []),
    ],
)
def test_only_that_value_goes(path: str, changed: list[str]) -> None:
    """Its lines, with what they say beside it."""
    assert lines(ODD, stack_text.removed(ODD, ("config", *path.split("/")))) == changed


@pytest.mark.parametrize(("name", "left"), [("a", "{b: 2 , c: 3}"), ("b", "{a: 1 , c: 3}"), ("c", "{a: 1, b: 2}")])
def test_a_value_goes_from_a_line(name: str, left: str) -> None:
    """With one comma."""
    before = "config:\n  x: {a: 1, b: 2 , c: 3}   # beside\n"
    assert stack_text.removed(before, ("config", "x", name)) == f"config:\n  x: {left}   # beside\n"
    assert stack_text.removed("config: {x: {a: 1}}", ("config", "x", "a")) == "config: {x: {}}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("config:\n  x:\n    a: 1\n", "change more than its value"),
        ("config:\n  x: &it {a: 1}\n  y: *it\n", "anchor"),
        ("config:\n  x: {a: 1, a: 2}\n", "is there twice"),
    ],
)
def test_what_cannot_go_alone_stays(text: str, why: str) -> None:
    """An object would be nothing, or something else would go."""
    with pytest.raises(EditError, match=why):
        stack_text.removed(text, ("config", "x", "a"))


@pytest.mark.parametrize(
    "value", ["1.10", "1e3", "0x1f", "0o7", "007", "yes", "null", "2026-01-01", "1:30", "a: b", "#"]
)
def test_a_text_stays_a_text(value: str) -> None:
    """For every version of YAML: Pulumi's is not Python's."""
    after = stack_text.put("config:\n  a: old\n", ("config", "a"), value)
    assert yaml.safe_load(after)["config"]["a"] == value
    assert after == f'config:\n  a: "{value}"\n'


@pytest.mark.parametrize("value", ["1.2\n0", "1.2\t", "it's"])
def test_a_text_in_quotes_stays_a_text(value: str) -> None:
    """Single quotes would fold its lines."""
    after = stack_text.put("config: {a: '1', b: 2}\n", ("config", "a"), value)
    assert yaml.safe_load(after)["config"] == {"a": value, "b": 2}


def test_a_slot_is_copied_with_all_that_is_in_it() -> None:
    """Its comments as well, in the same indentation, right after it."""
    after = stack_text.copied(ODD, "config", "teal:blue", "teal:green")
    known = yaml.safe_load(after)["config"]
    assert known["teal:green"] == known["teal:blue"]
    assert all(each.startswith("+") for each in lines(ODD, after))
    assert after.count("# in the middle of one") == 2
    assert after.index("teal:green") < after.index("# of nothing")


def test_json_stays_json() -> None:
    """A stack file may be written in it."""
    before = '{"config": {"teal:activeColour": "blue", "teal:blue": {"version": "1.0.0"}}}'
    after = stack_text.put(before, ("config", "teal:activeColour"), "green")
    after = stack_text.put(after, ("config", "teal:blue", "state"), "stopped")
    after = stack_text.copied(after, "config", "teal:blue", "teal:green")
    assert after == (
        '{"config": {"teal:activeColour": "green", "teal:blue": {"version": "1.0.0", "state": "stopped"}, '
        '"teal:green": {"version": "1.0.0", "state": "stopped"}}}'
    )


@pytest.mark.parametrize(
    "text", ["config:\n  a: 1", "config:\r\n  a: 1\r\n", "config: {}\n", "config:\n", "config:\n  a: |\n    x\n"]
)
def test_what_a_line_ends_with_stays(text: str) -> None:
    """Windows' line breaks, and a file without a last one."""
    after = stack_text.put(text, ("config", "b"), "new")
    assert yaml.safe_load(after)["config"]["b"] == "new"
    assert after.replace("\r\n", "").count("\n") == (0 if "\r\n" in text else after.count("\n"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x: &it {version: 1}\nconfig:\n  teal:blue: *it\n", "alias"),
        ("config:\n  teal:blue: &it\n    version: 1\n  teal:green: *it\n", "anchor"),
        ("config:\n  teal:blue: [1]\n", "no mapping"),
        ("config:\n  teal:blue: {version: {a: 1}}\n", "no single value"),
        ("config: [\n", "no YAML"),
        ("[]", "no mapping"),
        ("config: {teal:blue: {version: 1}, teal:blue: {version: 2}}\n", "is there twice"),
    ],
)
def test_what_cannot_be_changed_alone_is_refused(text: str, why: str) -> None:
    """It would change what was not asked for."""
    with pytest.raises(EditError, match=why):
        stack_text.put(text, ("config", "teal:blue", "version"), "2")
