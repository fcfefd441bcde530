"""The types that policies look at, in one place: what is renamed here is renamed for all of them."""

from collections.abc import Mapping, Sequence

PLAN = "teal:index:Plan"
"""What the program tells its judges: what is live, and what this update would do."""

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
JOB = "kubernetes:batch/v1:Job"
CRON_JOB = "kubernetes:batch/v1:CronJob"
SERVICE = "kubernetes:core/v1:Service"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ROLES = ("kubernetes:rbac.authorization.k8s.io/v1:Role", "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")
BINDINGS = (
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
)

POD_TEMPLATES: Mapping[str, Sequence[str]] = {
    DEPLOYMENT: ("spec", "template"),
    JOB: ("spec", "template"),
    CRON_JOB: ("spec", "jobTemplate", "spec", "template"),
}
"""What runs pods, and where in it they are described."""

LISTENER_RULES = ("aws:lb/listenerRule:ListenerRule", "aws:alb/listenerRule:ListenerRule")
LOAD_BALANCING = (
    *LISTENER_RULES,
    *(
        f"aws:{module}/{name}"
        for module in ("lb", "alb")
        for name in ("loadBalancer:LoadBalancer", "listener:Listener", "targetGroup:TargetGroup")
    ),
)
"""What AWS sends traffic by. pulumi-aws has each under two names."""

AWS_PROVIDER = "pulumi:providers:aws"
