"""Network settings that name nobody, everybody or no address are refused, with these words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import ValidationError
from teal_infra.settings.reach.doors import FrontDoor
from teal_infra.settings.reach.network import NetworkSettings


def refusal(network: Mapping[str, Any]) -> list[tuple[str, str, object]]:
    """Where settings are wrong, why, and with which value."""
    with pytest.raises(ValidationError) as error:
        NetworkSettings.model_validate_json(json.dumps(network))
    return [(".".join(map(str, each["loc"])), each["msg"], each["input"]) for each in error.value.errors()]


@pytest.mark.parametrize(
    "value", ["ten/8", "10.0.0.300/8", "10.0.0.5/8", "10.0.0.0/33", "10.0.0.5", "", "2001:db8::/129"]
)
def test_a_cidr_that_is_none_is_reported_with_its_value(value: str) -> None:
    """Also a host's address without a length, and a length that cuts off set bits."""
    [(where, why, seen)] = refusal({"callers": {"node": {"cidrs": ["192.0.2.0/24", value]}}})
    assert (where, seen) == ("callers.node.cidrs.1", value)
    assert why.startswith("not a CIDR: ")


@pytest.mark.parametrize("cidrs", [["0.0.0.0/0"], ["::/0"], ["10.0.0.0/8", "128.0.0.0/1", "0.0.0.0/1"]])
def test_everybody_is_refused_unless_it_is_meant(cidrs: Sequence[str]) -> None:
    """Every address, in one piece or in several, needs `allowEverywhere`."""
    [(_, why, _)] = refusal({"backing": {"internet": {"cidrs": cidrs, "ports": [443]}}})
    assert ", ".join(cidrs) in why
    assert "allowEverywhere" in why
    meant = {"backing": {"internet": {"cidrs": cidrs, "ports": [443], "allowEverywhere": True}}}
    assert NetworkSettings.model_validate(meant).backing["internet"]


def test_a_peer_that_names_nobody_is_refused() -> None:
    """In a policy an empty list means everybody: it must not come from a setting that was left empty."""
    [(where, why, _)] = refusal({"prometheus": {}})
    assert where == "prometheus"
    assert "nobody is meant" in why


def test_a_backing_service_has_ports() -> None:
    """Without ports a policy opens all of them."""
    for text in ('{"cidrs": ["10.0.0.0/8"]}', '{"cidrs": ["10.0.0.0/8"], "ports": []}'):
        assert refusal({"backing": {"a": json.loads(text)}})[0][0] == "backing.a.ports"


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_a_front_door_to_the_outside_needs_callers(kind: str) -> None:
    """Its traffic comes from addresses; if no caller has one, the policies would keep out all of it."""
    door = FrontDoor.model_validate({"type": kind})
    with pytest.raises(ValueError, match=f"{kind}.*network.callers"):
        NetworkSettings().require_way_in({"frontDoor": door})
    pods_only = {"callers": {"other": {"podLabels": {"app": "other"}}}}
    with pytest.raises(ValueError, match=r"network\.callers"):
        NetworkSettings.model_validate(pods_only).require_way_in({"frontDoor": door})
    NetworkSettings(policies=False).require_way_in({"frontDoor": door})
    NetworkSettings().require_way_in({"frontDoor": FrontDoor()})
    open_to = {"callers": {"clients": {"cidrs": ["203.0.113.0/24"]}}}
    NetworkSettings.model_validate(open_to).require_way_in({"frontDoor": door})
