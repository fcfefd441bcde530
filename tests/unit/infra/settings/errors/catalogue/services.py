"""These stack files are wrong within a service or its release."""

from tests.unit.infra.settings import test_owned
from tests.unit.infra.settings.errors.configs import BASE, GREEN, Config, backend, edited, routed

PEER_OF: Config = {"podLabels": {"app": "somebody"}}

ROOT: Config = {"runAsUser": 0, "runAsNonRoot": False, "privileged": True, "capabilities": {"add": ["CHOWN"]}}

SERVICES: tuple[Config, ...] = (
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
    backend(probes={"startup": {"periodSeconds": 10, "failureThreshold": 120}}),
    backend(probes={"startup": {"periodSeconds": 3600, "failureThreshold": 1000}}),
    backend(frontDoor={"spec": {"selector": {"app": "a"}, "type": "LoadBalancer", "ipFamilyPolicy": "SingleStack"}}),
    backend(frontDoor={"loadBalancerIP": "10.0.0.1"}, previewDoor={"ipFamilyPolicy": "SingleStack"}),
    backend(frontDoor={"spec": {"clusterIP": "None"}}, previewDoor={"spec": {"publishNotReadyAddresses": True}}),
    backend(previewDoor={"spec": {"load_balancer_class": "a", "cluster_ips": ["None"]}}),
    backend(podTemplate={"spec": {"containers": [{"name": "app", "tty": True}]}}),
    backend(podTemplate={"metadata": {"labels": {"version": 1.1}}}),
    backend(podTemplate={"spec": {"initContainers": [{"name": "a", "image": "a:1", "securityContext": ROOT}]}}),
    backend(podTemplate={"spec": {"containers": [{"name": "backend", "securityContext": ROOT}], "hostPID": True}}),
    backend(podTemplate={"spec": {"securityContext": ROOT, "volumes": [{"name": "a", "hostPath": {}}]}}),
    backend(
        podTemplate={
            "spec": {"topologySpreadConstraints": [{"topologyKey": "a", "labelSelector": {"matchLabels": {"a": "b"}}}]}
        }
    ),
    edited(blue={"version": "1.2.3+build", "backend": {"image": "a:1.2.3+build"}}),
    edited(namespace={"name": "a", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}),
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
    backend(autoscaling={"enabled": False, "minReplicas": 2, "maxReplicas": 2}),
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
)
