"""`router: alb`: an Application Load Balancer, and a listener rule a service with weights over both colours' targets.

Both target groups are attached at all times, so that the idle one's health is checked before it gets traffic. No
Service behind a TargetGroupBinding ever changes its selector, and no name is fixed: what has to be replaced can be.
Why so: docs/adr/0008. What the load balancer controller does: pods in and out of target groups, nothing else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import lb
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Service

from infra import labels, pod
from infra.traffic import Front, Route
from infra.traffic import rule as rules
from infra.traffic.balancer import Balancer
from infra.traffic.target_alarms import TargetAlarm
from teal.colours import MOVED_FROM, PART_OF, PART_OF_LABEL, Colour
from teal.live import LiveService
from teal.routers.alb import ORDER
from teal.routes import ACTIVE, LIVE, OF_SERVICE, ROLE

if TYPE_CHECKING:
    from pulumi_aws.lb import ListenerRuleConditionArgsDict

COLOUR_HEADER = "X-Teal-Colour"
"""By which a request to the test listener chooses a colour; without it, the idle one answers."""

ORDERS = 50_000
"""Up to which AWS takes an action's order."""


class LoadBalancer:
    """One load balancer for all services of a stack."""

    def __init__(self, front: Front, opts: pulumi.ResourceOptions) -> None:
        """Declare it, or find it, and both target groups of every service behind it."""
        settings = front.settings
        if settings.alb is None:
            raise ValueError("router is alb without alb: infra.settings refuses such a stack")
        self._front = front
        self._opts = opts
        self._balancer = Balancer(settings.alb, settings.services, opts)
        self._targets = {
            (name, colour): Targets(front, self._balancer, name, colour, opts)
            for name in settings.services
            for colour in Colour
        }
        self._attached = {
            (name, colour): self._attach(name, colour, number)
            for name in settings.services
            for number, colour in enumerate(Colour, 1)
        }

    def _attach(self, service: str, colour: Colour, number: int) -> lb.ListenerRule:
        """Lead the test listener to a colour by its name, always: what no rule leads to, nobody finds healthy."""
        settings = self._front.settings
        by_name: ListenerRuleConditionArgsDict = {
            "http_header": {"http_header_name": COLOUR_HEADER, "values": [str(colour)]}
        }
        return lb.ListenerRule(
            f"{service}-test-{colour}",
            listener_arn=self._balancer.test_listener,
            priority=rules.priority(settings, service) - 2 + number,
            conditions=[*rules.conditions(settings, service), by_name],
            actions=[rules.forward(settings, self._groups(service), colour)],
            tags={PART_OF_LABEL: PART_OF, OF_SERVICE: service, ROLE: "test"},
            opts=self._opts,
        )

    def _groups(self, service: str) -> Mapping[Colour, pulumi.Input[str]]:
        return {colour: self._targets[service, colour].group.arn for colour in Colour}

    def before_pods(self, service: str, colour: Colour) -> Sequence[pulumi.Resource]:
        """The binding, and the rule that attaches the target group: pods are ready only once it calls them healthy."""
        return [self._targets[service, colour].binding, self._attached[service, colour]]

    def route(self, route: Route) -> "WeightedRule":
        """Declare a service's rules."""
        return WeightedRule(self._front, self._balancer, self._groups(route.service), route, self._opts)


