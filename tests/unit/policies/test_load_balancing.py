"""What directs traffic in AWS, as pulumi-aws declares it: protected, tagged, and with both colours attached."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi_aws as aws
import pytest
from google.protobuf import json_format
from pulumi import ComponentResource, ResourceOptions
from pulumi_kubernetes.apiextensions import CustomResource

from tests.unit.policies.graphs import UNKNOWN, Resources, config, declared, find, live_in, registered, routed_by, spoil
from tests.unit.policies.pack import Pack, names

if TYPE_CHECKING:
    from pulumi_aws.lb import ListenerRuleActionForwardTargetGroupArgsDict as TargetGroup

ONE = "leads to 1 of the colours; needed: 2"
VIOLATED = {"aws-is-tagged", "both-colours-attached", "load-balancing-is-protected"}
RULE = ("ListenerRule", "backend-live")
OURS = {"app.kubernetes.io/part-of": "teal"}


async def balanced(active: str = "blue", *, protect: bool = True, tags: Mapping[str, str] = OURS) -> Resources:
    """The program's graph, with a load balancer's rule instead of the active Service; all traffic is on blue so far."""

    async def program() -> None:
        provider = aws.Provider("aws", region="eu-west-1", default_tags={"tags": dict(tags)})
        options = ResourceOptions(provider=provider, protect=protect)
        of_backend = {"teal/service": "backend"}
        blue, green = (
            aws.lb.TargetGroup(
                colour, port=80, protocol="HTTP", tags={**of_backend, "teal/colour": colour}, opts=options
            )
            for colour in ("blue", "green")
        )
        door = aws.lb.LoadBalancer("door", load_balancer_type="application", opts=options)
        listener = aws.lb.Listener(
            "http",
            load_balancer_arn=door.arn,
            port=80,
            default_actions=[{"type": "fixed-response", "fixed_response": {"content_type": "text/plain"}}],
            opts=options,
        )
        weights: list[TargetGroup] = [{"arn": blue.arn, "weight": 100}, {"arn": green.arn, "weight": 0}]
        for role in ("live", "test"):
            aws.lb.ListenerRule(
                f"backend-{role}",
                listener_arn=listener.arn,
                actions=[{"type": "forward", "forward": {"target_groups": weights}}],
                conditions=[{"path_pattern": {"values": ["/*"]}}],
                tags={**of_backend, "teal/role": role, "teal/active": active},
                opts=ResourceOptions(provider=provider, protect=protect and role == "live"),
            )

    graph = [*await declared(config(active), await live_in("blue")), *await registered(program)]
    graph.remove(find(graph, "Service", "backend-active"))
    find(graph, "ConfigMap", "teal-confirmed").dependencies.append(find(graph, *RULE).urn)
    return graph


async def test_a_weighed_rule_over_two_groups_passes(pack: Pack) -> None:
    """Protected, tagged by the provider, both groups attached."""
    assert pack.judge(await balanced()) == []


async def test_in_a_flip_the_target_groups_of_both_colours_are_protected(pack: Pack) -> None:
    """One has the traffic still, the other one is about to."""
    assert pack.judge(await balanced("green")) == []
    violations = pack.judge(await balanced("green", protect=False))
    groups = {each.message.split("\n")[1].split(",")[0] for each in violations if each.policy == "live-traffic-stays"}
    assert groups == {"TargetGroup blue", "TargetGroup green"}


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
            "leads to one colour twice; needed: each of them once",
        ),
    ],
)
async def test_a_rule_without_both_groups_is_refused(pack: Pack, path: str, value: object, said: str) -> None:
    """One group, no weight above 0, one group for both colours."""
    graph = await balanced()
    spoil(graph, *RULE, path, value)
    violations = pack.judge(graph)
    assert names(violations) == {"both-colours-attached"}
    assert f"ListenerRule backend-live: {said}" in violations[0].message


async def test_a_listener_that_forwards_by_default_needs_both_groups_too(pack: Pack) -> None:
    """Its default actions are judged as a rule's actions are."""
    graph = await balanced()
    spoil(graph, "Listener", "http", "defaultActions.0", {"type": "forward", "targetGroupArn": "arn:1"})
    assert names(pack.judge(graph)) == {"both-colours-attached"}


async def test_groups_that_no_preview_can_name_are_said_to_be_judged_later(pack: Pack) -> None:
    """Advice, not silence; what can be judged without their names is judged all the same."""
    graph = await balanced()
    spoil(graph, *RULE, "actions.0.forward.targetGroups.0.arn", UNKNOWN)
    (advice,) = pack.judge(graph)
    assert (advice.policy, advice.mandatory) == ("both-colours-attached", False)
    assert "can't be known during preview" in advice.message
    spoil(graph, *RULE, "actions.0.forward.targetGroups.0.weight", 0)
    assert names(pack.judge(graph)) == {"both-colours-attached"}


