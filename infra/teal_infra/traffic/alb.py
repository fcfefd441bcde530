"""`router: alb`: an Application Load Balancer, and for each service a listener rule with weights for both colours.

Both target groups are always attached, so that the idle one's health is checked before it gets traffic. No Service
behind a TargetGroupBinding ever changes its selector, and no name is fixed, so that everything can be replaced.
docs/adr/0008 gives the reasons. The load balancer controller only puts pods into target groups and takes them out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import lb
from pulumi_kubernetes.apiextensions import CustomResource

from teal.model.colours import Colour
from teal.model.labels import ACTIVE, COLOUR_LABEL, LIVE, OF_SERVICE, PART_OF, PART_OF_LABEL, ROLE
from teal_infra import labels
from teal_infra.components import pod
from teal_infra.components.doors import UNAWAITED
from teal_infra.provider.kinds import Service
from teal_infra.traffic import Front, Route
from teal_infra.traffic import rule as rules
from teal_infra.traffic.balancer import Balancer, BalancerArgs
from teal_infra.traffic.change_markers import order, tags
from teal_infra.traffic.target_alarms import TargetAlarm, TargetAlarmArgs

if TYPE_CHECKING:
    from pulumi_aws.lb import ListenerRuleConditionArgsDict
    from pulumi_kubernetes.core.v1 import ServicePortArgsDict

COLOUR_HEADER = "X-Teal-Colour"
"""The header by which a request to the test listener chooses a colour; without it, the idle one answers."""


class LoadBalancer:
    """One load balancer for all services of a stack."""

    def __init__(self, front: Front, opts: pulumi.ResourceOptions) -> None:
        """Declare the load balancer, or find it, and both target groups of every service behind it."""
        settings = front.settings
        if settings.alb is None:
            raise ValueError("router is alb without alb: teal_infra.settings refuses such a stack")
        self._front = front
        self._opts = opts
        self._balancer = Balancer("balancer", BalancerArgs(alb=settings.alb, services=settings.routed), opts)
        self._targets = {
            (name, colour): Targets(
                f"{name}-{colour}",
                TargetsArgs(front=front, balancer=self._balancer, service=name, colour=colour),
                opts,
            )
            for name in settings.routed
            for colour in Colour
        }
        self._attached = {
            (name, colour): self._attach(name, colour, number)
            for name in settings.routed
            for number, colour in enumerate(Colour, 1)
        }
        self._rules: list[WeightedRule] = []

    def _attach(self, service: str, colour: Colour, number: int) -> lb.ListenerRule:
        """Lead the test listener to a colour by its name, always: a group in no rule is never found healthy."""
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
        """Return the binding and the rule that attaches the target group: both come before pods can be ready."""
        return [self._targets[service, colour].binding, self._attached[service, colour]]

    def route(self, route: Route) -> "WeightedRule":
        """Declare the rule of a service's live traffic."""
        groups = self._groups(route.service)
        args = WeightedRuleArgs(front=self._front, balancer=self._balancer, groups=groups, route=route)
        rule = WeightedRule(route.service, args, self._opts)
        self._rules.append(rule)
        return rule

    def after_confirmed(self, record: pulumi.Resource) -> None:
        """Declare the rules that lead to the idle colour. After a flip that is undone they are right as they were."""
        for rule in self._rules:
            rule.lead_to_idle(record)


router = LoadBalancer
"""What `teal_infra.traffic` calls to make the router."""

declared = rules.declared


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetsArgs:
    """The service and colour of the targets, and their load balancer."""

    front: Front
    balancer: Balancer
    service: str
    colour: Colour


