"""Application load balancers and target groups."""

# ruff: noqa: ARG002 - the operations of all kinds take the same; not every kind needs all of it

from collections.abc import Mapping
from typing import ClassVar, Final

from sandbox.providers.aws import attributes
from sandbox.providers.aws.attributes import Attribute
from sandbox.providers.aws.errors import RefusedError
from sandbox.providers.aws.kind import COMMON, Between, Kind, OneOf, Rule, changed
from sandbox.providers.aws.session import Aws
from sandbox.providers.aws.tags import tag_map
from sandbox.providers.properties import Map, list_at, map_at

_BALANCER: Final = {
    "clientKeepAlive": Attribute("client_keep_alive.seconds", 3600),
    "desyncMitigationMode": Attribute("routing.http.desync_mitigation_mode", "defensive"),
    "dropInvalidHeaderFields": Attribute("routing.http.drop_invalid_header_fields.enabled", default=False),
    "enableCrossZoneLoadBalancing": Attribute("load_balancing.cross_zone.enabled", default=True),
    "enableDeletionProtection": Attribute("deletion_protection.enabled", default=False),
    "enableHttp2": Attribute("routing.http2.enabled", default=True),
    "enableTlsVersionAndCipherSuiteHeaders": Attribute(
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled", default=False
    ),
    "enableWafFailOpen": Attribute("waf.fail_open.enabled", default=False),
    "enableXffClientPort": Attribute("routing.http.xff_client_port.enabled", default=False),
    "idleTimeout": Attribute("idle_timeout.timeout_seconds", 60),
    "preserveHostHeader": Attribute("routing.http.preserve_host_header.enabled", default=False),
    "xffHeaderProcessingMode": Attribute("routing.http.xff_header_processing.mode", "append"),
    "accessLogs.bucket": Attribute("access_logs.s3.bucket", ""),
    "accessLogs.enabled": Attribute("access_logs.s3.enabled", default=False),
    "accessLogs.prefix": Attribute("access_logs.s3.prefix", ""),
}
_GROUP: Final = {
    "deregistrationDelay": Attribute("deregistration_delay.timeout_seconds", 300),
    "slowStart": Attribute("slow_start.duration_seconds", 0),
    "loadBalancingAlgorithmType": Attribute("load_balancing.algorithm.type", "round_robin"),
    "loadBalancingCrossZoneEnabled": Attribute("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    "stickiness.cookieDuration": Attribute("stickiness.lb_cookie.duration_seconds", 86400),
    "stickiness.enabled": Attribute("stickiness.enabled", default=False),
    "stickiness.type": Attribute("stickiness.type", "lb_cookie"),
}


def arn_suffix(arn: str) -> str:
    """What CloudWatch's dimensions want of an ARN: `app/name/id`, `targetgroup/name/id`."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


class Tagged(Kind):
    """What elbv2's resources have in common."""

    def _tags(self, aws: Aws, arn: str) -> dict[str, str]:
        described = aws.call("elbv2", "describe_tags", ResourceArns=[arn])["TagDescriptions"]
        return tag_map(described[0]["Tags"]) if described else {}

    def _retag(self, aws: Aws, arn: str, old: Map, new: Map) -> None:
        """Write what differs from the state, as Pulumi's provider does: what somebody else wrote beside it stays."""
        gone, added = aws.tags.change(map_at(old, "tagsAll"), new)
        if gone:
            aws.call("elbv2", "remove_tags", ResourceArns=[arn], TagKeys=gone)
        if added:
            aws.call("elbv2", "add_tags", ResourceArns=[arn], Tags=added)

    def _tag_outputs(self, aws: Aws, arn: str) -> Map:
        return aws.tags.outputs(self._tags(aws, arn))


class LoadBalancer(Tagged):
    """`aws:lb/loadBalancer:LoadBalancer`, of type application."""

    inputs = COMMON | {
        *("internal", "ipAddressType", "loadBalancerType", "securityGroups", "subnets"),
        *(path.partition(".")[0] for path in _BALANCER),
    }
    required = ("subnets",)
    replaces = frozenset({"name", "internal", "loadBalancerType"})
    computed = ("arn", "arnSuffix", "dnsName", "tagsAll", "vpcId", "zoneId")
    name_limit = 32
    rules: ClassVar[Mapping[str, Rule]] = {
        "loadBalancerType": OneOf(("application",)),
        "ipAddressType": OneOf(("ipv4", "dualstack")),
        "idleTimeout": Between(1, 4000),
        "clientKeepAlive": Between(60, 604800),
    }
    defaults: ClassVar[Map] = {"internal": False, "ipAddressType": "ipv4", "loadBalancerType": "application"}

    def create(self, aws: Aws, inputs: Map) -> str:
        """Create; its attributes take another call."""
        name = inputs["name"]
        if _described(aws, "load_balancer", Names=[name]):
            raise RefusedError(f"load balancer {name!r} exists already: give another name, or none")
        made = aws.call(
            "elbv2",
            "create_load_balancer",
            Name=name,
            Subnets=inputs["subnets"],
            SecurityGroups=inputs.get("securityGroups"),
            Scheme="internal" if inputs.get("internal") else "internet-facing",
            Type="application",
            IpAddressType=inputs.get("ipAddressType"),
            Tags=aws.tags.given(inputs),
        )
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def complete(self, aws: Aws, identifier: str, inputs: Map) -> None:
        """Set the attributes."""
        self._write_attributes(aws, identifier, inputs, {})

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        found = _described(aws, "load_balancer", LoadBalancerArns=[identifier])
        if not found:
            return None
        live = found[0]
        listed = aws.call("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=identifier)["Attributes"]
        return {
            "arn": identifier,
            "arnSuffix": arn_suffix(identifier),
            "dnsName": live["DNSName"],
            "internal": live["Scheme"] == "internal",
            "ipAddressType": live.get("IpAddressType", "ipv4"),
            "loadBalancerType": live["Type"],
            "name": live["LoadBalancerName"],
            "securityGroups": live.get("SecurityGroups", []),
            "subnets": [zone["SubnetId"] for zone in live["AvailabilityZones"]],
            "vpcId": live["VpcId"],
            "zoneId": live["CanonicalHostedZoneId"],
            **attributes.read(_BALANCER, listed),
            **self._tag_outputs(aws, identifier),
        }

    def update(self, aws: Aws, identifier: str, old: Map, new: Map) -> None:
        """Attributes, subnets, security groups, addresses and tags."""
        self._write_attributes(aws, identifier, new, old)
        if changed(old, new, "subnets"):
            aws.call("elbv2", "set_subnets", LoadBalancerArn=identifier, Subnets=new["subnets"])
        if changed(old, new, "securityGroups"):
            groups = new["securityGroups"]
            aws.call("elbv2", "set_security_groups", LoadBalancerArn=identifier, SecurityGroups=groups)
        if changed(old, new, "ipAddressType"):
            address = new["ipAddressType"]
            aws.call("elbv2", "set_ip_address_type", LoadBalancerArn=identifier, IpAddressType=address)
        self._retag(aws, identifier, old, new)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete, with its listeners, as AWS does."""
        aws.call("elbv2", "delete_load_balancer", LoadBalancerArn=identifier)

    def _write_attributes(self, aws: Aws, arn: str, inputs: Map, old: Map) -> None:
        if written := attributes.written(_BALANCER, inputs, old):
            aws.call("elbv2", "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=written)


# Our name for a field of the health check, and AWS's.
_HEALTH: Final = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


class TargetGroup(Tagged):
    """`aws:lb/targetGroup:TargetGroup`, for application load balancers."""

    inputs = COMMON | {
        *("healthCheck", "ipAddressType", "port", "protocol", "protocolVersion", "targetType", "vpcId"),
        *(path.partition(".")[0] for path in _GROUP),
    }
    replaces = frozenset({"name", "port", "protocol", "protocolVersion", "targetType", "vpcId", "ipAddressType"})
    computed = ("arn", "arnSuffix", "loadBalancerArns", "tagsAll")
    name_limit = 32
    rules: ClassVar[Mapping[str, Rule]] = {
        "port": Between(1, 65535),
        "protocol": OneOf(("HTTP", "HTTPS")),
        "protocolVersion": OneOf(("HTTP1", "HTTP2", "GRPC")),
        "targetType": OneOf(("ip", "instance")),
        "deregistrationDelay": Between(0, 3600),
        "slowStart": Between(0, 900),
        "loadBalancingAlgorithmType": OneOf(("round_robin", "least_outstanding_requests", "weighted_random")),
        "healthCheck.interval": Between(5, 300),
        "healthCheck.timeout": Between(2, 120),
        "healthCheck.healthyThreshold": Between(2, 10),
        "healthCheck.unhealthyThreshold": Between(2, 10),
        "stickiness.type": OneOf(("lb_cookie",)),
        "stickiness.cookieDuration": Between(1, 604800),
    }
    defaults: ClassVar[Map] = {"targetType": "instance", "protocolVersion": "HTTP1", "ipAddressType": "ipv4"}

    def create(self, aws: Aws, inputs: Map) -> str:
        """Create; its attributes take another call."""
        made = aws.call(
            "elbv2",
            "create_target_group",
            Name=inputs["name"],
            Protocol=inputs.get("protocol"),
            ProtocolVersion=inputs.get("protocolVersion"),
            Port=inputs.get("port"),
            VpcId=inputs.get("vpcId"),
            TargetType=inputs.get("targetType"),
            IpAddressType=inputs.get("ipAddressType"),
            Tags=aws.tags.given(inputs),
            **_health(inputs),
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def complete(self, aws: Aws, identifier: str, inputs: Map) -> None:
        """Set the attributes."""
        self._write_attributes(aws, identifier, inputs, {})

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        found = _described(aws, "target_group", TargetGroupArns=[identifier])
        if not found:
            return None
        live = found[0]
        listed = aws.call("elbv2", "describe_target_group_attributes", TargetGroupArn=identifier)["Attributes"]
        return {
            "arn": identifier,
            "arnSuffix": arn_suffix(identifier),
            "healthCheck": {
                **{ours: live[theirs] for ours, theirs in _HEALTH.items() if theirs in live},
                "matcher": next(iter(map_at(live, "Matcher").values()), ""),
            },
            "ipAddressType": live.get("IpAddressType", "ipv4"),
            "loadBalancerArns": live.get("LoadBalancerArns", []),
            "name": live["TargetGroupName"],
            "port": live.get("Port"),
            "protocol": live.get("Protocol"),
            "protocolVersion": live.get("ProtocolVersion"),
            "targetType": live["TargetType"],
            "vpcId": live.get("VpcId"),
            **attributes.read(_GROUP, listed),
            **self._tag_outputs(aws, identifier),
        }

    def update(self, aws: Aws, identifier: str, old: Map, new: Map) -> None:
        """Health check, attributes and tags."""
        before, after = map_at(old, "healthCheck"), map_at(new, "healthCheck")
        if changed(before, after, *after):
            aws.call("elbv2", "modify_target_group", TargetGroupArn=identifier, **_health(new))
        self._write_attributes(aws, identifier, new, old)
        self._retag(aws, identifier, old, new)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete; one that a rule leads to is refused."""
        aws.call_unless_gone(("TargetGroupNotFound",), "elbv2", "delete_target_group", TargetGroupArn=identifier)

    def _write_attributes(self, aws: Aws, arn: str, inputs: Map, old: Map) -> None:
        if written := attributes.written(_GROUP, inputs, old):
            aws.call("elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=written)


def _health(inputs: Map) -> Map:
    given = map_at(inputs, "healthCheck")
    found: Map = {theirs: given[ours] for ours, theirs in _HEALTH.items() if given.get(ours) is not None}
    codes = "GrpcCode" if inputs.get("protocolVersion") == "GRPC" else "HttpCode"
    return {**found, "Matcher": {codes: given["matcher"]}} if given.get("matcher") else found


def _described(aws: Aws, what: str, **names: list[str]) -> list[Map]:
    """What AWS describes of these names or ARNs; nothing if it does not know them."""
    key = what.title().replace("_", "")
    found = aws.call_unless_gone((f"{key}NotFound",), "elbv2", f"describe_{what}s", **names)
    return list_at(found, f"{key}s")