async def test_what_is_not_protected_is_refused(pack: Pack) -> None:
    """What has live traffic, or is about to: the idle colour's target group and the rule for tests may be replaced."""
    violations = pack.judge(await balanced(protect=False))
    assert names(violations) == {"load-balancing-is-protected", "live-traffic-stays"}
    said = {each.message.split("\n")[1].split(":")[0] for each in violations}
    blue = "TargetGroup blue, which carries live traffic"
    assert said == {"Listener http", "ListenerRule backend-live", "LoadBalancer door", blue}


async def test_a_rule_that_leads_elsewhere_than_the_plan_says_is_refused(pack: Pack) -> None:
    """By its own word, as a selector is; and there is one for each service."""
    graph = await balanced()
    spoil(graph, *RULE, "tags.teal/active", "green")
    (violation,) = pack.judge(graph)
    assert violation.policy == "live-traffic-stays"
    assert "ListenerRule backend-live: leads to green; needed: blue, as the plan says" in violation.message
    graph.remove(find(graph, *RULE))
    assert names(pack.judge(graph)) == {"live-traffic-stays", "nothing-escapes"}


async def routed(name: str = "backend-route") -> Resources:
    """The program's graph, with an HTTPRoute that sends all traffic to blue instead of the active Service."""

    async def program() -> None:
        component = ComponentResource("teal:kubernetes:WeightedRoute", "backend")
        CustomResource(
            name,
            api_version="gateway.networking.k8s.io/v1",
            kind="HTTPRoute",
            metadata={
                "name": "backend",
                "namespace": "teal",
                "labels": {"app.kubernetes.io/name": "backend", **OURS},
                "annotations": {"teal/active": "blue"},
            },
            spec={"rules": [{"backendRefs": [{"name": "blue", "weight": 100}, {"name": "green", "weight": 0}]}]},
            opts=ResourceOptions(parent=component),
        )

    graph = [*await declared(), *await registered(program)]
    graph.remove(find(graph, "Service", "backend-active"))
    find(graph, "ConfigMap", "teal-confirmed").dependencies.append(find(graph, "HTTPRoute", name).urn)
    return graph


async def test_an_http_route_names_both_colours_and_stays_itself(pack: Pack) -> None:
    """The Gateway API's way of the same."""
    graph = await routed()
    assert pack.judge(graph) == []
    spoil(graph, "HTTPRoute", "backend-route", "spec.rules.0.backendRefs", [{"name": "blue", "weight": 100}])
    assert names(pack.judge(graph)) == {"both-colours-attached"}
    assert names(pack.judge(await routed("another-name"))) == {"live-objects-stay"}


async def test_a_redirect_leads_to_no_colour(pack: Pack) -> None:
    """It needs none; a rule that neither redirects nor leads anywhere does."""
    graph = await routed()
    redirect = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}
    backends = [{"name": "blue", "weight": 100}, {"name": "green", "weight": 0}]
    spoil(graph, "HTTPRoute", "backend-route", "spec.rules", [{"backendRefs": backends}, redirect])
    assert pack.judge(graph) == []
    spoil(graph, "HTTPRoute", "backend-route", "spec.rules", [{"backendRefs": backends}, {}])
    assert names(pack.judge(graph)) == {"both-colours-attached"}


async def test_what_would_be_gone_before_its_replacement_is_refused(pack: Pack) -> None:
    """A person may take the protection away; the order of a replacement is the program's."""
    graph = await balanced()
    options = find(graph, "Listener", "http").options
    options.deleteBeforeReplace, options.deleteBeforeReplaceDefined = True, True
    (violation,) = pack.judge(graph)
    assert "Listener http: deleteBeforeReplace; needed: none" in violation.message


async def test_what_is_not_tagged_is_refused(pack: Pack) -> None:
    """Neither by the provider's default tags nor by its own."""
    violations = pack.judge(await balanced(tags={}))
    assert names(violations) == {"aws-is-tagged"}
    assert "no tag app.kubernetes.io/part-of; needed: app.kubernetes.io/part-of" in violations[0].message
    graph = await balanced(tags={})
    for each in graph:
        if each.type.startswith("aws:"):
            tags = json_format.MessageToDict(each.properties).get("tags", {})
            spoil(graph, each.type.rsplit(":", 1)[-1], each.name, "tags", {**tags, **OURS})
    assert pack.judge(graph) == []


async def test_default_tags_count_where_every_provider_gives_them(pack: Pack) -> None:
    """Which of them makes a resource, an analyzer is not always told."""

    async def program() -> None:
        aws.Provider("other", region="eu-west-1")

    assert names(pack.judge([*await balanced(), *await registered(program)])) == {"aws-is-tagged"}


@pytest.mark.filterwarnings("ignore:aws.ec2:DeprecationWarning")  # pulumi-aws warns of itself when it is imported
async def test_the_programs_own_load_balancer_is_refused_without_protection(pack: Pack) -> None:
    """`teal:alb.protect: false`: for stacks that are listed, and no others."""
    raw = routed_by("alb", protect=False)
    graph = await declared(raw, await live_in("blue", before=raw))
    violations = pack.judge(graph)
    assert names(violations) == {"load-balancing-is-protected", "live-traffic-stays"}
    assert any("ListenerRule backend-live: protect is off; needed: protect" in each.message for each in violations)
