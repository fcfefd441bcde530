"""Policies about live traffic refuse what they are there for; so does the one that nothing escapes."""

import pytest

from tests.unit.policies.cases import (
    BLUE,
    Case,
    addressed,
    field_of,
    hold,
    option,
    renamed,
    retyped,
    waiting_for_nothing,
    without,
    without_slot,
)
from tests.unit.policies.graphs import changed, config, everything, slot, working
from tests.unit.policies.pack import Pack

DAILY = {"schedule": "@daily"}

PLAN_CASES = [
    Case(
        policy="plan-is-safe",
        raw=config(green={**slot("green"), "state": "retired"}),
        confirmed="green",
        says=("the plan: UNSAFE: slot green is to retire, and blue is not confirmed yet", "any other word"),
        also=frozenset({"idle-colour-keeps-its-share"}),
    ),
    Case(
        policy="live-colour-stays",
        raw=without_slot("green"),
        live="green",
        says=("service backend, live colour green (3 pods): it would be gone", "running or stopped"),
        also=frozenset({"plan-is-safe", "idle-colour-keeps-its-share"}),
    ),
    Case(
        policy="live-colour-stays",
        raw=config(green={**slot("green"), "state": "retired"}),
        live="green",
        says=("service backend, live colour green (3 pods): it would be retired", "running or stopped"),
        also=frozenset({"plan-is-safe", "idle-colour-keeps-its-share"}),
    ),
    Case(
        policy="live-colour-stays",
        raw=config("green", blue={**slot(), "state": "stopped"}),
        bounds={"allowStopped": False},
        says=("service backend, live colour blue (3 pods): it would be stopped", "needed: running."),
    ),
    Case(
        policy="live-colour-stays",
        raw=config(blue=slot(env={"A": "1"})),
        bounds={"minimumReplicas": 4},
        says=("service backend, live colour blue (3 pods): blue would have 3 pods", "at least 4", "minimumReplicas 4"),
    ),
    Case(
        policy="live-colour-stays",
        raw=config(services=changed(autoscaling={"minReplicas": 2, "maxReplicas": 3})),
        has=5,
        says=("service backend, live colour blue (5 pods): blue would have 3 pods", "at least 5 (100 % of them, keep"),
        also=frozenset({"plan-is-safe"}),
    ),
    Case(
        policy="live-colour-stays",
        raw=config("green", services=changed(autoscaling={"enabled": False}, replicas=3)),
        has=5,
        bounds={"flipPercent": 80},
        says=("service backend, live colour blue (5 pods): green would have 3 pods", "at least 4 (80 % of them, flip"),
    ),
    Case(
        policy="one-move-at-a-time",
        raw=config("green", blue=slot(env={"A": "1"})),
        says=("service backend, live colour blue: env would change, and traffic would move to green", "one of the two"),
        also=frozenset({"plan-is-safe"}),
    ),
    Case(
        policy="idle-colour-keeps-its-share",
        raw=config("green", blue={**slot(), "state": "retired"}),
        live="green",
        confirmed="blue",
        says=("service backend, idle colour blue (3 pods): it would be retired with 0 pods", "at least 1 pods until"),
        also=frozenset({"plan-is-safe"}),
    ),
    Case(
        policy="idle-colour-keeps-its-share",
        raw=config("green", blue={**slot(), "state": "stopped"}),
        live="green",
        confirmed="blue",
        bounds={"allowStopped": False},
        says=("idle colour blue (3 pods): it would be stopped with 0 pods", "(10 % of green's 3)"),
    ),
    Case(
        policy="idle-colour-keeps-its-share",
        raw=config("green", services=changed(autoscaling={"minReplicas": 4, "idlePercent": 25})),
        live="green",
        confirmed="blue",
        idle=1,
        bounds={"percent": 50},
        says=("idle colour blue (1 pods): it would be running with 1 pods", "at least 2 pods until then (50 % of"),
    ),
]

