"""The graph that the real program registers, as an analyzer is sent it; and ways to spoil it."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any, cast

import yaml
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import analyzer_pb2, resource_pb2
from pulumi.runtime.stack import run_pulumi_func
from teal_infra.planning import plan
from teal_infra.planning.live import Live
from teal_infra.planning.schema import plans
from teal_infra.program import provision
from teal_infra.settings.load import load

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.model.colours import Colour
from teal.model.live import LiveService, LiveSlot

Resources = list[analyzer_pb2.AnalyzerResource]

DIGEST = "sha256:" + "0123456789abcdef" * 4
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a string that only an update can tell."""

SECRET = "correct-horse-battery"  # noqa: S105 - what no message may hold
VPC = "vpc-0123456789abcdef0"
API_SERVER = {"cidrs": ["192.0.2.10/32"], "ports": [6443]}


class Accepting(mocks.Mocks):
    """Answers with the inputs, as a cluster that accepts everything; what AWS makes has an ARN."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """What was asked for."""
        inputs = cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType]  # the SDK's plain dict
        arn = f"arn:aws:elasticloadbalancing:eu-west-1:1:{args.name}"
        of_aws = {"arn": arn, "arnSuffix": args.name, "dnsName": "door.example"} if args.typ.startswith("aws:") else {}
        return f"{args.name}-id", {**inputs, **of_aws}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """What AWS says of a network that is there."""
        assert args.token.endswith("getVpc"), args.token
        return {"id": VPC, "cidrBlock": "10.0.0.0/16"}, []


class Recorder(mocks.MockMonitor):
    """Keeps what was registered, as it came over the wire: secrets marked, dependencies named."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__(Accepting())
        self.graph: Resources = []

    def RegisterResource(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Keep it and answer as the SDK's own."""
        answer: resource_pb2.RegisterResourceResponse = super().RegisterResource(request)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # the SDK does not say
        self.graph.append(
            analyzer_pb2.AnalyzerResource(
                type=request.type,
                name=request.name,
                urn=answer.urn,
                properties=request.object,
                parent=request.parent,
                dependencies=request.dependencies,
                options=analyzer_pb2.AnalyzerResourceOptions(
                    protect=request.protect,
                    ignoreChanges=request.ignoreChanges,
                    aliases=[each.spec.name for each in cast("Iterable[Any]", request.aliases)],  # pyright: ignore[reportUnknownMemberType]  # untyped
                    deleteBeforeReplace=request.deleteBeforeReplace,
                    deleteBeforeReplaceDefined=request.deleteBeforeReplaceDefined,
                ),
            )
        )
        return answer


async def registered(program: Callable[[], Awaitable[None]], *, name: str = "production") -> Resources:
    """All that a program registers, in its order."""
    recorder = Recorder()
    mocks.set_mocks(recorder.mocks, project="teal", stack=name, monitor=recorder)
    recorder.graph.clear()  # the stack resource that setting up made
    await run_pulumi_func(program)
    return recorder.graph


def config(active: str = "blue", **parts: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Raw config of a stack of one service; `parts` replace its keys."""
    release = {
        "backend": {
            "image": f"registry.example/backend@{DIGEST}",
            "env": {"LOG_LEVEL": "info"},
            "secrets": {"PIN": SECRET},
        }
    }
    own = {
        "services": {"backend": {"access": {"readCluster": True}}},
        "observability": {"alerts": "none", "dashboard": False},
        "blue": {"version": "1.0.0", **release},
        "green": {"version": "1.1.0", **release},
    }
    return {"activeColour": active, **{key: json.dumps(value) for key, value in (own | parts).items()}}


def everything(active: str = "blue", **parts: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Raw config of a stack that has all there is, a flip set of two services included."""
    release = slot()["backend"]
    both = {"backend": {**release, "schema": {"expand": "0001"}}, "frontend": release}
    own: dict[str, Any] = {
        "services": {
            "backend": {
                "migrations": {},
                "access": {"readCluster": True},
                "backing": ["db"],
                "ingress": {"host": "shop.example"},
            },
            "frontend": {"autoscaling": {"enabled": False}, "replicas": 3},
        },
        "backing": backed_by("10.20.0.0/16"),
        "notify": {"receivers": {"chat": {"url": "slack://a/b/c"}}, "kubernetesEvents": True},
        "watch": {"image": f"registry.example/teal@{DIGEST}", "egress": {"api-server": API_SERVER}},
        "observability": {"alerts": "prometheusRule"},
        "blue": {"version": "1.0.0", **both},
        "green": {"version": "1.1.0", **both},
    }
    return config(active, **(own | parts))


def working(active: str = "blue", **mailer: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Raw config of a stack of a backend and a mailer, which is a worker with these settings, or a cron job."""
    release = slot()["backend"]
    both = {"backend": release, "mailer": release}
    kind = "cron" if "cron" in mailer else "worker"
    own = {
        "services": {"backend": {}, "mailer": {"kind": kind, **mailer}},
        "blue": {"version": "1.0.0", **both},
        "green": {"version": "1.1.0", **both},
    }
    return config(active, **own)


def routed_by(router: str, active: str = "blue", **alb: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Raw config of a stack whose live traffic something else than a selector directs; `alb` are settings of that."""
    subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    own = {
        "alb": {"alb": {"vpcId": VPC, "subnetIds": subnets, "callers": ["0.0.0.0/0"], **alb}},
        "gateway": {"gateway": {"name": "public"}},
    }
    callers = {"callers": {"load-balancer": {"cidrs": ["10.0.0.0/16"]}}}
    return {**config(active, services=changed(network=callers), **own[router]), "router": router}


def example(name: str) -> dict[str, str]:
    """Raw config of one of the stack files in `stacks/`."""
    file = yaml.safe_load((Path(__file__).parents[3] / f"stacks/Pulumi.{name}.yaml").read_text())
    values = {key.removeprefix("teal:"): value for key, value in file["config"].items()}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def backed_by(*cidrs: str, **network: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A database as backing service, and where it is."""
    network = {"cidrs": cidrs, "ports": [5432], **network}
    return {"db": {"kind": "database", "host": "db.example", "password": SECRET, "network": network}}


def changed(**settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The stack's one service with some of its settings replaced."""
    return {"backend": {**json.loads(config()["services"])["backend"], **settings}}


def slot(colour: str = "blue", **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A colour's release with settings of its service replaced."""
    release = json.loads(config()[colour])
    return {**release, "backend": {**release["backend"], **settings}}


async def live_in(
    colour: str | None,
    *,
    before: Mapping[str, str] | None = None,
    has: int = 3,
    idle: int = 3,
    confirmed: str | None = None,
) -> Live:
    """What an update finds after one by the config `before` (default: `config`); nothing at all without a colour.

    Args:
        colour: that all traffic goes to.
        before: the config that made both colours.
        has: pods of the live colour.
        idle: pods of the other one.
        confirmed: the colour that was confirmed; default: the live one.
    """
    if colour is None:
        return Live()
    raw = config() if before is None else before
    made = await declared(raw, Live())
    names = list(json.loads(raw["services"]))
    slots: dict[tuple[str, Colour], LiveSlot] = {}
    for name, each in product(names, Colour):
        kind = "CronJob" if json.loads(raw["services"])[name].get("kind") == "cron" else "Deployment"
        metadata = json_format.MessageToDict(find(made, kind, f"{name}-{each}").properties)["metadata"]
        version = metadata["labels"]["app.kubernetes.io/version"]
        pods = has if each == colour else idle
        pods = pods if kind == "Deployment" else int(each == colour)
        slots[name, each] = LiveSlot(annotations=metadata["annotations"], replicas=pods, ready=pods, version=version)
    kinds = {name: each.get("kind") for name, each in json.loads(raw["services"]).items()}
    services = {
        name: LiveService(
            colour=Colour(colour),
            selector={},
            annotations={},
            resource_version="7",
            writer="pulumi-kubernetes-1",
            worker=kinds[name] in {"worker", "cron"},
            cron=kinds[name] == "cron",
        )
        for name in names
    }
    record = {"colour": confirmed or colour, "version": "1.0.0", "since": "2026-01-01T00:00:00+00:00"}
    return Live(services=services, slots=slots, record=record, at="2026-01-02T00:00:00+00:00")


_declared: dict[str, Resources] = {}
"""What was declared before, by config and live state."""


async def declared(
    raw: Mapping[str, str] | None = None, live: Live | None = None, *, stack: str = "production"
) -> Resources:
    """What the program registers for a config and a live state, whatever else of it would refuse that."""
    raw = config() if raw is None else raw
    found = await live_in(raw["activeColour"]) if live is None else live

    async def program() -> None:
        settings = load(raw, stack=stack)
        judged = plan.declare(plan.make(settings, found))
        provision(settings, found, ClusterAccess(namespace="teal"), plans(settings, found), [judged])

    key = f"{stack} {raw} {found}"
    if key not in _declared:
        _declared[key] = await registered(program, name=stack)
    return deepcopy(_declared[key])


def find(graph: Iterable[analyzer_pb2.AnalyzerResource], kind: str, name: str) -> analyzer_pb2.AnalyzerResource:
    """The one resource of a kind and logical name."""
    (found,) = (each for each in graph if each.type.endswith(f":{kind}") and each.name == name)
    return found


def spoil(graph: Resources, kind: str, name: str, path: str, value: object) -> None:
    """Set what is at a path (`spec.template.spec.containers.0.image`) of a resource; None takes it away."""
    found = find(graph, kind, name)
    properties = json_format.MessageToDict(found.properties)
    *outer, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    here: Any = properties
    for key in outer:
        here = here[key] if isinstance(key, int) else here.setdefault(key, {})
    if value is None:
        del here[last]
    else:
        here[last] = value
    found.properties.CopyFrom(json_format.ParseDict(properties, struct_pb2.Struct()))
