"""`router: gateway`, by Pulumi's mocks: one HTTPRoute a service, weights over both colours' Services."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.traffic import declared as of_inputs

from teal.model.colours import Colour
from tests.unit.infra.declaring import CALLERS, config, declared


async def test_a_flip_is_two_weights_of_one_route() -> None:
    """Beside it only the record differs."""
    before, after = await declared(config("blue", "gateway")), await declared(config("green", "gateway"))
    assert {key for key in before.inputs if before[key] != after[key]} == {
        ("HTTPRoute", "backend-route"),
        ("ConfigMap", "teal-confirmed"),
    }
    weights = [
        {
            each["name"]: each["weight"]
            for each in found["HTTPRoute", "backend-route"]["spec"]["rules"][-1]["backendRefs"]
        }
        for found in (before, after)
    ]
    assert weights == [{"backend-blue": 100, "backend-green": 0}, {"backend-blue": 0, "backend-green": 100}]


async def test_the_route_hangs_on_the_gateway_that_is_named() -> None:
    """With its hosts and its paths."""
    routing = {"routing": {"hosts": ["shop.example"], "paths": ["/api"]}}
    raw = {**config(router="gateway"), "services": json.dumps({"backend": {**CALLERS, **routing}})}
    spec = (await declared(raw))["HTTPRoute", "backend-route"]["spec"]
    assert spec["parentRefs"] == [{"name": "public", "namespace": "gateways"}]
    assert spec["hostnames"] == ["shop.example"]
    assert spec["rules"][0]["matches"] == [{"path": {"type": "PathPrefix", "value": "/api"}}]


HOSTNAME = {"hostname": "backend.shop.svc"}


@pytest.mark.parametrize(
    ("given", "by"),
    [
        (HOSTNAME, {"wellKnownCACertificates": "System"}),
        (
            {**HOSTNAME, "caConfigMap": "shop-ca"},
            {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "shop-ca"}]},
        ),
        ({"external": True}, None),
        (None, None),
    ],
)
async def test_a_gateway_is_told_to_speak_tls_to_both_colours(
    given: Mapping[str, Any] | None, by: Mapping[str, Any] | None
) -> None:
    """Before its route leads there, by a policy of the Gateway API; a flip changes nothing of it."""
    probes = {"readiness": {"path": "/up", "scheme": "HTTPS"}} if given else {}
    service = {**CALLERS, "probes": probes, "routing": {"backendTls": given}}
    for active in ("blue", "green"):
        found = await declared({**config(active, "gateway"), "services": json.dumps({"backend": service})})
        assert found.names("BackendTLSPolicy") == (["backend-backend-tls"] if by else [])
        if by:
            policy, route = ("BackendTLSPolicy", "backend-backend-tls"), ("HTTPRoute", "backend-route")
            assert found[policy]["spec"] == {
                "targetRefs": [{"group": "", "kind": "Service", "name": f"backend-{each}"} for each in Colour],
                "validation": {**by, **HOSTNAME},
            }
            assert found.order.index(policy) < found.order.index(route)


async def test_both_colours_are_filtered_and_waited_for_alike() -> None:
    """As the Gateway API has it, on the rule of chosen clients as well; nothing of it where nothing is said."""
    filters = [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["X_Internal"]}}]
    routing = {"filters": filters, "timeouts": {"request": "30s", "backendRequest": "10s"}}
    match = {"header": "X-Canary", "value": "always"}
    raw = config(router="gateway", canaryMatch=match)
    for rule in (await declared(raw))["HTTPRoute", "backend-route"]["spec"]["rules"]:
        assert not {"filters", "timeouts"} & rule.keys()
    raw["services"] = json.dumps({"backend": {**CALLERS, "routing": routing}})
    for rule in (await declared(raw))["HTTPRoute", "backend-route"]["spec"]["rules"]:
        assert (rule["filters"], rule["timeouts"]) == (filters, routing["timeouts"])


async def test_chosen_clients_and_a_share_get_the_idle_colour() -> None:
    """A rule of their own first; the last one is live traffic's."""
    match = {"header": "X-Canary", "value": "always"}
    found = await declared(config(router="gateway", canaryMatch=match, canaryWeight="25"))
    chosen, live = found["HTTPRoute", "backend-route"]["spec"]["rules"]
    assert chosen["matches"][0]["headers"] == [{"type": "Exact", "name": "X-Canary", "value": "always"}]
    assert [each["weight"] for each in chosen["backendRefs"]] == [0, 100]
    assert [each["weight"] for each in live["backendRefs"]] == [75, 25]


@pytest.mark.parametrize(
    ("cookies", "chosen"),
    [
        ("a.b=1.0", True),
        ("x=1; a.b=1.0; y=2", True),
        ("a.b=1x0", False),
        ("axb=1.0", False),
        ("a.b=1.01", False),
        ("na.b=1.0", False),
    ],
)
async def test_a_cookie_is_taken_by_its_letters(cookies: str, *, chosen: bool) -> None:
    """Of the header that has them all; a dot in it is a dot."""
    found = await declared(config(router="gateway", canaryMatch={"cookie": "a.b", "value": "1.0"}))
    (header,) = found["HTTPRoute", "backend-route"]["spec"]["rules"][0]["matches"][0]["headers"]
    assert (re.fullmatch(header["value"], cookies) is not None) is chosen


async def test_what_a_route_is_declared_to_do_is_read_from_its_inputs() -> None:
    """As a hook is handed them."""
    found = await declared(config("green", "gateway", canaryWeight="40"))
    told = of_inputs(found["HTTPRoute", "backend-route"])
    assert (told.service, told.colour, told.share) == ("backend", Colour.GREEN, 40)
