"""The graph that the real program registers, as an analyzer is sent it; and ways to spoil it."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import product
from typing import Any, cast

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import mocks, stack
from pulumi.runtime.proto import analyzer_pb2, resource_pb2

from infra import plan
from infra.config import load
from infra.live import Live
from infra.program import provision
from infra.schema import plans
from teal.colours import Colour
from teal.kube import ClusterAccess, LiveService, LiveSlot

Resources = list[analyzer_pb2.AnalyzerResource]

DIGEST = "sha256:" + "0123456789abcdef" * 4
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a string that only an update can tell."""

SECRET = "correct-horse-battery"  # noqa: S105 - what no message may hold
API_SERVER = {"cidrs": ["192.0.2.10/32"], "ports": [6443]}


class Accepting(mocks.Mocks):
    """Answers with the inputs, as a cluster that accepts everything."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """What was asked for."""
        inputs = cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType]  # the SDK's plain dict
        return f"{args.name}-id", inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """No function is expected to be called."""
        raise AssertionError(args.token)


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
    await stack.run_pulumi_func(program)
    return recorder.graph


def config(active: str = "blue", **parts: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Raw config of a stack that has everything there is, a flip set of two services; `parts` replace its keys."""
    release = {
        name: {"image": f"registry.example/{name}@{DIGEST}", "env": {"LOG_LEVEL": "info"}, "secrets": {"PIN": SECRET}}
        for name in ("backend", "frontend")
    }
    release["backend"] |= {"schema": {"expand": "0001"}}
    everything: dict[str, Any] = {
        "services": {
            "backend": {
                "migrations": {},
                "access": {"readCluster": True},
                "ingress": {"host": "shop.example"},
            },
            "frontend": {"autoscaling": {"enabled": False}, "replicas": 3},
        },
        "backing": {
            "db": {
                "kind": "database",
                "host": "db.example",
                "password": SECRET,
                "network": {"cidrs": ["10.20.0.0/16"], "ports": [5432]},
            }
        },
        "watch": {"image": f"registry.example/teal@{DIGEST}", "egress": {"api-server": API_SERVER}},
        "observability": {"alerts": "prometheusRule"},
        "blue": {"version": "1.0.0", **release},
        "green": {"version": "1.1.0", **release},
    }
    return {"activeColour": active, **{key: json.dumps(value) for key, value in (everything | parts).items()}}


def changed(**services: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The stack's services, with settings of some of them replaced; one more underscore stands for a deeper key."""
    known = json.loads(config()["services"])
    return {name: {**its, **services.get(name, {})} for name, its in known.items()}


def slot(colour: str = "blue", **of_backend: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A colour's release with settings of backend's replaced."""
    release = json.loads(config()[colour])
    return {**release, "backend": {**release["backend"], **of_backend}}


_made: Resources = []


async def live_in(colour: str | None, *, has: int = 3, idle: int = 3, confirmed: str | None = None) -> Live:
    """Both colours as `config` declares them, and all traffic in one, which has so many pods; nothing without one."""
    if colour is None:
        return Live()
    if not _made:
        _made.extend(await declared(live=Live()))
    slots: dict[tuple[str, Colour], LiveSlot] = {}
    for name, each in product(("backend", "frontend"), Colour):
        metadata = json_format.MessageToDict(find(_made, "Deployment", f"{name}-{each}").properties)["metadata"]
        version = metadata["labels"]["app.kubernetes.io/version"]
        pods = has if each == colour else idle
        slots[name, each] = LiveSlot(annotations=metadata["annotations"], replicas=pods, ready=pods, version=version)
    services = {
        name: LiveService(
            colour=Colour(colour), selector={}, annotations={}, resource_version="7", writer="pulumi-kubernetes-1"
        )
        for name in ("backend", "frontend")
    }
    record = {"colour": confirmed or colour, "version": "1.0.0", "since": "2026-01-01T00:00:00+00:00"}
    return Live(services=services, slots=slots, record=record, at="2026-01-02T00:00:00+00:00")


async def declared(raw: Mapping[str, str] | None = None, live: Live | None = None) -> Resources:
    """What the program registers for a config and a live state, whatever else of it would refuse that."""
    raw = config() if raw is None else raw
    found = await live_in(raw["activeColour"]) if live is None else live

    async def program() -> None:
        settings = load(raw, stack="production")
        plan.declare(plan.make(settings, found))
        provision(settings, found, ClusterAccess(namespace="teal"), plans(settings, found))

    return await registered(program)


def resource(type_: str, name: str, properties: Mapping[str, Any], **fields: Any) -> analyzer_pb2.AnalyzerResource:  # noqa: ANN401 - of the message
    """One resource of the stack, as an analyzer is sent it."""
    made = analyzer_pb2.AnalyzerResource(
        type=type_, name=name, urn=f"urn:pulumi:production::teal::{type_}::{name}", **fields
    )
    json_format.ParseDict(json.loads(json.dumps(properties)), made.properties)
    return made


def find(graph: Iterable[analyzer_pb2.AnalyzerResource], kind: str, name: str) -> analyzer_pb2.AnalyzerResource:
    """The one resource of a kind and logical name."""
    (found,) = (each for each in graph if each.type.endswith(f":{kind}") and each.name == name)
    return found


def spoil(graph: Resources, kind: str, name: str, path: str, value: object) -> None:
    """Set what is at a path (`spec.template.spec.containers.0.image`) of a resource; None takes it away."""
    found = find(graph, kind, name)
    properties = json_format.MessageToDict(found.properties)
    *outer, last = path.split(".")
    here: Any = properties
    for key in outer:
        here = here[int(key)] if key.isdigit() else here.setdefault(key, {})
    if value is None:
        del here[last]
    else:
        here[last] = value
    found.properties.CopyFrom(json_format.ParseDict(properties, struct_pb2.Struct()))