class Targets(pulumi.ComponentResource):
    """One colour's target group, what fills it with pods, and its alarms."""

    def __init__(
        self, front: Front, balancer: Balancer, service: str, colour: Colour, opts: pulumi.ResourceOptions
    ) -> None:
        """Declare them."""
        alb, name = balancer.settings, f"{service}-{colour}"
        super().__init__("teal:aws:Targets", name, None, opts)
        kept = colour is front.settings.active_colour or front.leads_to(service, colour)
        check = alb.health_check
        self.group = lb.TargetGroup(
            labels.short(service, colour),
            target_type="ip",
            protocol="HTTP",
            port=front.settings.services[service].port,
            vpc_id=alb.vpc_id,
            deregistration_delay=alb.deregistration_delay_seconds,
            health_check={
                "enabled": True,
                "path": check.path,
                "interval": check.interval_seconds,
                "timeout": check.timeout_seconds,
                "healthy_threshold": check.healthy_threshold,
                "unhealthy_threshold": check.unhealthy_threshold,
                "matcher": "200",
                "port": "traffic-port",
                "protocol": "HTTP",
            },
            tags={PART_OF_LABEL: PART_OF, OF_SERVICE: service, "teal/colour": colour},
            # A port of its own is only the default of an ip target, which its binding registers with the pod's: what
            # has traffic is not replaced over it.
            opts=pulumi.ResourceOptions(
                parent=self, protect=alb.protect and kept, ignore_changes=["port"] if kept else None
            ),
        )
        self.binding = self._bind(front, balancer, service, colour)
        """To be there before the colour's pods."""
        if alb.alarms.enabled:
            TargetAlarm(name, alb.alarms, self.group, balancer.suffix, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})

    def _bind(self, front: Front, balancer: Balancer, service: str, colour: Colour) -> CustomResource:
        """The Service that finds a colour's pods and never another's, and the binding of it to the target group."""
        name = f"{service}-{colour}"
        shared = {**labels.shared(service), "teal/colour": str(colour)}
        finder = Service(
            f"{name}-targets",
            metadata={
                "name": f"{name}-targets",
                "namespace": front.namespace,
                "labels": shared,
                # It has to be there before the pods, and without them it would be waited for.
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec={
                "selector": dict(labels.selector(service, colour)),
                "ports": [{"name": "http", "port": 80, "target_port": "http", "protocol": "TCP"}],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        from_balancer = balancer.security_groups.apply(
            lambda ids: [{"securityGroup": {"groupID": each}} for each in ids]
        )
        return CustomResource(
            f"{name}-binding",
            api_version="elbv2.k8s.aws/v1beta1",
            kind="TargetGroupBinding",
            metadata={"name": pod.binding(service, colour), "namespace": front.namespace, "labels": shared},
            spec={
                "targetGroupARN": self.group.arn,
                "targetType": "ip",
                "serviceRef": {"name": finder.metadata.name, "port": "http"},
                # By the port's name, as each pod has it: pods that are to be replaced listen on another number.
                "networking": {"ingress": [{"from": from_balancer, "ports": [{"port": "http", "protocol": "TCP"}]}]},
            },
            # The controller refuses another target group, and the name is the pods' readiness gate.
            opts=pulumi.ResourceOptions(
                parent=self, replace_on_changes=["spec.targetGroupARN"], delete_before_replace=True
            ),
        )


class WeightedRule(pulumi.ComponentResource):
    """The rules of one service: live traffic by weights, chosen clients, and the idle colour on the test listener."""

    def __init__(
        self,
        front: Front,
        balancer: Balancer,
        groups: Mapping[Colour, pulumi.Input[str]],
        route: Route,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare them: a flip is the two weights of the first one, and the others follow it."""
        super().__init__("teal:aws:WeightedRule", route.service, None, opts)
        settings, name, active = front.settings, route.service, route.active
        of_service = rules.conditions(settings, name)
        priority = rules.priority(settings, name)
        live = front.live.get(name)
        share = settings.canary_weight
        rule = lb.ListenerRule(
            f"{name}-live",
            listener_arn=balancer.live_listener,
            priority=priority,
            conditions=of_service,
            actions=[rules.forward(settings, groups, active, share, order=_order(front, live, active, share))],
            tags={
                PART_OF_LABEL: PART_OF,
                OF_SERVICE: name,
                ROLE: LIVE,
                ACTIVE: _active(front, live, active, share),
                MOVED_FROM: _moved_from(front, live, active, share),
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(route.after),
                hooks=route.hooks,
                protect=settings.alb is not None and settings.alb.protect,
            ),
        )
        self.resource: pulumi.Resource = rule
        later = pulumi.ResourceOptions(parent=self, depends_on=[rule])
        if settings.chosen is not None:
            lb.ListenerRule(
                f"{name}-chosen",
                listener_arn=balancer.live_listener,
                priority=priority - 1,
                conditions=[*of_service, rules.chosen(settings)],
                actions=[rules.forward(settings, groups, active.other)],
                tags={PART_OF_LABEL: PART_OF, OF_SERVICE: name, ROLE: "chosen"},
                opts=later,
            )
        lb.ListenerRule(
            f"{name}-test",
            listener_arn=balancer.test_listener,
            priority=priority + 1,
            conditions=of_service,
            actions=[rules.forward(settings, groups, active.other)],
            tags={PART_OF_LABEL: PART_OF, OF_SERVICE: name, ROLE: "test"},
            opts=later,
        )
        self.live_colour: pulumi.Output[str] = rule.tags.apply(lambda tags: (tags or {})[ACTIVE].partition("@")[0])
        self.front_door: pulumi.Input[str] = balancer.front_door
        self.preview_door: pulumi.Input[str] = balancer.preview_door
        self.register_outputs({})


def _rests(live: LiveService, active: Colour, share: int) -> bool:
    return (live.colour, live.share) == (active, share)


def _order(front: Front, live: LiveService | None, active: Colour, share: int) -> int:
    """An order of its own for each move; of no meaning to AWS, where there is one action.

    pulumi-aws writes of a rule only what differs from the engine's state. After
    traffic was put back, or an update was killed, state and config can agree
    with each other and not with AWS: without this, the weights would not be written.
    """
    if live is None:
        return 1
    if _rests(live, active, share):
        return int(live.annotations.get(ORDER, "1"))
    return 2 + int(datetime.fromisoformat(front.at).timestamp()) % (ORDERS - 2)


def _active(front: Front, live: LiveService | None, active: Colour, share: int) -> str:
    """The colour that is live, as another text after each move, for the same reason: tags are compared apart."""
    kept = live.annotations.get(ACTIVE, "") if live is not None and _rests(live, active, share) else ""
    return kept if kept.partition("@")[0] == active else f"{active}@{front.at}"


def _moved_from(front: Front, live: LiveService | None, active: Colour, share: int) -> str:
    if live is None:
        return "nothing"
    if _rests(live, active, share):
        return live.annotations.get(MOVED_FROM, "nothing")
    return f"{live.colour}@{front.at}"
