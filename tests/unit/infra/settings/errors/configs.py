"""A test says a part of a stack file, and the rest is good."""

from copy import deepcopy
from typing import Any

Config = dict[str, Any]

BASE: Config = {
    "activeColour": "blue",
    "services": {"backend": {}},
    "blue": {"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}},
}
CALLERS = {"callers": {"nodes": {"cidrs": ["10.0.0.0/16"]}}}
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
ALB: Config = {"vpcId": "vpc-0123456789abcdef0", "subnetIds": SUBNETS, "callers": ["0.0.0.0/0"]}


def edited(**changes: Any) -> Config:  # noqa: ANN401 - any JSON
    """The base with other keys; None takes one away."""
    given = {**deepcopy(BASE), **changes}
    return {key: value for key, value in given.items() if value is not None}


def backend(**settings: Any) -> Config:  # noqa: ANN401 - any JSON
    """With settings of the service."""
    return edited(services={"backend": settings})


def flagged(**flag: Any) -> Config:  # noqa: ANN401 - any JSON
    """With a feature flag."""
    return edited(flags={"flags": {"new.checkout": {"state": "ENABLED", **flag}}})


ADOPTED: Config = {"version": "0.9.0", "backend": {"adopt": {"deployment": "shop", "selector": {"app": "shop"}}}}


def adopting(**changes: Any) -> Config:  # noqa: ANN401 - any JSON
    """A stack one of whose colours has pods that it does not make."""
    return edited(**{"namespace": {"name": "shop", "create": False}, "green": ADOPTED, **changes})


def routed(router: str, *names: str, service: Config | None = None, **more: Any) -> Config:  # noqa: ANN401 - any JSON
    """Services behind another router."""
    services = {
        name: {
            "network": CALLERS,
            **({"routing": {"priority": 10 * number, "hosts": [f"{name}.example"]}} if len(names) > 1 else {}),
            **(service or {}),
        }
        for number, name in enumerate(names or ("backend",), 1)
    }
    release = {name: {"image": "a:1"} for name in services}
    own = {"alb": {"alb": ALB}, "gateway": {"gateway": {"name": "public"}}}.get(router, {})
    return edited(router=router, services=services, blue={"version": "1", **release}, **{**own, **more})


DATABASE: Config = {"kind": "database", "network": {"cidrs": ["10.20.0.0/16"], "ports": [5432]}}

GREEN: Config = {"version": "2", "backend": {"image": "a:2"}}

SEALED: Config = {"secure": "v1:ciphertext"}
