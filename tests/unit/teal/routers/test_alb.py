"""An ALB's listener rule as a router: read, proven, written and read back, against moto in process."""

from collections.abc import AsyncIterator

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.model.colours import Colour
from teal.model.errors import ChangedError, UnreachableError
from teal.model.routes import RouterKind
from teal.model.verdict import Outcome
from teal.routers import Router, connect
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.balancing import Balancing, balancing

__all__ = ["balancing"]
BLUE, GREEN = Colour.BLUE, Colour.GREEN


@pytest.fixture
async def router(api_server: FakeApiServer, balancing: Balancing) -> AsyncIterator[Router]:
    """The router of a stack with one service, whose traffic is on blue."""
    balancing.service("backend", 100, 0)
    balancing.bind(api_server)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster:
        yield connect(RouterKind.ALB, cluster)


async def test_what_a_rule_says_is_read_with_all_that_it_takes_to_put_it_back(
    router: Router, balancing: Balancing
) -> None:
    """Colour, weights, the rule's and the groups' ARNs, and the door: found from the bindings alone."""
    live = (await router.live_services())["backend"]
    assert (live.colour, live.share, dict(live.selector)) == (BLUE, 0, {"blue": "100", "green": "0"})
    assert live.route is not None
    assert (live.route.rule, {**live.route.groups}) == (balancing.rules["backend"], balancing.groups["backend"])
    assert live.route.door.startswith("http://teal-")


@pytest.mark.parametrize(
    ("blue", "green", "said", "colour", "share"),
    [
        (100, 0, "", BLUE, 0),
        (0, 100, "blue", GREEN, 0),  # all of it is what is live, whatever a tag says that was written before
        (90, 10, "blue", BLUE, 10),
        (40, 60, "blue", BLUE, 60),
        (90, 10, "", BLUE, 10),
        (50, 50, "", None, 0),
        (999, 1, "blue", BLUE, 1),  # a little is not none
    ],
)
async def test_weights_are_read_as_a_colour_and_a_share(  # noqa: PLR0913 - a case each
    router: Router, balancing: Balancing, *, blue: int, green: int, said: str, colour: Colour | None, share: int
) -> None:
    """The live colour is what has all the traffic, or what the rule's tag names."""
    balancing.weigh("backend", blue, green)
    tags = [{"Key": "teal/active", "Value": said}] if said else []
    if tags:
        balancing.client.add_tags(ResourceArns=[balancing.rules["backend"]], Tags=tags)
    live = (await router.live_services())["backend"]
    assert (live.colour, live.share) == (colour, share)


async def test_traffic_is_put_back_by_both_weights_of_one_rule(router: Router, balancing: Balancing) -> None:
    """One call; the rule keeps its ARN, and the tags that Pulumi's state knows."""
    live = (await router.live_services())["backend"]
    await router.move("backend", live, GREEN)
    assert balancing.weights("backend") == [0, 100]
    after = (await router.live_services())["backend"]
    assert (after.colour, after.route) == (GREEN, live.route)
    assert {key: after.annotations[key] for key in live.annotations} == live.annotations


async def test_a_rule_that_somebody_else_wrote_meanwhile_is_left_as_it_is(router: Router, balancing: Balancing) -> None:
    """AWS knows no condition on a write: what is there is compared with what was read."""
    live = (await router.live_services())["backend"]
    balancing.weigh("backend", 70, 30)
    with pytest.raises(ChangedError, match="is not as it was read"):
        await router.move("backend", live, GREEN)
    assert balancing.weights("backend") == [70, 30]


