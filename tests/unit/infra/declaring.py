"""What the program declares for a config and a live state, by Pulumi's mocks, AWS's functions included."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pulumi.runtime import mocks, stack
from teal_infra.planning.live import Live
from teal_infra.planning.schema import plans
from teal_infra.program import provision
from teal_infra.settings.load import load

from teal.adapters.kubernetes.cluster import ClusterAccess

VPC = "vpc-0123456789abcdef0"
ALB: Mapping[str, Any] = {
    "vpcId": VPC,
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "callers": ["0.0.0.0/0"],
}
GATEWAY = {"name": "public", "namespace": "gateways"}
CALLERS = {"network": {"callers": {"load-balancer": {"cidrs": ["10.0.0.0/16"]}}}}


@dataclass
class Declared:
    """What was registered, by kind and name."""

    inputs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict[tuple[str, str], dict[str, Any]])
    order: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    types: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def __getitem__(self, key: tuple[str, str]) -> dict[str, Any]:
        """The inputs of one resource."""
        return self.inputs[key]

    def names(self, kind: str) -> list[str]:
        """Of all resources of a kind."""
        return [name for each, name in self.inputs if each == kind]

    def weights(self, name: str) -> list[int]:
        """Of blue and green in a listener rule."""
        (action,) = self["ListenerRule", name]["actions"]
        return [int(each["weight"]) for each in action["forward"]["targetGroups"]]


class _Recorder(mocks.Mocks):
    def __init__(self) -> None:
        self.declared = Declared()

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType]  # the SDK's plain dict
        key = args.typ.rsplit(":", 1)[-1], args.name
        self.declared.inputs[key] = inputs
        self.declared.order.append(key)
        self.declared.types[key] = args.typ
        outputs = dict(inputs)
        if args.typ.startswith("aws:"):
            outputs |= {"arn": f"arn:aws:elb:eu-west-1:1:{args.name}", "arnSuffix": f"suffix/{args.name}"}
            outputs |= {"dnsName": "balancer.example"} if "loadBalancer" in args.typ else {}
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        if args.token.endswith("getVpc"):
            return {"id": VPC, "cidrBlock": "10.0.0.0/16"}, []
        found = {"arn": "arn:aws:elb:found", "arnSuffix": "suffix/found", "dnsName": "found.example"}
        return {**found, "securityGroups": ["sg-found"]}, []


def config(
    active: str = "blue",
    router: str = "alb",
    services: tuple[str, ...] = ("backend",),
    **more: Any,  # noqa: ANN401 - any JSON
) -> dict[str, str]:
    """Raw config of a stack with both colours; `more` replaces its keys."""
    release = {name: {"image": f"registry.example/{name}:1"} for name in services}
    raw: dict[str, Any] = {
        "activeColour": active,
        "router": router,
        "services": {
            name: {
                "port": 8000,
                "contract": True,
                **CALLERS,
                **(
                    {"routing": {"priority": 10 * number, "hosts": [f"{name}.example"]}}
                    if len(services) > 1 and router != "service"
                    else {}
                ),
            }
            for number, name in enumerate(services, 1)
        },
        "blue": {"version": "1.0.0", **release},
        "green": {"version": "1.1.0", **release},
        **({"alb": ALB} if router == "alb" else {}),
        **({"gateway": GATEWAY} if router == "gateway" else {}),
        **more,
    }
    return {key: each if isinstance(each, str) else json.dumps(each) for key, each in raw.items()}


async def declared(raw: Mapping[str, str], live: Live | None = None) -> Declared:
    """All resources of a stack with this config."""
    recorder = _Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev")

    async def program() -> None:
        settings, found = load(raw, stack="dev"), live or Live(at="2026-01-01T00:00:00+00:00")
        provision(settings, found, ClusterAccess(namespace="teal"), plans(settings, found))

    await stack.run_pulumi_func(program)
    return recorder.declared
