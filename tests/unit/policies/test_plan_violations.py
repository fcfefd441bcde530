"""Policies about the plan refuse what they are there for; so does the one that nothing escapes."""

import pytest

from tests.unit.policies.cases import Case, field_of, hold, option, retyped, without, without_slot
from tests.unit.policies.graphs import changed, config, everything, slot
from tests.unit.policies.pack import Pack

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
    *(
        Case(
            policy="nothing-escapes",
            spoilt=retyped("Role", "reader", f"kubernetes:{type_}"),
            says=(f"reader: type kubernetes:{type_}", said, f"or list kubernetes:{type_} under nothing-escapes"),
        )
        for type_, said in (
            ("rbac.authorization.k8s.io/v1:RolePatch", "at which no policy looks"),
            ("rbac.authorization.k8s.io/v1:RoleList", "at which no policy looks"),
            ("helm.sh/v3:Release", "runs pods, and no policy looks at it"),
        )
    ),
]

CASES = [*PLAN_CASES, *COVERAGE_CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.policy)
async def test_it_is_refused_with_resource_value_bound_and_remedy(pack: Pack, case: Case) -> None:
    """By its policy, and by no other."""
    await hold(pack, case)