@pytest.mark.parametrize(
    ("blue", "green", "outcome"),
    [
        (["healthy"] * 3, ["healthy"] * 3, Outcome.PASSED),
        (["healthy"] * 3, ["healthy", "healthy", "initial"], Outcome.FAILED),  # registered is not healthy
        (["healthy", "unhealthy"], ["healthy"], Outcome.PASSED),
        ([], [], Outcome.FAILED),
        (["draining"], ["unused"], Outcome.FAILED),
    ],
)
async def test_targets_have_to_be_healthy_and_as_many_as_serve(
    router: Router, balancing: Balancing, *, blue: list[str], green: list[str], outcome: Outcome
) -> None:
    """Counted as the load balancer itself counts them; at least one."""
    balancing.targets("backend", blue=blue, green=green)
    balancing.alarm("backend", "green", "OK")
    verdicts = await router.prove(["backend"], GREEN, share=100, wait=False)
    assert {each.gate: each.outcome for each in verdicts} == {"targets": outcome, "alarms": Outcome.PASSED}


async def test_a_share_needs_its_share_of_the_targets(router: Router, balancing: Balancing) -> None:
    """A tenth of what ten carry: one."""
    balancing.targets("backend", blue=["healthy"] * 11, green=["healthy"] * 1)
    verdicts = await router.prove(["backend"], GREEN, share=10, wait=False)
    assert str(verdicts[0]) == "targets of backend FAILED: green has 1 healthy target; needed: 2 healthy"


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("OK", Outcome.PASSED), ("ALARM", Outcome.FAILED), ("INSUFFICIENT_DATA", Outcome.INCONCLUSIVE)],
)
async def test_an_alarm_that_rings_or_knows_nothing_keeps_traffic_where_it_is(
    router: Router, balancing: Balancing, state: str, outcome: Outcome
) -> None:
    """On the destination's targets; those of the live colour are what one wants to leave."""
    balancing.alarm("backend", "green", state)
    balancing.alarm("backend", "blue", "ALARM")
    verdicts = await router.prove(["backend"], GREEN, share=100, wait=False)
    assert verdicts[1].outcome is outcome


async def test_no_alarm_at_all_proves_nothing(router: Router) -> None:
    """Who deleted the alarms has not made it quiet."""
    verdicts = await router.prove(["backend"], GREEN, share=100, wait=False)
    assert verdicts[1].outcome is Outcome.INCONCLUSIVE


async def test_what_rings_during_a_bake_is_named(router: Router, balancing: Balancing) -> None:
    """By service, with the alarm's name."""
    balancing.alarm("backend", "green", "OK")
    assert await router.ringing(["backend"], GREEN) == {}
    balancing.alarm("backend", "green", "ALARM")
    assert await router.ringing(["backend"], GREEN) == {"backend": "backend-green-errors-0a1b2c3 rings"}


async def test_an_alarm_that_is_deleted_during_a_bake_is_not_quiet(router: Router, balancing: Balancing) -> None:
    """Nor where there never was one; one that rings is heard again."""
    with pytest.raises(UnreachableError, match="any on the targets of backend-green"):
        await router.ringing(["backend"], GREEN)
    balancing.alarm("backend", "green", "OK")
    assert await router.ringing(["backend"], GREEN) == {}
    balancing.cloudwatch.delete_alarms(AlarmNames=["backend-green-errors-0a1b2c3"])
    with pytest.raises(UnreachableError, match="nobody hears whether green fails: backend-green-errors-0a1b2c3"):
        await router.ringing(["backend"], GREEN)
    balancing.alarm("backend", "green", "ALARM")
    assert await router.ringing(["backend"], GREEN) == {"backend": "backend-green-errors-0a1b2c3 rings"}


async def test_only_the_rules_that_are_asked_for_are_read(
    router: Router, balancing: Balancing, api_server: FakeApiServer
) -> None:
    """A last look at one service finds no other one, which the same update may have moved right before."""
    balancing.service("frontend", 0, 100)
    balancing.bind(api_server)
    assert (await router.live_services()).keys() == {"backend", "frontend"}
    for name in ("backend", "frontend"):
        assert (await router.live_services([name])).keys() == {name}


async def test_aws_that_does_not_answer_is_unreachable(router: Router, balancing: Balancing) -> None:
    """The message says which call, and what AWS said."""
    await router.live_services()
    balancing.client.delete_rule(RuleArn=balancing.rules["backend"])
    with pytest.raises(UnreachableError, match=r"describe-rules \(RuleNotFound.*docs/aws\.md"):
        await router.live_services()
