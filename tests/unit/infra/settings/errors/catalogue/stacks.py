"""These stack files are wrong in what concerns the whole stack, or its router."""

from tests.unit.infra.settings.errors.configs import (
    ADOPTED,
    ALB,
    DATABASE,
    GREEN,
    SEALED,
    SUBNETS,
    Config,
    adopting,
    backend,
    edited,
    flagged,
    routed,
)

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

PEER: Config = {"cidrs": ["10.20.0.0/16"], "ports": [5432]}
WATCH: Config = {"image": "registry.example/teal:1", "egress": {"api": PEER}}

INGRESSES: tuple[Config, ...] = (
    {"host": "a.example"},
    {"host": "a.example", "paths": ["/b", "/c/"], "className": "nginx"},
    {"host": "a.example", "paths": []},
)
"""That two services have alike."""

STACKS: tuple[Config, ...] = (
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
