"""What the API server itself holds of approvals, and how it is found out that it does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip.mover import Mover
from teal.gates.approvals import Approval, ApprovalPlan
from teal.history import admission
from teal.model.errors import RefusedError
from teal.model.workers import Worker
from teal.spec.gates import GatePlan
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import GREEN, begin, cluster, finish, move, recorded

SINCE = "2026-01-01T00:00:00Z"
NAME, SPEC = admission.approvals("teal")
POLICY = f"{admission.BASE}/validatingadmissionpolicies/{NAME}"
BINDING = f"{admission.BASE}/validatingadmissionpolicybindings/{NAME}"
APPROVAL = "/api/v1/namespaces/teal/configmaps/teal-approval"
RELEASES = {"backend": "digest"}


def policies(server: FakeApiServer, spec: Mapping[str, Any] = SPEC) -> None:
    """Both objects as the API server keeps them, with what it adds by default."""
    there = {**spec, "matchConstraints": {**spec["matchConstraints"], "matchPolicy": "Equivalent"}}
    bound = admission.binding(NAME, "teal")
    for path, each in ((POLICY, there), (BINDING, bound)):
        server.answers[path] = (200, {"metadata": {"creationTimestamp": SINCE}, "spec": each})


async def asked(server: FakeApiServer) -> admission.Vouched:
    """Whether the API server vouches for who approves."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        return await admission.vouched(found.http, "teal")


async def test_a_policy_that_is_there_vouches_since_it_is(api_server: FakeApiServer) -> None:
    """By the API server's clock."""
    policies(api_server)
    assert await asked(api_server) == admission.Vouched(since=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("path", [POLICY, BINDING])
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((404, {"kind": "Status"}), "there is no "),
        ((403, {"kind": "Status"}), "could not be read: 403"),
        ((200, {"metadata": {"creationTimestamp": SINCE}, "spec": {}}), "is not as teal makes it"),
    ],
)
async def test_what_is_not_seen_to_hold_does_not_vouch(
    api_server: FakeApiServer, path: str, answer: tuple[int, Any], why: str
) -> None:
    """A policy without its binding holds nowhere; one that somebody weakened holds something else."""
    policies(api_server)
    api_server.answers[path] = answer
    found = await asked(api_server)
    assert (found.since, why in found.why) == (None, True)


def test_the_writer_of_an_approval_has_to_be_its_author() -> None:
    """The rule, and that a policy which cannot be evaluated denies."""
    assert "object.data.by == request.userInfo.username" in SPEC["validations"][0]["expression"]
    assert SPEC["failurePolicy"] == "Fail"
    assert admission.binding(NAME, "teal")["validationActions"] == ["Deny"]


def test_records_are_written_by_those_named() -> None:
    """Both ConfigMaps and the Lease, deletions included; nobody else is let in by a way round."""
    name, spec = admission.records("shop", ["ann"], ["deployers"])
    (rule,) = spec["validations"]
    assert name == "teal-shop-records"
    assert 'request.userInfo.username in ["ann"]' in rule["expression"]
    assert 'each in ["deployers"]' in rule["expression"]
    rules = spec["matchConstraints"]["resourceRules"]
    assert [(each["resources"], each["operations"]) for each in rules] == [
        (["configmaps"], ["CREATE", "UPDATE", "DELETE"]),
        (["leases"], ["CREATE", "UPDATE", "DELETE"]),
    ]
    for each in ("teal-history", "teal-confirmed", "teal-flip"):
        assert each in spec["matchConditions"][0]["expression"]


def approve(server: FakeApiServer, by: str = "anna@example", releases: Mapping[str, str] = RELEASES) -> None:
    """A yes to green, given a moment ago."""
    at = datetime.now(UTC) - timedelta(seconds=5)
    given = Approval(colour=GREEN, versions=dict.fromkeys(releases, "1.1.0"), releases=releases, by=by, at=at)
    server.answers[APPROVAL] = (200, {"metadata": {"name": "teal-approval", "resourceVersion": "5"}})
    server.answers[APPROVAL][1]["data"] = given.as_data()


PLAN = ApprovalPlan(max_age=timedelta(hours=1), releases=RELEASES)
APPROVED = replace(move(), approval=PLAN)


async def test_one_yes_is_good_for_one_flip(api_server: FakeApiServer) -> None:
    """A second one needs another, though nothing of the release has changed; a refusal has used nothing."""
    cluster(api_server, "blue", green=0)
    policies(api_server)
    approve(api_server)
    with pytest.raises(RefusedError, match="green has 0 ready endpoints"):
        await begin(api_server, APPROVED)
    api_server.pods("backend", "green", ["1.1.0"])
    await begin(api_server, APPROVED)
    await begin(api_server, APPROVED, name="update-2")  # the same flip, whose first update was killed
    api_server.service("backend", "green")
    await finish(api_server, APPROVED, name="update-2")
    (seen,) = [each for each in recorded(api_server).verdicts if each.gate == "approval"]
    assert "self-declared" not in seen.seen
    api_server.service("backend", "blue")
    later = replace(APPROVED, release="another")
    with pytest.raises(RefusedError, match="which another flip has used"):
        await begin(api_server, later)


@pytest.mark.parametrize(("by", "passes"), [("anna@example", True), ("somebody@example", False)])
async def test_the_updater_is_who_the_api_server_says(api_server: FakeApiServer, by: str, *, passes: bool) -> None:
    """Where the stack wants somebody else's yes, that of whoever runs the update is none."""
    cluster(api_server, "blue")
    approve(api_server, by)
    declared = replace(APPROVED, approval=replace(PLAN, another=True))
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        verdicts = await Mover(found, declared, name="update-1", say=print).preview()
    (seen,) = [each for each in verdicts if each.gate == "approval"]
    assert (seen.outcome == "PASSED") is passes
    assert "self-declared: there is no validatingadmissionpolicies teal-teal-approval" in seen.seen


async def test_a_yes_is_to_the_workers_as_well(api_server: FakeApiServer) -> None:
    """They start with the flip, so nothing else is measured of them before; a yes without them is none."""
    cluster(api_server, "blue")
    mailer = GatePlan(version="1.1.0", version_path=None, worker=Worker())
    releases = {"backend": "digest", "mailer": "another"}
    declared = replace(
        APPROVED,
        flip_set={**APPROVED.flip_set, "mailer": mailer},
        approval=replace(PLAN, releases=releases),
    )
    outcomes: list[str] = []
    for given in ({"backend": "digest"}, releases):
        approve(api_server, releases=given)
        async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
            verdicts = await Mover(found, declared, name="update-1", say=print).preview()
        outcomes += [each.outcome for each in verdicts if each.gate == "approval"]
    assert outcomes == ["FAILED", "PASSED"]
