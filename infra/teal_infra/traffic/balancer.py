"""Declares the load balancer in front of a stack, or finds it, its listeners, and who may connect to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import ec2, lb, vpc

from teal.model.labels import PART_OF, PART_OF_LABEL
from teal_infra.settings.reach.alb import Alb
from teal_infra.settings.service import ServiceSettings

if TYPE_CHECKING:
    from pulumi_aws.lb import ListenerDefaultActionArgsDict

NOTHING_HERE: "ListenerDefaultActionArgsDict" = {
    "type": "fixed-response",
    "fixed_response": {"content_type": "text/plain", "status_code": "404"},
}
"""The answer of a listener to requests that belong to no service."""

TAGS = {PART_OF_LABEL: PART_OF}


@dataclass(frozen=True, kw_only=True, slots=True)
class BalancerArgs:
    """The load balancer's settings, and the services behind it."""

    alb: Alb
    services: Mapping[str, ServiceSettings]


class Balancer(pulumi.ComponentResource):
    """A load balancer with a listener for live traffic, and one for the idle colour."""

    def __init__(self, name: str, args: BalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the load balancer, or find it."""
        super().__init__("teal:aws:Balancer", name, None, opts)
        alb = args.alb
        self.settings = alb
        self._held = pulumi.ResourceOptions(parent=self, protect=alb.protect)
        self.arn: pulumi.Input[str]
        address: pulumi.Input[str]
        if alb.load_balancer is None:
            ports = {each.port for each in args.services.values()}
            checked = {each.target_group.health_check.port for each in args.services.values()}
            group = self._open(alb, ports.union(filter(None, checked)))
            made = self._own(alb, group)
            self.arn, self.suffix, address = made.arn, made.arn_suffix, made.dns_name
            self.security_groups: pulumi.Output[Sequence[str]] = group.id.apply(lambda each: [each])
        else:
            known = alb.load_balancer
            found = lb.get_load_balancer_output(arn=known.arn, tags=dict(known.tags) or None)
            self.arn, self.suffix, address = found.arn, found.arn_suffix, found.dns_name
            self.security_groups = found.security_groups.apply(lambda ids: ids)
        existing = alb.load_balancer.listener_arn if alb.load_balancer else None
        self.live_listener: pulumi.Input[str] = existing or self._live()
        """The ARN of the listener for live traffic."""
        self.test_listener: pulumi.Input[str] = self._listener("test", alb.test_port).arn
        """The ARN of the listener that leads to the idle colour."""
        secure = alb.certificate_arn is not None
        scheme, port = ("https", alb.https_port) if secure else ("http", alb.http_port)
        usual = port == {"https": 443, "http": 80}[scheme]
        self.front_door = pulumi.Output.concat(f"{scheme}://", address, "" if usual else f":{port}")
        self.preview_door = pulumi.Output.concat(f"{scheme}://", address, f":{alb.test_port}")
        self.register_outputs({})

    def _open(self, alb: Alb, ports: set[int]) -> ec2.SecurityGroup:
        """Declare who may connect, and to which ports of the pods the load balancer may."""
        network = ec2.get_vpc_output(id=alb.vpc_id).cidr_block
        group = ec2.SecurityGroup(
            "balancer",
            description="Who may connect to the load balancer of a teal stack",
            vpc_id=alb.vpc_id,
            tags=TAGS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        child = pulumi.ResourceOptions(parent=self)
        open_ports = [alb.http_port, *([alb.https_port] if alb.certificate_arn else [])]
        callers = [(port, cidr) for port in open_ports for cidr in alb.callers]
        testers: list[tuple[int, pulumi.Input[str]]] = [(alb.test_port, each) for each in alb.test_callers or [network]]
        for port, cidr in dict.fromkeys([*callers, *testers]):
            six = isinstance(cidr, str) and ":" in cidr
            vpc.SecurityGroupIngressRule(
                # It is named by its content: AWS takes no rule twice, and a rule must not turn into another one.
                f"balancer-in-{port}-{cidr.replace(':', '-') if isinstance(cidr, str) else 'vpc'}",
                security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ipv4=None if six else cidr,
                cidr_ipv6=cidr if six else None,
                opts=child,
            )
        for port in sorted(ports):
            vpc.SecurityGroupEgressRule(
                f"balancer-out-{port}",
                security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ipv4=network,
                opts=child,
            )
        return group

    def _own(self, alb: Alb, group: ec2.SecurityGroup) -> lb.LoadBalancer:
        return lb.LoadBalancer(
            "balancer",
            load_balancer_type="application",
            internal=alb.internal,
            subnets=list(alb.subnet_ids),
            security_groups=[group.id],
            enable_deletion_protection=alb.protect,
            drop_invalid_header_fields=True,
            idle_timeout=alb.idle_timeout_seconds,
            tags=TAGS,
            opts=self._held,
        )

    def _live(self) -> pulumi.Output[str]:
        """Declare the live listener: HTTPS where there is a certificate, to which HTTP then redirects."""
        alb = self.settings
        if alb.certificate_arn is None:
            return self._listener("http", alb.http_port).arn
        redirect: ListenerDefaultActionArgsDict = {
            "type": "redirect",
            "redirect": {"protocol": "HTTPS", "port": str(alb.https_port), "status_code": "HTTP_301"},
        }
        self._listener("http", alb.http_port, action=redirect, secure=False)
        return self._listener("https", alb.https_port).arn

    def _listener(
        self, name: str, port: int, *, action: "ListenerDefaultActionArgsDict" = NOTHING_HERE, secure: bool = True
    ) -> lb.Listener:
        alb = self.settings
        certified = secure and alb.certificate_arn is not None
        return lb.Listener(
            f"balancer-{name}",
            load_balancer_arn=self.arn,
            port=port,
            protocol="HTTPS" if certified else "HTTP",
            certificate_arn=alb.certificate_arn if certified else None,
            ssl_policy=alb.ssl_policy if certified else None,
            default_actions=[action],
            tags=TAGS,
            opts=self._held,
        )
