"""What directs traffic in AWS, as pulumi-aws declares it: protected, tagged, and with both colours attached."""

from typing import TYPE_CHECKING

import pulumi_aws as aws
import pytest
from pulumi import ResourceOptions

from tests.unit.policies.graphs import UNKNOWN, Resources, declared, find, registered, spoil
from tests.unit.policies.pack import Pack, names

if TYPE_CHECKING:
    from pulumi_aws.lb import ListenerRuleActionForwardTargetGroupArgsDict as TargetGroup

TAGS = {"Project": "teal", "Stack": "production"}
ONE = "forwards to 1 target group(s); needed: 2"
RULE = ("ListenerRule", "traffic")


async def balanced(*, tags: dict[str, str] | None = None, protect: bool = True) -> Resources:
    """The program's graph, and beside it a load balancer whose rule sends all traffic to blue."""

    async def program() -> None:
        provider = aws.Provider("aws", region="eu-west-1", default_tags={"tags": TAGS if tags is None else tags})
        options = ResourceOptions(provider=provider, protect=protect)
        blue, green = (aws.lb.TargetGroup(each, port=80, protocol="HTTP", opts=options) for each in ("blue", "green"))
        door = aws.lb.LoadBalancer("door", load_balancer_type="application", opts=options)
        listener = aws.lb.Listener(
            "http",
            load_balancer_arn=door.arn,
            port=80,
            default_actions=[{"type": "fixed-response", "fixed_response": {"content_type": "text/plain"}}],
            opts=options,
        )
        weights: list[TargetGroup] = [{"arn": blue.arn, "weight": 100}, {"arn": green.arn, "weight": 0}]
        aws.lb.ListenerRule(
            "traffic",
            listener_arn=listener.arn,
            actions=[{"type": "forward", "forward": {"target_groups": weights}}],
            conditions=[{"path_pattern": {"values": ["/*"]}}],
            opts=options,
        )

    return [*await declared(), *await registered(program)]


async def test_a_weighed_rule_over_two_groups_passes(pack: Pack) -> None:
    """Protected, tagged by the provider, both groups attached."""
    assert pack.judge(await balanced()) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            "actions.0.forward.targetGroups",
            [{"arn": "arn:1", "weight": 100}],
            ONE,
        ),
        ("actions.0", {"type": "forward", "targetGroupArn": "arn:1"}, ONE),
        ("actions.0.forward.targetGroups.0.weight", 0, "weights 0, 0; needed: a weight for each"),
        ("actions.0.forward.targetGroups.1.weight", None, "weights 100, none; needed: a weight for each"),
        (
            "actions.0.forward.targetGroups",
            [{"arn": "arn:1", "weight": 100}, {"arn": "arn:1", "weight": 0}],
            "forwards to one target group twice; needed: one for each colour",
        ),
    ],
)
async def test_a_rule_without_both_groups_is_refused(pack: Pack, path: str, value: object, said: str) -> None:
    """One group, no weight above 0, one group for both colours."""
    graph = await balanced()
    spoil(graph, *RULE, path, value)
    violations = pack.judge(graph)
    assert names(violations) == {"both-target-groups-attached"}
    assert f"ListenerRule traffic: {said}" in violations[0].message


async def test_a_listener_that_forwards_by_default_needs_both_groups_too(pack: Pack) -> None:
    """Its default actions are judged as a rule's actions are."""
    graph = await balanced()
    spoil(graph, "Listener", "http", "defaultActions.0", {"type": "forward", "targetGroupArn": "arn:1"})
    assert names(pack.judge(graph)) == {"both-target-groups-attached"}


async def test_groups_that_no_preview_can_name_are_said_to_be_judged_later(pack: Pack) -> None:
    """Advice, not silence; what can be judged without their names is judged all the same."""
    graph = await balanced()
    spoil(graph, *RULE, "actions.0.forward.targetGroups.0.arn", UNKNOWN)
    (advice,) = pack.judge(graph)
    assert (advice.policy, advice.mandatory) == ("both-target-groups-attached", False)
    assert "can't be known during preview" in advice.message
    spoil(graph, *RULE, "actions.0.forward.targetGroups.0.weight", 0)
    assert names(pack.judge(graph)) == {"both-target-groups-attached"}


async def test_what_is_not_protected_is_refused(pack: Pack) -> None:
    """Each of the five could be replaced by a changed property."""
    violations = pack.judge(await balanced(protect=False))
    assert names(violations) == {"load-balancing-is-protected"}
    said = sorted(each.message.split("\n")[1].split(":")[0] for each in violations)
    assert said == [
        "Listener http",
        "ListenerRule traffic",
        "LoadBalancer door",
        "TargetGroup blue",
        "TargetGroup green",
    ]


async def test_what_would_be_gone_before_its_replacement_is_refused(pack: Pack) -> None:
    """An engine lets a person take the protection away; the order of a replacement is the program's."""
    graph = await balanced()
    options = find(graph, "TargetGroup", "blue").options
    options.deleteBeforeReplace, options.deleteBeforeReplaceDefined = True, True
    (violation,) = pack.judge(graph)
    assert "TargetGroup blue: deleteBeforeReplace; needed: none" in violation.message


async def test_a_provider_without_tags_is_refused(pack: Pack) -> None:
    """And so are AWS resources without a provider that could tag them."""
    untagged = pack.judge(await balanced(tags={"Project": "teal"}))
    assert names(untagged) == {"aws-is-tagged"}
    assert "provider aws: no default tag Stack; needed: Project, Stack" in untagged[0].message
    without = [each for each in await balanced() if each.type != "pulumi:providers:aws"]
    assert names(pack.judge(without)) == {"aws-is-tagged"}
