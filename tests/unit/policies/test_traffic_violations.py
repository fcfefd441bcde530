"""Policies about live traffic refuse what they are there for."""

import pytest

from tests.unit.policies.cases import (
    BLUE,
    Case,
    addressed,
    field_of,
    hold,
    option,
    renamed,
    waiting_for_nothing,
    without,
)
from tests.unit.policies.graphs import config, everything, working
from tests.unit.policies.pack import Pack

DAILY = {"schedule": "@daily"}

ACTIVE = ("Service", "backend-active")
CASES = [
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.policy)
async def test_it_is_refused_with_resource_value_bound_and_remedy(pack: Pack, case: Case) -> None:
    """By its policy, and by no other."""
    await hold(pack, case)
