"""The resource types that policies judge, in one place, so that a rename applies to all policies."""

from collections.abc import Mapping, Sequence

from teal.plans.model import COMPONENT

PLAN = COMPONENT
"""The type with which the program tells the pack what is live, and what this update would do."""

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
JOB = "kubernetes:batch/v1:Job"
CRON_JOB = "kubernetes:batch/v1:CronJob"
SERVICE = "kubernetes:core/v1:Service"
NAMESPACE = "kubernetes:core/v1:Namespace"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
HTTP_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
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
"""The types that run pods, each with the path to its pod template."""

OPAQUE = ("kubernetes:helm.sh/v3:Release",)
"""The types that make objects which Pulumi shows no policy."""

LISTENER_RULES = ("aws:lb/listenerRule:ListenerRule", "aws:alb/listenerRule:ListenerRule")
LISTENERS = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
LOAD_BALANCERS = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
TARGET_GROUPS = ("aws:lb/targetGroup:TargetGroup", "aws:alb/targetGroup:TargetGroup")
"""The types that direct traffic in AWS. pulumi-aws has each under two names."""

LOAD_BALANCING = (*LOAD_BALANCERS, *LISTENERS, *LISTENER_RULES, *TARGET_GROUPS)

AWS_PROVIDER = "pulumi:providers:aws"
