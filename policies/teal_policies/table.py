"""The pack: every policy, and the one that requires that they had something to judge."""

from collections.abc import Sequence

from teal_policies.model import Policy, StackPolicy
from teal_policies.rules import coverage
from teal_policies.tables.access import ON_ACCESS
from teal_policies.tables.pods import ON_PODS
from teal_policies.tables.schemas import texts
from teal_policies.tables.traffic import ON_THE_PLAN, ON_TRAFFIC

_JUDGES: Sequence[Policy] = (*ON_THE_PLAN, *ON_TRAFFIC, *ON_PODS, *ON_ACCESS)

COVERAGE = StackPolicy(
    name="nothing-escapes",
    reason="The policies had something to judge: the plan, each of its slots and Services, and each type.",
    page="A type that was renamed, a graph without resources or a program without a plan would otherwise pass every "
    "policy. Refused as well: a type of a kind that policies judge (a Deployment of another API version, a "
    "RolePatch, a RoleList), and anything that runs pods, at which no policy looks. So is a Helm Release, since Pulumi "
    "does not show policies what its chart makes.",
    rules=[
        coverage.plan_is_there,
        coverage.looked_at(_JUDGES),
        coverage.known_types(_JUDGES),
    ],
    bounds={"ignored": texts("Types that no policy has to look at.")},
    unknown="refuse",
)

POLICIES: Sequence[Policy] = (*_JUDGES, COVERAGE)