ACTIVE = ("Service", "backend-active")
TRAFFIC_CASES = [
    *(
        Case(policy="live-objects-stay", spoilt=spoilt, says=says)
        for spoilt, *says in (
            (renamed(*BLUE, "blue"), "Deployment blue: declared as urn:", "or an alias of that"),
            (field_of(*BLUE, "metadata.name", "blue"), "Deployment backend-blue: name blue", "name backend-blue"),
            (
                field_of(*BLUE, "spec.selector.matchLabels.tier", "web"),
                "Deployment backend-blue: selects app.kubernetes.io/name=backend, teal/colour=blue, tier=web",
                "teal/colour=blue, and nothing else",
            ),
            (
                option(*BLUE, deleteBeforeReplace=True, deleteBeforeReplaceDefined=True),
                "Deployment backend-blue: deleteBeforeReplace",
                "it would be gone for a while",
            ),
            (renamed(*ACTIVE, "live"), "Service live: declared as urn:", "or an alias of that"),
            (
                field_of(*ACTIVE, "spec.selector.release", "7"),
                "Service backend-active: selects app.kubernetes.io/name=backend, release=7",
                "teal/colour=blue, and nothing else",
            ),
            (
                addressed(*ACTIVE, "10.96.0.7"),
                "Service backend-active: a declared clusterIP",
                "a changed one means another Service",
            ),
            (
                field_of(*ACTIVE, "spec.type", "ExternalName"),
                "Service backend-active: type ExternalName",
                "a Service that selects pods",
            ),
            (
                option(*ACTIVE, deleteBeforeReplace=True, deleteBeforeReplaceDefined=True),
                "Service backend-active: deleteBeforeReplace",
                "it would be gone for a while",
            ),
        )
    ),
    Case(
        policy="live-traffic-stays",
        raw=config(),
        before=everything(),
        says=("the route of frontend, which carries live traffic: 0 of them declared", "exactly one"),
        also=frozenset({"live-colour-stays", "plan-is-safe"}),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=without(*ACTIVE),
        says=("the route of backend, which carries live traffic: 0 of them", "exactly one: without it, traffic ends"),
        also=frozenset({"nothing-escapes"}),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of(*ACTIVE, "metadata.labels.teal/colour", "blue"),
        says=("the route of backend, which carries live traffic: 0 of them", "exactly one: without it, traffic ends"),
        also=frozenset({"nothing-escapes"}),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of(*ACTIVE, "metadata.namespace", "elsewhere"),
        says=("the route of backend", "namespace elsewhere", "namespace teal: in another one it is another object"),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of(*ACTIVE, "spec.selector", {"app.kubernetes.io/name": "backend", "teal/colour": "green"}),
        says=("Service backend-active: leads to green", "blue, as the plan says"),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=without(*BLUE),
        says=("Deployment backend-blue, which carries live traffic: 0 of them declared", "exactly one"),
        also=frozenset({"nothing-escapes"}),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of(*BLUE, "metadata.namespace", "elsewhere"),
        says=("Deployment backend-blue", "namespace elsewhere", "namespace teal: in another one it is another object"),
        also=frozenset({"pods-have-a-budget"}),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of(*BLUE, "spec.replicas", 0),
        says=("Deployment backend-blue, to carry live traffic: at most 0 pods", "3, as the plan says"),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of("HorizontalPodAutoscaler", "backend-blue-autoscaler", "spec.maxReplicas", 2),
        says=("HorizontalPodAutoscaler backend-blue-autoscaler", "at most 2 pods", "3, as the plan says"),
    ),
    Case(
        policy="idle-waits-for-confirmed",
        idle=5,  # more than it would ask for
        spoilt=waiting_for_nothing("HorizontalPodAutoscaler", "backend-green-autoscaler"),
        says=("HorizontalPodAutoscaler backend-green-autoscaler: does not wait for ConfigMap teal-confirmed", "then"),
    ),
    Case(
        policy="idle-waits-for-confirmed",
        spoilt=waiting_for_nothing("Deployment", "backend-green"),
        says=("Deployment backend-green: does not wait for ConfigMap teal-confirmed", "then"),
    ),
    Case(
        policy="idle-waits-for-confirmed",
        spoilt=waiting_for_nothing("ConfigMap", "teal-confirmed"),
        says=("ConfigMap teal-confirmed: does not wait for Service backend-active", "traffic, then its confirmation"),
    ),
    Case(
        policy="workers-take-turns",
        raw=working(),
        before=working(),
        spoilt=field_of("Deployment", "mailer-green", "spec.replicas", 2),
        says=("Deployment mailer-green: it would have pods", "replicas 0: blue is active"),
        also=frozenset({"pods-have-a-budget"}),
    ),
    Case(
        policy="workers-take-turns",
        raw=working(),
        before=working(),
        spoilt=waiting_for_nothing("Deployment", "mailer-blue"),
        says=("Deployment mailer-blue: does not wait for ConfigMap mailer-live", "the record of what is live first"),
    ),
    Case(
        policy="workers-take-turns",
        raw=working(cron=DAILY),
        before=working(cron=DAILY),
        spoilt=field_of("CronJob", "mailer-green", "spec.suspend", value=False),
        says=("CronJob mailer-green: it would run its schedule", "suspend: true; blue is active"),
    ),
    Case(
        policy="workers-take-turns",
        raw=working(cron=DAILY),
        before=working(cron=DAILY),
        spoilt=waiting_for_nothing("CronJob", "mailer-blue"),
        says=("CronJob mailer-blue: does not wait for ConfigMap mailer-live", "the record of what is live first"),
    ),
    Case(
        policy="idle-waits-for-confirmed",
        raw=working(cron=DAILY),
        before=working(cron=DAILY),
        spoilt=waiting_for_nothing("CronJob", "mailer-green"),
        says=("CronJob mailer-green: does not wait for ConfigMap teal-confirmed", "then"),
    ),
    Case(
        policy="live-traffic-stays",
        raw=working(cron=DAILY),
        before=working(cron=DAILY),
        spoilt=without("CronJob", "mailer-blue"),
        says=("Deployment mailer-blue, which carries live traffic: 0 of them declared", "exactly one"),
        also=frozenset({"nothing-escapes"}),
    ),
    Case(
        policy="live-objects-stay",
        raw=working(),
        before=working(),
        spoilt=field_of("ConfigMap", "mailer-live", "metadata.name", "mailer-life"),
        says=("ConfigMap mailer-live: name mailer-life", "name mailer-live"),
    ),
    Case(
        policy="idle-waits-for-confirmed",
        spoilt=without("ConfigMap", "teal-confirmed"),
        says=("ConfigMap teal-confirmed: 0 of them declared", "exactly one"),
    ),
]

