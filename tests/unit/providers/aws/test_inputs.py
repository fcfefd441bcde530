"""What can be told of inputs without asking AWS: what differs, what replaces, what it would refuse."""

import pytest

from sandbox.providers.aws.resources import check, compare
from sandbox.providers.aws.routing import redirected
from sandbox.providers.properties import Map

_GROUP = "aws:lb/targetGroup:TargetGroup"
_RULE = "aws:lb/listenerRule:ListenerRule"


def _forward(*weights: int | None) -> list[Map]:
    groups: list[Map] = [
        {"arn": f"arn:{number}"} | ({} if weight is None else {"weight": weight})
        for number, weight in enumerate(weights)
    ]
    return [{"type": "forward", "forward": {"targetGroups": groups}}]


@pytest.mark.parametrize(
    ("old", "new", "replaced", "gone_first"),
    [
        ({"port": 80}, {"port": 80}, [], False),
        ({"port": 80}, {"port": 80, "slowStart": 30}, [], False),
        ({"port": 80}, {"port": 81}, ["port"], True),
        ({"port": 80}, {"port": 81, "__defaults": ["name"]}, ["port"], False),
        ({"port": 80}, {"port": 81, "name": "other"}, ["name", "port"], False),
    ],
)
def test_what_cannot_change_in_place_replaces(old: Map, new: Map, replaced: list[str], *, gone_first: bool) -> None:
    """The old one goes first only if it is replaced by one of the same name, which a person gave."""
    found = compare(_GROUP, {"name": "web", **old}, {"name": "web", **new})
    assert (sorted(found.replaces), found.delete_before_replace) == (replaced, gone_first)


def test_actions_that_do_the_same_are_the_same() -> None:
    """However they are written: an order and a weight of 1 are what there is by default."""
    assert not redirected(_forward(None, 100), [{**_forward(1, 100)[0], "order": 1}])
    assert redirected(_forward(0, 100), _forward(100, 0))


@pytest.mark.parametrize(
    ("condition", "seen"),
    [
        ({"pathPattern": {"values": ["/*"]}}, ""),
        ({"pathPattern": {"values": ["/*"]}, "hostHeader": {"values": ["a.example"]}}, "has pathPattern, hostHeader"),
        ({"pathPatterns": {"values": ["/*"]}}, "has pathPatterns"),
        ({}, "has nothing"),
    ],
)
def test_a_condition_is_of_one_kind(condition: Map, seen: str) -> None:
    """Of those that there are."""
    inputs: Map = {"actions": _forward(1), "conditions": [condition], "listenerArn": "arn:l"}
    found = dict(check(_RULE, inputs, {}, name="it", seed=b"")[1])
    assert list(found) == (["conditions[0]"] if seen else [])
    assert seen in found.get("conditions[0]", "")
