"""Stack files that are wrong: every setting with every kind of wrong value, and every check with what it refuses."""

import ast
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from inspect import get_annotations
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import teal_infra.settings
from pydantic import BaseModel
from teal_infra.settings import Settings

from tests.unit.infra.settings import test_owned

Config = dict[str, Any]
Where = tuple[int | str, ...]

BASE: Config = {
    "activeColour": "blue",
    "services": {"backend": {}},
    "blue": {"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}},
}
CALLERS = {"callers": {"nodes": {"cidrs": ["10.0.0.0/16"]}}}
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
ALB: Config = {"vpcId": "vpc-0123456789abcdef0", "subnetIds": SUBNETS, "callers": ["0.0.0.0/0"]}

PARENTS: Mapping[Where, Config] = {
    ("alb",): ALB,
    ("alb", "loadBalancer"): {"tags": {"name": "shared"}},
    ("gateway",): {"name": "public"},
    ("backing", "database"): {"kind": "database"},
    ("backing", "database", "network"): {"cidrs": ["10.20.0.0/16"], "ports": [5432]},
    ("flags", "flags", "checkout"): {"state": "ENABLED", "variants": {"on": True}},
    ("canaryMatch",): {"header": "X-Canary", "value": "always"},
    ("green",): {"version": "1.1.0", "backend": {"image": "registry.example/backend:1.1.0"}},
    ("prometheus",): {"url": "https://prometheus.example"},
    ("watch",): {"image": "registry.example/teal:1"},
    ("services", "backend", "bakeMetrics", "orders"): {"query": "x", "atLeast": 1},
    ("services", "backend", "gates", "metrics", "own", "orders"): {"query": "x", "atLeast": 1},
}
"""What an object has to be for a setting in it to be looked at. Others are `{}`: what they lack is reported, too."""

NAMES: Mapping[str, str] = {
    "services": "backend",
    "backing": "database",
    "bakeMetrics": "orders",
    "own": "orders",
    "requests": "prices",
    "paths": "v1",
    "flags": "checkout",
}
"""How what has a name is called."""

WRONG: tuple[Any, ...] = (
    None,
    "",
    "no such 'value' \"$(x)\"",
    [],
    [1, ["x"]],
    {},
    {"a b": {"c": 1}},
    {'A-"b".c/d[0]': "x"},
    {"": None},
    -1,
    10**9,
    1.5,
    True,
)
"""What a setting may be given; where it is taken, it is no error."""


def places(model: type[BaseModel] = Settings, at: Where = ()) -> Iterator[Where]:
    """Every setting, and one that there is not in every object."""
    yield (*at, "noSuchKey")
    for name, field in model.model_fields.items():
        key = field.alias or name
        yield (*at, key)
        for inner, named in _within(field.annotation, NAMES.get(key, "some")):
            yield from places(inner, (*at, key, *named))
    extra = get_annotations(model).get("__pydantic_extra__")
    for inner, _ in _within(extra, ""):
        yield (*at, "backend")
        yield from places(inner, (*at, "backend"))


def _within(annotation: Any, name: str) -> Iterator[tuple[type[BaseModel], Where]]:  # noqa: ANN401 - any type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ()
    elif get_origin(annotation) is Annotated:
        yield from _within(get_args(annotation)[0], name)
    else:
        container = get_origin(annotation) in (tuple, get_origin(Mapping[str, str]))
        for part in get_args(annotation):
            for inner, at in _within(part, name):
                yield inner, ((0 if get_origin(annotation) is tuple else name, *at) if container else at)


def with_value(where: Where, value: object) -> Config:
    """A config with this at a place, and what it needs on the way."""
    config = deepcopy(BASE)
    config["router"] = {"alb": "alb", "gateway": "gateway", "canaryMatch": "gateway"}.get(str(where[0]), "service")
    place: Any = config
    for depth, key in enumerate(where[:-1], 1):
        _put(place, key, PARENTS.get(where[:depth], [] if isinstance(where[depth], int) else {}), anew=False)
        place = place[key]
    _put(place, where[-1], value, anew=True)
    return config


def _put(place: Any, key: int | str, value: object, *, anew: bool) -> None:  # noqa: ANN401 - any JSON
    if isinstance(key, int):
        place.append(deepcopy(value))
    elif anew or key not in place:
        place[key] = deepcopy(value)


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

ADOPTIONS: tuple[Config, ...] = (
    {"namespace": "shop"},
    {"green": {"version": "0.9.0", "backend": {}}},
    {"green": {**ADOPTED, "backend": {**ADOPTED["backend"], "image": "a:1"}}},
    {"blue": ADOPTED},
    {"green": {**ADOPTED, "state": "stopped"}},
    {"router": "gateway", "gateway": {"name": "public"}},
    {"services": {"backend": {"kind": "worker"}}},
    {"services": {"backend": {"kind": "cron", "cron": {"schedule": "@daily"}}}},
    {
        "green": {
            "version": "0.9.0",
            "backend": {"adopt": {"deployment": "shop", "selector": {"app.kubernetes.io/name": "backend"}}},
        }
    },
)


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
PEER_OF: Config = {"podLabels": {"app": "somebody"}}
PEER: Config = {"cidrs": ["10.20.0.0/16"], "ports": [5432]}
GREEN: Config = {"version": "2", "backend": {"image": "a:2"}}
WATCH: Config = {"image": "registry.example/teal:1", "egress": {"api": PEER}}

SEALED: Config = {"secure": "v1:ciphertext"}
INGRESSES: tuple[Config, ...] = (
    {"host": "a.example"},
    {"host": "a.example", "paths": ["/b", "/c/"], "className": "nginx"},
    {"host": "a.example", "paths": []},
)
"""That two services have alike."""

CLASHES: tuple[Config, ...] = (
    # A service's own settings.
    backend(shutdown={"drainSeconds": 60}),
    backend(shutdown={"drainSeconds": 3600, "waitSeconds": 3600}),
    backend(shutdown={"drainSeconds": 86400}),
    backend(resources={"requests": {"cpu": "2", "memory": "2Gi"}}),
    backend(resources={"requests": {"memory": "512Mi"}, "limits": {"memory": "100M"}}),
    backend(resources={"limits": {"memory": "512m"}}),
    backend(resources={"requests": {"cpu": "100m", "memory": 256}}),
    backend(rollout={"maxSurge": 0}),
    backend(rollout={"minReadySeconds": 700}),
    backend(volumes={"cache": {"mountPath": "/cache", "size": "1Gi", "claim": "cache"}}),
    backend(volumes={"cache": {"mountPath": "/cache"}, "more": {"mountPath": "/cache/"}}),
    backend(volumes={"cache": {"mountPath": "/tmp"}}),  # noqa: S108 - the container's own
    backend(volumes={"tmp": {"mountPath": "/var/tmp"}}),  # noqa: S108 - as above
    backend(volumes={"root": {"mountPath": "/"}}),
    backend(rollout={"maxSurge": "0%", "maxUnavailable": "0%"}),
    backend(autoscaling={"minReplicas": 9, "maxReplicas": 2}),
    backend(alerts={"errorPercent": 10}),
    backend(migrations={"up": ["npm", "run", "up"]}),
    backend(bakeMetrics={"p95": {"query": "x", "atLeast": 1}}),
    backend(bakeMetrics={"orders": {"query": "x"}}),
    backend(bakeMetrics={"orders": {"query": "x{a='{nothing}'}", "below": 1}}),
    backend(gates={"metrics": {"own": {"orders": {"query": "x"}}}}),
    backend(gates={"metrics": {"own": {"p95": {"query": "x", "below": 1}}}}),
    backend(gates={"metrics": {"windowSeconds": 10}}),
    backend(gates={"metrics": {"samples": 10000, "traffic": {"perSecond": 0.01}}}),
    backend(gates={"smoke": {"requests": {"readiness": {"path": "/"}}}}),
    backend(gates={"smoke": {"requests": {"a": {"path": "/x/../y"}}}}),
    backend(gates={"smoke": {"requests": {"a": {"path": "/", "headers": {"Authorization": "Bearer abc"}}}}}),
    backend(requestMetrics={"preset": "none", "requests": "a", "status": "b"}),
    backend(frontDoor={"type": "LoadBalancer"}),
    backend(previewDoor={"type": "LoadBalancer"}),
    backend(frontDoor={"nodePort": 30080}),
    backend(frontDoor={"externalTrafficPolicy": "Local"}, previewDoor={"externalTrafficPolicy": "Cluster"}),
    backend(
        frontDoor={"extraPorts": {name: {"port": 80, "targetPort": 1, "protocol": "UDP"} for name in ("a", "b")}},
    ),
    edited(prometheus={"url": "http://p.example", "headers": {"X-Scope-OrgID": "a", "X-Api": "b"}}),
    backend(
        frontDoor={"type": "NodePort", "nodePort": 30081},
        previewDoor={"type": "NodePort", "nodePorts": {"blue": 30081}},
    ),
    backend(frontDoor={"extraPorts": {"http": {"port": 1, "targetPort": 1}}}),
    backend(frontDoor={"extraPorts": {"a": {"port": 80, "targetPort": 1}}}),
    backend(frontDoor={"portName": "a", "extraPorts": {"a": {"port": 81, "targetPort": 1}}}),
    backend(frontDoor={"portName": "", "extraPorts": {"a": {"port": 81, "targetPort": 1}}}),
    backend(ingress={"host": "10.0.0.1", "tlsSecret": "Shop_TLS", "className": "Nginx Internal"}),
    backend(network={"callers": {"somebody": {}}}),
    backend(network={"callers": {"somebody": {"cidrs": ["10.0.0.1/8"]}}}),
    backend(network={"callers": {"somebody": {"cidrs": ["10.0.0.1"]}}}),
    backend(network={"callers": {"somebody": {"cidrs": ["0.0.0.0/0"]}}}),
    backend(metadata={"ingress": {"labels": {"a": "b"}}}),
    backend(overlap="flip"),
    backend(cron={"schedule": "@daily"}),
    backend(kind="cron"),
    backend(kind="cron", cron={}),
    backend(kind="cron", cron={"schedule": "* * * * 7"}),
    backend(kind="cron", cron={"schedule": "@daily", "timeZone": "../etc"}, replicas=2, overlap="flip"),
    backend(kind="cron", cron={"schedule": "@daily"}, probes={"startup": {"exec": ["true"]}}, port=8000),
    backend(kind="cron", cron={"schedule": "@daily"}, requestMetrics={"port": 1}, network={"prometheus": PEER_OF}),
    backend(kind="cron", cron={"schedule": "@daily"}, gates={"metrics": {}}, rollout={"maxSurge": 1}),
    *(
        backend(kind="worker", **more)
        for more in (
            {"port": 8000},
            {"gates": {"smoke": {"readinessSeconds": 1}, "contract": {"path": "/openapi.json"}}},
            {"metadata": {"frontDoor": {"labels": {"a": "b"}}}},
            {"shutdown": {"waitSeconds": 5, "gracePeriodSeconds": 3}},
            {"probes": {"startup": {"path": "/"}, "readiness": {"tcp": True, "port": "http"}}},
            {"requestMetrics": {"preset": "django-prometheus", "inFlight": "a", "port": "metrics"}},
            {"requestMetrics": 9090},
            {"network": {"callers": {"flower": {"podLabels": {"app": "flower"}}}, "ingressController": PEER_OF}},
            {"network": {"prometheus": PEER_OF}},
        )
    ),
    backend(gates={"contract": {"usage": {}}}),
    backend(gates={"contract": {"paths": {"v1": "/v1.json"}, "usage": {"windowHours": 24}}}),
    backend(gates={"contract": {"path": "/openapi.json", "paths": {"v1": "/v1.json"}}}),
    backend(metadata={"deployment": {"labels": {"app.kubernetes.io/name": "x"}}}),
    *(backend(podTemplate=template) for template, _ in test_owned.CASES),
    edited(
        blue={
            "version": "1",
            "backend": {"image": "a:1", "podTemplate": {"metadata": {"labels": {"$patch": "replace"}}}},
        }
    ),
    # Services and their slots.
    edited(services={"version": {}, "state": {}}),
    edited(services={"backend": {}, "backend-blue": {}}),
    edited(services={"backend": {}, "backend-migrations": {}}, green=GREEN),
    edited(services={"default": {}}),
    *(
        routed("service", "web", "web-api", service={"network": {}, "routing": {}, **service})
        for service in (
            {"metadata": {"serviceAccount": {"name": "shop"}}},
            {"metadata": {"serviceAccount": {"name": "default"}}},
            {"metadata": {"serviceAccount": {"name": "web-api", "create": True}}},
            {"metadata": {"serviceAccount": {"create": False}}},
            {"metadata": {"serviceAccount": {"create": False, "name": "a", "labels": {"a": "b"}}}},
        )
    ),
    edited(
        services={
            "web": {"ingress": {"host": "a.example"}, "ingresses": {"api": {"host": "b.example"}}},
            "web-api": {"ingress": {"host": "c.example"}},
        },
        blue={"version": "1", "web": {"image": "a:1"}, "web-api": {"image": "a:1"}},
    ),
    edited(services={"backend": {}, "frontend": {}}),
    edited(blue=None),
    edited(blue=None, green=GREEN),
    edited(blue={**BASE["blue"], "state": "retired"}),
    edited(blue={**BASE["blue"], "fronted": {"image": "a:1"}}),
    edited(blue={"version": "1", "backend": {"image": "a:1", "env": {"PORT": "1", "A B": "1"}}}),
    edited(blue={"version": "1", "backend": {"image": "a:1", "env": {"A": 1.1, "B": "2024-01-01 10:00:00 +0000 UTC"}}}),
    edited(blue={"version": "1", "backend": {"image": "a:1", "schema": {"expand": "0001"}}}),
    *(
        edited(
            services={"backend": {"migrations": {}}},
            blue={"version": "1", "backend": {"image": "a:1", "schema": schema}},
        )
        for schema in (
            {"expand": "0005", "contract": "0005"},
            {"expand": "0001", "down": "head"},
            {"expand": "head", "contract": "0002"},
        )
    ),
    *(
        edited(
            services={"backend": {"migrations": {"revisions": ["a", "b"]}}},
            blue={"version": "1", "backend": {"image": "a:1", "schema": schema}},
        )
        for schema in ({"expand": "a", "down": "b"}, {"expand": "c"})
    ),
    *(
        backend(migrations=migrations)
        for migrations in (
            {"down": None},
            {"down": ["undo"], "downRefused": "it is not tested"},
            {"revisions": ["a", "a"]},
            {"revisions": ["head"]},
        )
    ),
    # Pods that somebody else makes, and their namespace.
    edited(namespace="Shop_1"),
    edited(namespace="default"),
    edited(namespace={"name": "kube-system"}),
    *(adopting(**changes) for changes in ADOPTIONS),
    edited(blue={"version": "1", "backend": {"image": "a@md5:0123456789abcdef0123456789abcdef"}}),
    edited(blue={"version": "1", "backend": {"image": "a@sha256:0123"}}),
    edited(blue={"version": "1", "backend": {"image": "ghcr.io/Acme/Shop:1.0"}}),
    # Backing services.
    edited(backing={"database": DATABASE}),
    edited(backing={"database": DATABASE, "cache": {**DATABASE, "kind": "redis"}}),
    edited(
        backing={name: {**DATABASE, "kind": name} for name in ("database", "redis", "ollama")},
        services={"backend": {"backing": ["database"]}},
    ),
    edited(alb={**ALB, "stickinessSeconds": 7200}),
    edited(backing={"database": {"kind": "database"}}, services={"backend": {"backing": ["database"]}}),
    edited(
        backing={"database": {**DATABASE, "url": "postgres://user:hunter2-hunter2@db/x", "model": "m"}},
        services={"backend": {"backing": ["database"]}},
    ),
    edited(
        backing={"database": {**DATABASE, "env": {"PORT": "1"}, "secrets": {"ENV": "x"}}},
        services={"backend": {"backing": ["database"]}},
    ),
    edited(
        backing={"one": {**DATABASE, "host": "a"}, "two": {**DATABASE, "host": "b"}},
        services={"backend": {"backing": ["one", "two", "one", "three"]}},
    ),
    edited(
        backing={"database": {**DATABASE, "host": SEALED, "password": SEALED, "env": {"A": SEALED}}},
        services={"backend": {"backing": ["database"], "args": ["-a", SEALED, "b", SEALED]}},
        blue={"version": SEALED, "backend": {"image": "a:1", "env": {"A": SEALED}, "secrets": {"B": SEALED}}},
    ),
    # Feature flags.
    flagged(variants={"on": True, "off": "no", "left": None}, defaultVariant="off"),
    flagged(variants={"all": [], "none": None}, defaultVariant="all"),
    flagged(variants={"high": 1, "low": 0.5}, defaultVariant="mid"),
    edited(flags={}, services={"backend": {"volumes": {"files": {"mountPath": "/etc/teal/"}}}}),
    # The stack.
    edited(services="{"),
    edited(backing="{"),
    edited(canaryWeight="10", canaryMatch={"header": "X-A", "value": "b"}, green=GREEN),
    edited(alb=ALB, gateway={"name": "public"}),
    edited(retireAfterMinutes=30),
    edited(watch={"image": "registry.example/teal:1"}),
    edited(watch=WATCH, prometheus={"url": "https://p.example", "caFile": "/ca.pem"}),
    edited(watch={**WATCH, "prometheusUrl": "http://p.example"}, prometheus={"url": "https://p.example", "token": "t"}),
    edited(prometheus={"url": "http://p.example", "token": "t"}),
    edited(prometheus={"url": "https://p.example", "user": "teal"}),
    edited(prometheus={"url": "https://p.example", "user": "teal", "password": "p", "token": "t"}),
    # Ports, probes and scaling.
    backend(probes={"readiness": {"path": "/ready", "tcp": True}}),
    backend(probes={"readiness": {"path": "/ready", "port": "management"}}),
    backend(probes={"readiness": {"exec": ["true"], "port": 9090}}),
    backend(probes={"readiness": {"scheme": "HTTPS", "headers": {"a": "b"}}}),
    backend(probes={"readiness": {"grpc": {}, "headers": {"a": "b"}}}),
    backend(ports={"http": 9090}),
    backend(ports={"management": 8000}),
    backend(frontDoor={"loadBalancerClass": "service.k8s.aws/nlb"}),
    backend(disruption={"maxUnavailable": 1, "minAvailable": 1}),
    backend(autoscaling={"cpuPercent": None, "memoryPercent": None}),
    backend(autoscaling={"enabled": False, "minReplicas": 2, "scaleDownWindowSeconds": 60, "cpuPercent": 50}),
    backend(replicas=1),
    backend(replicas=1, autoscaling={"minReplicas": 1, "maxReplicas": 2}),
    backend(replicas=1, autoscaling={"external": True}, kind="worker"),
    edited(
        podsReachable="false",
        services={"backend": {"gates": {"smoke": {"requests": {"a": {"path": "/a"}}}, "contract": {"path": "/o"}}}},
    ),
    edited(
        podsReachable="false", prometheus={"url": "https://p.example"}, services={"backend": {"gates": {"metrics": {}}}}
    ),
    routed("alb", service={"targetGroup": {"slowStartSeconds": 60, "algorithm": "least_outstanding_requests"}}),
    routed("alb", service={"targetGroup": {"protocolVersion": "HTTP2"}}),
    routed("alb", service={"targetGroup": {"healthCheck": {"matcher": "200,700"}}}),
    routed("gateway", service={"routing": {"timeouts": {"request": "1m", "backendRequest": "1m1ms"}}}),
    routed("gateway", service={"routing": {"backendTls": {"caConfigMap": "a"}}}),
    routed("gateway", service={"routing": {"backendTls": {"hostname": "a.example", "external": True}}}),
    backend(gates={"metrics": {}}, bakeMetrics={"orders": {"query": "x", "below": 1}}),
    # Routers.
    edited(router="alb"),
    edited(router="gateway"),
    routed("gateway", alb=ALB, service={"ingress": {"host": "a.example"}, "frontDoor": {"port": 8080}}),
    routed("gateway", service={"metadata": {"frontDoor": {"labels": {"a": "b"}}}, "routing": {"priority": 10}}),
    backend(routing={"hosts": ["a.example"]}),
    routed("gateway", service={"network": {}}),
    routed("gateway", service={"probes": {"readiness": {"path": "/up", "scheme": "HTTPS"}}}),
    routed("alb", service={"routing": {"backendTls": {"hostname": "a.example"}}}),
    routed("gateway", "a", "b", gateway={"name": "public", "namespace": "gateways"}, service={"network": {}}),
    routed("gateway", canaryWeight="100", green=GREEN),
    routed("gateway", canaryWeight="10"),
    routed("gateway", canaryMatch={"header": "X-A", "cookie": "b", "value": "c"}),
    routed("gateway", canaryMatch={"value": "c"}),
    routed("alb", alb={**ALB, "subnetIds": []}),
    routed("alb", alb={**ALB, "subnetIds": [SUBNETS[1], SUBNETS[1]]}),
    routed("alb", alb={**ALB, "callers": []}),
    routed("alb", alb={**ALB, "loadBalancer": {}}),
    routed("alb", alb={**ALB, "loadBalancer": {"tags": {"a": "b"}}}),
    routed(
        "alb",
        alb={
            "vpcId": ALB["vpcId"],
            "loadBalancer": {
                "tags": {"a": "b"},
                "arn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shared/0123456789abcdef",
            },
        },
    ),
    routed("alb", alb={**ALB, "testPort": 80}),
    routed("alb", alb={**ALB, "stickinessSeconds": 61}),
    routed("alb", alb={**ALB, "stickinessSeconds": 7200}),
    routed("alb", alb={**ALB, "healthCheck": {"timeoutSeconds": 30}}),
    routed("alb", service={"network": {}}),
    routed("alb", service={"routing": {"hosts": ["a.example"], "paths": ["/a", "/b"]}}),
    routed("alb", service={"routing": {"hosts": ["a.a", "b.a", "c.a", "d.a", "e.a"]}}),
    routed(
        "alb",
        service={"routing": {"hosts": ["*.a", "*.b", "*.c"]}},
        canaryMatch={"cookie": "a", "value": "b"},
    ),
    routed("alb", "a", "b", service={"routing": {}}),
    routed("gateway", "a", "b", service={"routing": {}}),
    *(routed("service", "a", "b", service={"routing": {}, "ingress": ingress}) for ingress in INGRESSES),
    backend(ingress={"host": "a.example"}, ingresses={"inner": {"host": "b.example", "hosts": {"a.example": {}}}}),
    routed("alb", "a", "b", service={"routing": {"priority": 7}}),
    routed("alb", *(f"s{number}" for number in range(51))),
    routed("alb", notify={"receivers": {"chat": {"url": "http://chat.example"}}}),
    routed("alb", notify={"cloudEvents": {"url": "http://events.example"}}),
)
"""For every check a config that it refuses."""


def said() -> Iterator[tuple[str, str]]:
    """What every check says, as a pattern, and where it says so: what is raised, and what is given to `Refusal`."""
    root = Path(teal_infra.settings.__file__).parent
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            for text in _texts(node):
                yield text, f"{file.relative_to(root)}:{getattr(node, 'lineno', 0)}"


def _texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(
            func=ast.Name(id="PydanticCustomError" | "Refusal" | "clash" | "superfluous"), args=[_, text, *_]
        ):
            yield from _pattern(text)
        case ast.Assign(targets=[ast.Name(id="what")], value=text):
            yield from _pattern(text)
        case _:
            return


def _pattern(text: ast.expr) -> Iterator[str]:
    match text:
        case ast.Constant(value=str(words)):
            yield re.sub(r"\\\{\w+\\\}", ".*", re.escape(words))
        case ast.JoinedStr(values=parts):
            yield "".join(re.escape(str(each.value)) if isinstance(each, ast.Constant) else ".*" for each in parts)
        case _:
            return