COVERAGE_CASES = [
    Case(
        policy="nothing-escapes",
        spoilt=without("Plan", "plan"),
        says=("the plan: 0 plan resources", "one teal:index:Plan with services"),
    ),
    Case(
        policy="nothing-escapes",
        raw=config(green=slot("green", env={"A": "1"})),
        spoilt=option("Plan", "plan", ignoreChanges=["word"]),
        says=("the plan: PREPARE, and its inputs are kept from an older one", "inputs of this update"),
    ),
    Case(
        policy="nothing-escapes",
        spoilt=field_of("Plan", "plan", "services", {}),
        says=("the plan: 1 plan resources, which say nothing that could be read", "one teal:index:Plan"),
    ),
    Case(
        policy="nothing-escapes",
        spoilt=lambda graph: graph.clear(),
        says=("policy pods-are-guarded: it had nothing to look at", "a resource of type kubernetes:apps/v1:Deployment"),
    ),
    Case(
        policy="nothing-escapes",
        spoilt=retyped("Deployment", "backend-green", "kubernetes:apps/v1beta2:Deployment"),
        says=(
            "Deployment backend-green: type kubernetes:apps/v1beta2:Deployment, at which no policy looks",
            "apps/v1:",
        ),
    ),
    Case(
        policy="nothing-escapes",
        before=everything(),
        raw=everything(),
        spoilt=retyped("Job", "backend-blue-expand", "kubernetes:apps/v1:DaemonSet"),
        says=("DaemonSet backend-blue-expand", "runs pods, and no policy looks at it", "kubernetes:batch/v1:CronJob"),
    ),
]

CASES = [*PLAN_CASES, *TRAFFIC_CASES, *COVERAGE_CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.policy)
async def test_it_is_refused_with_resource_value_bound_and_remedy(pack: Pack, case: Case) -> None:
    """By its policy, and by no other."""
    await hold(pack, case)
