"""`router: alb`, by Pulumi's mocks: one rule moves traffic, both target groups are always attached."""

import json
from typing import Any

import pytest

from teal.model.colours import Colour
from tests.unit.infra.declaring import ALB, CALLERS, config, declared
from tests.unit.infra.traffic.balanced import BLUE, live

# pulumi-aws says this when it is imported, of a resource that teal has not.
pytestmark = pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")


async def test_a_flip_is_two_weights_of_one_rule() -> None:
    """Beside it only the test listener's rule and the record differ: no pod, Service, target group or binding."""
    before, after = await declared(config("blue")), await declared(config("green"))
    assert {key for key in before.inputs if before[key] != after[key]} == {
        ("ListenerRule", "backend-live"),
        ("ListenerRule", "backend-test"),
        ("ConfigMap", "teal-confirmed"),
    }
    assert (before.weights("backend-live"), after.weights("backend-live")) == ([100, 0], [0, 100])
    assert (before.weights("backend-test"), after.weights("backend-test")) == ([0, 100], [100, 0])


async def test_what_leads_to_the_idle_colour_changes_only_once_a_flip_is_confirmed() -> None:
    """It holds up no watch on a release, and where that is undone nothing of it has to be put back."""
    match = {"header": "X-Canary", "value": "yes"}
    found = await declared(config("green", canaryMatch=match))
    live, record = (
        found.order.index(("ListenerRule", "backend-live")),
        found.order.index(("ConfigMap", "teal-confirmed")),
    )
    for name in ("backend-test", "backend-chosen"):
        assert live < record < found.order.index(("ListenerRule", name))


async def test_both_target_groups_are_attached_before_there_are_pods() -> None:
    """By rules on the test listener that no flip changes, each by a colour's name."""
    found = await declared(config())
    for colour, weights in (("blue", [100, 0]), ("green", [0, 100])):
        rule = found["ListenerRule", f"backend-test-{colour}"]
        assert found.weights(f"backend-test-{colour}") == weights
        assert {"httpHeader": {"httpHeaderName": "X-Teal-Colour", "values": [colour]}} in rule["conditions"]
        pods = found.order.index(("Deployment", f"backend-{colour}"))
        assert found.order.index(("ListenerRule", f"backend-test-{colour}")) < pods
        assert found.order.index(("TargetGroupBinding", f"backend-{colour}-binding")) < pods


async def test_pods_are_ready_only_once_the_load_balancer_says_so() -> None:
    """Each colour waits for its own binding's condition, and nobody's Service leads to both."""
    found = await declared(config())
    for colour in ("blue", "green"):
        spec = found["Deployment", f"backend-{colour}"]["spec"]["template"]["spec"]
        binding = found["TargetGroupBinding", f"backend-{colour}-binding"]
        gate = f"target-health.elbv2.k8s.aws/{binding['metadata']['name']}"
        assert spec["readinessGates"] == [{"conditionType": gate}]
        service = found["Service", f"{binding['spec']['serviceRef']['name']}"]
        assert service["spec"]["selector"]["teal/colour"] == colour
        assert binding["spec"]["targetGroupARN"].endswith(f"backend-{colour}")
    assert "backend-active" not in found.names("Service")
    labels = found["Namespace", "namespace"]["metadata"]["labels"]
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"


async def test_target_groups_look_as_the_guides_say_and_can_be_replaced() -> None:
    """30/5/2/2 on /health/ready, 30 s to drain, type ip; no fixed names, and room for a unique one."""
    long = "a-service-with-a-name-of-forty-chars-yes"
    found = await declared(config(services=(long, "backend")))
    group = found["TargetGroup", "backend-blue"]
    assert (
        group["healthCheck"].items()
        >= {
            "path": "/health/ready",
            "interval": 30,
            "timeout": 5,
            "healthyThreshold": 2,
            "unhealthyThreshold": 2,
        }.items()
    )
    assert (group["targetType"], group["deregistrationDelay"], group["port"]) == ("ip", 30, 8000)
    assert not [key for key, each in found.inputs.items() if found.types[key].startswith("aws:") and "name" in each]
    names = found.names("TargetGroup")
    assert len(names) == 4
    assert all(len(f"{name}-1234567") <= 32 for name in names)


