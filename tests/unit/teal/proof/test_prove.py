"""What is proven passes, and what is not is refused with all that was seen."""

from collections.abc import Callable

import pytest

from teal.gates.replies import Reply
from teal.model.errors import RefusedError
from teal.model.verdict import Outcome, Verdict
from teal.proof.prove import expected, require
from teal.spec.gates import GatePlan
from tests.unit.teal.proof.world import BLUE, GREEN, PLAN, World, allow, refuse, verdicts

pytestmark = pytest.mark.usefixtures("oasdiff")


async def test_what_is_well_is_proven() -> None:
    """Every gate that the plan names comes back, once, and passes."""
    found = await verdicts(World())
    allow(found)
    names = sorted(each.gate for each in found)
    assert names == sorted({*PLAN.gates, "approval"})
    assert PLAN.gates == {
        "capacity",
        "version",
        "smoke.readiness",
        "contract.changes",
        "contract.deprecations",
        "metrics.availability",
        "metrics.requests",
        "metrics.errors",
    }


def _set(name: str, value: object) -> Callable[[World], None]:
    return lambda world: setattr(world, name, value)


def _reply(path: str, reply: Reply) -> Callable[[World], None]:
    return lambda world: world.replies.update({path: reply})


def _value(promql: str, value: float | None) -> Callable[[World], None]:
    return lambda world: world.values.update({promql: value})


@pytest.mark.parametrize(
    ("gate", "outcome", "remove"),
    [
        ("capacity", Outcome.FAILED, _set("ready", {GREEN: 0, BLUE: 2})),
        ("version", Outcome.INCONCLUSIVE, _set("ready", {GREEN: 0, BLUE: 2})),
        ("version", Outcome.FAILED, _set("version", "")),
        ("smoke.readiness", Outcome.ERROR, _reply("/health/ready", Reply(error="no endpoints"))),
        ("contract.changes", Outcome.INCONCLUSIVE, _reply("/openapi.json", Reply(status=404))),
        ("contract.deprecations", Outcome.INCONCLUSIVE, _reply("/openapi.json", Reply(status=404))),
        ("contract.deprecations", Outcome.ERROR, _reply("/old", Reply(late=True))),
        ("metrics.availability", Outcome.INCONCLUSIVE, _set("up", value=False)),
        ("metrics.requests", Outcome.INCONCLUSIVE, _value("counts", None)),
        ("metrics.errors", Outcome.INCONCLUSIVE, _value("errors", None)),
        ("approval", Outcome.INCONCLUSIVE, _set("approval", {})),
    ],
)
async def test_without_its_evidence_each_gate_keeps_traffic_where_it_is(
    gate: str, outcome: Outcome, remove: Callable[[World], None]
) -> None:
    """All else is well."""
    world = World()
    world.asked_for = 0
    remove(world)
    found = await verdicts(world)
    assert {each.gate: each.outcome for each in found}[gate] is outcome
    assert f"{gate} of " in refuse(found)


@pytest.mark.parametrize("gate", sorted({*PLAN.gates, "approval"}))
async def test_a_verdict_that_does_not_come_back_is_missed_by_name(gate: str) -> None:
    """However it was lost: no gate is skipped by accident."""
    found = [each for each in await verdicts(World()) if each.gate != gate]
    assert f"{gate} of {'the flip set' if gate == 'approval' else 'backend'}: no verdict came back" in refuse(found)


async def test_a_service_that_was_not_measured_is_missed() -> None:
    """Its name is in what is expected, not in what was found."""
    found = await verdicts(World())
    asked = {"backend": PLAN, "frontend": GatePlan(version="1", version_path="/")}
    with pytest.raises(RefusedError, match="capacity of frontend: no verdict came back; version of frontend"):
        require(found, expected=expected(asked), live=BLUE, destination=GREEN, namespace="shop")


def test_nothing_expected_is_nothing_proven() -> None:
    """An empty flip set moves nothing."""
    with pytest.raises(RefusedError, match="no gate ran"):
        require([], expected={}, live=None, destination=GREEN, namespace="shop")


async def test_a_verdict_that_nobody_expected_forbids_all_the_same() -> None:
    """A refusal is a refusal, whoever asked for it."""
    odd = Verdict(gate="odd", service="backend", outcome=Outcome.ERROR, seen="?", needed="!")
    assert "odd of backend ERROR: ?; needed: !" in refuse([*await verdicts(World()), odd])


async def test_a_refusal_is_one_line_with_all_evidence_and_the_next_command() -> None:
    """An engine prints the text of an exception and nothing else."""
    world = World()
    world.version, world.ready, world.asked_for = "1.0.9", {GREEN: 1, BLUE: 2}, 0
    text = refuse(await verdicts(world))
    assert "\n" not in text
    assert "capacity of backend FAILED: green has 1 ready endpoint; needed: 2 (what blue has)" in text
    assert "version of backend FAILED: 1 of 1 answered version 1.0.9 of colour green; needed: version 1.1.0" in text
    assert (
        "Nothing moved: live traffic stays on blue. Next: kubectl -n shop get pods,services -l teal/colour=green"
        in text
    )


@pytest.mark.parametrize(
    ("gate", "remedy"),
    [
        ("targets", "kubectl -n shop describe targetgroupbindings -l teal/colour=green"),
        ("alarms", "aws cloudwatch describe-alarms --alarm-name-prefix backend-green-"),
        (
            "smoke",
            "kubectl -n shop get pods,services -l teal/colour=green, mend that slot (pulumi refresh first",
        ),
    ],
)
async def test_what_only_the_router_misses_is_looked_for_there(gate: str, remedy: str) -> None:
    """The pods are well, as far as the cluster knows."""
    failed = Verdict(gate=gate, service="backend", outcome=Outcome.FAILED, seen="?", needed="!")
    text = refuse([*await verdicts(World()), failed])
    assert f"Next: {remedy}" in text
    assert text.endswith(", then pulumi up again")


async def test_who_only_lacks_a_yes_is_told_how_to_get_it() -> None:
    """Nothing else has to be mended."""
    world = World()
    world.approval = {}
    assert "Next: teal approve green --namespace shop, then pulumi up again" in refuse(await verdicts(world))
    world.version = "1.0.9"
    assert "Next: kubectl" in refuse(await verdicts(world))