class Targets(pulumi.ComponentResource):
    """One colour's target group, the binding that fills it with pods, and its alarms."""

    def __init__(self, name: str, args: TargetsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare them; the name is made of service and colour, and a flip finds the alarms by it."""
        super().__init__("teal:aws:Targets", name, None, opts)
        front, balancer, service, colour = args.front, args.balancer, args.service, args.colour
        alb = balancer.settings
        kept = colour is front.settings.active_colour or front.leads_to(service, colour)
        check, its = alb.health_check, front.settings.services[service]
        target, own = its.target_group, its.target_group.health_check
        path, matcher = target.asked(check.path, its.probes.readiness, its.readiness_path)
        self.group = lb.TargetGroup(
            labels.short(service, colour),
            target_type="ip",
            protocol="HTTPS" if its.tls else "HTTP",
            protocol_version=None if target.protocol_version == "HTTP1" else target.protocol_version,
            port=its.port,
            vpc_id=alb.vpc_id,
            deregistration_delay=alb.deregistration_delay_seconds,
            slow_start=target.slow_start_seconds,
            load_balancing_algorithm_type=None if target.algorithm == "round_robin" else target.algorithm,
            health_check={
                "enabled": True,
                "path": path,
                "interval": check.interval_seconds,
                "timeout": check.timeout_seconds,
                "healthy_threshold": check.healthy_threshold,
                "unhealthy_threshold": check.unhealthy_threshold,
                "matcher": matcher,
                "port": str(own.port or "traffic-port"),
                "protocol": "HTTPS" if its.tls and own.port in {None, its.port} else own.protocol,
            },
            tags={PART_OF_LABEL: PART_OF, OF_SERVICE: service, COLOUR_LABEL: colour},
            # The group's port is only the default of an ip target, whose binding registers it with the pod's own. So a
            # group with traffic is not replaced because of its port or protocol.
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=alb.protect and kept,
                ignore_changes=["port", "protocol", "protocolVersion"] if kept else None,
            ),
        )
        self.binding = self._bind(front, balancer, service, colour)
        """The binding has to exist before the colour's pods."""
        if alb.alarms.enabled:
            alarm = TargetAlarmArgs(settings=alb.alarms, group=self.group, balancer=balancer.suffix)
            TargetAlarm(name, alarm, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})

    def _bind(self, front: Front, balancer: Balancer, service: str, colour: Colour) -> CustomResource:
        """Declare the Service that finds the pods of this colour only, and its binding to the target group."""
        name = f"{service}-{colour}"
        shared = {**labels.shared(service), COLOUR_LABEL: str(colour)}
        finder = Service(
            f"{name}-targets",
            metadata={
                "name": f"{name}-targets",
                "namespace": front.namespace,
                "labels": shared,
                "annotations": dict(UNAWAITED),  # it has to exist before the pods
            },
            spec={
                "selector": dict(labels.selector(service, colour)),
                "ports": [_finds(front.settings.services[service].app_protocol)],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        checked = front.settings.services[service].target_group.health_check.port
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
                "serviceRef": {"name": finder.metadata["name"], "port": "http"},
                # The port is named, since pods that are to be replaced listen on another number.
                "networking": {
                    "ingress": [
                        {
                            "from": from_balancer,
                            "ports": [{"port": each, "protocol": "TCP"} for each in ("http", *filter(None, [checked]))],
                        }
                    ]
                },
            },
            # The controller refuses another target group, and the name is in the pods' readiness gate.
            opts=pulumi.ResourceOptions(
                parent=self, replace_on_changes=["spec.targetGroupARN"], delete_before_replace=True
            ),
        )


def _finds(app_protocol: str | None) -> "ServicePortArgsDict":
    port: ServicePortArgsDict = {"name": "http", "port": 80, "target_port": "http", "protocol": "TCP"}
    return {**port, "app_protocol": app_protocol} if app_protocol else port


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightedRuleArgs:
    """The service whose traffic is directed, and its targets."""

    front: Front
    balancer: Balancer
    groups: Mapping[Colour, pulumi.Input[str]]
    """The ARNs of both colours' target groups."""
    route: Route


class WeightedRule(pulumi.ComponentResource):
    """The rules of one service: live traffic by weights, chosen clients, and the idle colour on the test listener."""

    def __init__(self, name: str, args: WeightedRuleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the rule of live traffic. A flip changes its two weights."""
        super().__init__("teal:aws:WeightedRule", name, None, opts)
        self._args = args
        front, balancer, groups, route = args.front, args.balancer, args.groups, args.route
        settings, active = front.settings, route.active
        live = front.live.get(name)
        share = settings.canary_weight
        rule = lb.ListenerRule(
            f"{name}-live",
            listener_arn=balancer.live_listener,
            priority=rules.priority(settings, name),
            conditions=rules.conditions(settings, name),
            actions=[rules.forward(settings, groups, active, share, order=order(live, active, share, front.at))],
            tags={
                PART_OF_LABEL: PART_OF,
                OF_SERVICE: name,
                ROLE: LIVE,
                **tags(live, active, share, front.at),
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(route.after),
                hooks=route.hooks,
                protect=settings.alb is not None and settings.alb.protect,
            ),
        )
        self.resource: pulumi.Resource = rule
        self.live_colour: pulumi.Output[str] = rule.tags.apply(lambda tags: (tags or {})[ACTIVE].partition("@")[0])
        self.front_door: pulumi.Input[str] = balancer.front_door
        self.preview_door: pulumi.Input[str] = balancer.preview_door
        self.register_outputs({})

    def lead_to_idle(self, after: pulumi.Resource) -> None:
        """Declare the rules that lead to the colour without traffic: for chosen clients, and on the test listener."""
        args = self._args
        settings, name = args.front.settings, args.route.service
        of_service, priority = rules.conditions(settings, name), rules.priority(settings, name)
        idle = [rules.forward(settings, args.groups, args.route.active.other)]
        later = pulumi.ResourceOptions(parent=self, depends_on=[self.resource, after])
        if (match := settings.chosen) is not None:
            lb.ListenerRule(
                f"{name}-chosen",
                listener_arn=args.balancer.live_listener,
                priority=priority - 1,
                conditions=[*of_service, rules.chosen(match)],
                actions=idle,
                tags={PART_OF_LABEL: PART_OF, OF_SERVICE: name, ROLE: "chosen"},
                opts=later,
            )
        lb.ListenerRule(
            f"{name}-test",
            listener_arn=args.balancer.test_listener,
            priority=priority + 1,
            conditions=of_service,
            actions=idle,
            tags={PART_OF_LABEL: PART_OF, OF_SERVICE: name, ROLE: "test"},
            opts=later,
        )