async def test_without_a_certificate_http_carries_live_traffic() -> None:
    """And a listener of its own the idle colour."""
    found = await declared(config())
    ports = {
        name: (each["port"], each["protocol"]) for (kind, name), each in found.inputs.items() if kind == "Listener"
    }
    assert ports == {"balancer-http": (80, "HTTP"), "balancer-test": (9000, "HTTP")}
    assert found["ListenerRule", "backend-live"]["listenerArn"].endswith("balancer-http")


async def test_with_a_certificate_http_only_leads_to_https() -> None:
    """One rule on one listener carries live traffic: two could not move at once."""
    certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/0123"
    found = await declared(config(alb={**ALB, "certificateArn": certificate}))
    assert found["Listener", "balancer-http"]["defaultActions"][0]["type"] == "redirect"
    assert found["Listener", "balancer-https"]["certificateArn"] == certificate
    assert found["ListenerRule", "backend-live"]["listenerArn"].endswith("balancer-https")
    assert found["Listener", "balancer-test"]["protocol"] == "HTTPS"


async def test_who_may_connect_is_what_the_stack_says() -> None:
    """Live traffic by its callers, the test listener by the VPC alone, and out to the pods' port."""
    found = await declared(config())
    rules = [each for (kind, _), each in found.inputs.items() if kind == "SecurityGroupIngressRule"]
    assert {(each["fromPort"], each["cidrIpv4"]) for each in rules} == {(80, "0.0.0.0/0"), (9000, "10.0.0.0/16")}
    assert found["SecurityGroupEgressRule", "balancer-out-8000"]["cidrIpv4"] == "10.0.0.0/16"


@pytest.mark.parametrize(
    "by", [{"arn": "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/x/1"}, {"tags": {"a": "b"}}]
)
async def test_a_load_balancer_that_is_there_is_used(by: dict[str, Any]) -> None:
    """Found by ARN or by tags; nothing of it is declared but listeners."""
    found = await declared(config(alb={"vpcId": ALB["vpcId"], "loadBalancer": by}))
    assert not found.names("LoadBalancer")
    assert not found.names("SecurityGroup")
    assert found["Listener", "balancer-http"]["loadBalancerArn"] == "arn:aws:elb:found"
    (source,) = found["TargetGroupBinding", "backend-blue-binding"]["spec"]["networking"]["ingress"][0]["from"]
    assert source == {"securityGroup": {"groupID": "sg-found"}}


async def test_alarms_watch_each_colours_own_targets() -> None:
    """Quiet without traffic; found by their names, which begin with service and colour."""
    found = await declared(config())
    names = found.names("MetricAlarm")
    assert sorted(names) == sorted(
        f"backend-{colour}-{what}" for colour in Colour for what in ("errors", "latency", "unhealthy")
    )
    assert {found["MetricAlarm", name]["treatMissingData"] for name in names} == {"notBreaching"}
    of_group = found["MetricAlarm", "backend-green-latency"]["dimensions"]["TargetGroup"]
    assert of_group == "suffix/backend-green"
    assert not (await declared(config(alb={**ALB, "alarms": {"enabled": False}}))).names("MetricAlarm")


async def test_a_canary_weight_is_a_share_of_the_same_rule() -> None:
    """The other colour's, in percent."""
    found = await declared(config(canaryWeight="10"), live(BLUE, 10, canary="10"))
    assert found.weights("backend-live") == [90, 10]
    assert found["ConfigMap", "teal-confirmed"]["data"]["canary"] == "10"


@pytest.mark.parametrize(
    ("match", "header", "value"),
    [
        ({"header": "X-Canary", "value": "always"}, "X-Canary", "always"),
        ({"cookie": "canary", "value": "yes"}, "Cookie", "*canary=yes*"),
    ],
)
async def test_chosen_clients_get_the_idle_colour(match: dict[str, str], header: str, value: str) -> None:
    """By a rule of their own before the other; while the idle colour runs."""
    found = await declared(config(canaryMatch=match))
    rule = found["ListenerRule", "backend-chosen"]
    assert {"httpHeader": {"httpHeaderName": header, "values": [value]}} in rule["conditions"]
    assert rule["priority"] == found["ListenerRule", "backend-live"]["priority"] - 1
    assert found.weights("backend-chosen") == [0, 100]
    retired = {"version": "1.1.0", "state": "retired", "backend": {"image": "registry.example/backend:1"}}
    assert "backend-chosen" not in (await declared(config(canaryMatch=match, green=retired))).names("ListenerRule")


async def test_stickiness_is_as_asked() -> None:
    """Off by default: it overrides the weights."""
    sticky = await declared(config(alb={**ALB, "stickinessSeconds": 60}))
    plain = await declared(config())
    found = [each["ListenerRule", "backend-live"]["actions"][0]["forward"]["stickiness"] for each in (sticky, plain)]
    assert found == [{"enabled": True, "duration": 60}, {"enabled": False, "duration": 1}]


async def test_a_changed_port_changes_no_binding() -> None:
    """The pods that have traffic listen on the old one still, and the controller would close it."""
    services = json.dumps({"backend": {**CALLERS, "port": 9000}})
    before, after = await declared(config()), await declared({**config(), "services": services})
    for colour in Colour:
        name = "TargetGroupBinding", f"backend-{colour}-binding"
        assert before[name] == after[name]


@pytest.mark.parametrize("more", [{"callers": ["192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32"]}, {"testPort": 9001}])
async def test_another_caller_changes_nobody_elses_rule(more: dict[str, Any]) -> None:
    """AWS takes no rule twice, and the one that is there goes after the new one has come."""
    rules = [
        {name: each for (kind, name), each in found.inputs.items() if kind == "SecurityGroupIngressRule"}
        for found in (await declared(config()), await declared(config(alb={**ALB, **more})))
    ]
    said = [
        {(each["fromPort"], each.get("cidrIpv4") or each["cidrIpv6"]): name for name, each in r.items()} for r in rules
    ]
    assert {what: name for what, name in said[0].items() if what in said[1]}.items() <= said[1].items()
    assert {name: each for name, each in rules[0].items() if name in rules[1]}.items() <= rules[1].items()


async def test_a_service_that_goes_leaves_the_others_rules_as_they_are() -> None:
    """Their priorities, too: its own rules are still there when theirs are written."""
    raw = config(services=("api", "shop"))
    both = await declared(raw)
    shop = json.dumps({"shop": json.loads(raw["services"])["shop"]})
    one = await declared({**config(services=("shop",)), "services": shop})
    rules = {name: each for (kind, name), each in one.inputs.items() if kind == "ListenerRule"}
    assert rules
    assert rules == {name: both["ListenerRule", name] for name in rules}
    taken = [
        (each["listenerArn"], each["priority"]) for (kind, _), each in both.inputs.items() if kind == "ListenerRule"
    ]
    assert len(taken) == len({*taken}) == 8


@pytest.mark.parametrize(
    ("router", "group", "resource"),
    [("alb", "elbv2.k8s.aws", "targetgroupbindings"), ("gateway", "gateway.networking.k8s.io", "httproutes")],
)
async def test_the_watch_may_do_what_its_router_takes(router: str, group: str, resource: str) -> None:
    """And may write no Service; its deadline leaves room for a bake as long as the settle time."""
    watch = {"image": "registry.example/teal:1", "egress": {"api": {"cidrs": ["10.0.0.1/32"], "ports": [6443]}}}
    raw = config(router=router, watch=watch, bake={"seconds": 3}, settleSeconds="90")
    found = await declared(raw)
    rules = found["Role", "teal-watch-role"]["rules"]
    assert [each for each in rules if each["apiGroups"] == [group] and each["resources"] == [resource]]
    assert not [each for each in rules if "services" in each["resources"]]
    job = found["CronJob", "teal-watch"]["spec"]["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] == 90 + 300
