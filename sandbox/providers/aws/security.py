"""Security groups and their rules. The sandbox enforces none: they are kept, and that is all."""

# ruff: noqa: ARG002 - the operations of all kinds take the same; not every kind needs all of it

from typing import Final, Literal

from sandbox.providers.aws.kind import COMMON, Kind, changed
from sandbox.providers.aws.session import Aws
from sandbox.providers.aws.tags import tag_map
from sandbox.providers.properties import Map, list_at

_GONE: Final = ("InvalidGroup.NotFound", "InvalidSecurityGroupRuleId.NotFound")


class SecurityGroup(Kind):
    """`aws:ec2/securityGroup:SecurityGroup`; rules are resources of their own, or inline."""

    inputs = COMMON | {"description", "egress", "ingress", "revokeRulesOnDelete", "vpcId"}
    replaces = frozenset({"name", "description", "vpcId"})
    computed = ("arn", "egress", "ingress", "ownerId", "tagsAll", "vpcId")
    name_limit = 255
    defaults = {"description": "Managed by Pulumi", "revokeRulesOnDelete": False}  # noqa: RUF012 - a ClassVar of Kind

    def create(self, aws: Aws, inputs: Map) -> str:
        """Create; its rules take further calls."""
        made = aws.call(
            "ec2",
            "create_security_group",
            GroupName=inputs["name"],
            Description=inputs.get("description", "Managed by Pulumi"),
            VpcId=inputs.get("vpcId"),
            TagSpecifications=_tagged(aws, "security-group", inputs),
        )
        return str(made["GroupId"])

    def complete(self, aws: Aws, identifier: str, inputs: Map) -> None:
        """Take away AWS's rule that lets everything out, as pulumi-aws does, and give it those that are inline."""
        live = self._live(aws, identifier) or {}
        if everything := list_at(live, "IpPermissionsEgress"):
            aws.call("ec2", "revoke_security_group_egress", GroupId=identifier, IpPermissions=everything)
        for way in ("ingress", "egress"):
            self._authorize(aws, identifier, way, list_at(inputs, way))

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        live = self._live(aws, identifier)
        if live is None:
            return None
        return {
            "arn": f"arn:aws:ec2:{aws.region}:{live['OwnerId']}:security-group/{identifier}",
            "description": live["Description"],
            "egress": [_from_permission(each) for each in live["IpPermissionsEgress"]],
            "ingress": [_from_permission(each) for each in live["IpPermissions"]],
            "name": live["GroupName"],
            "ownerId": live["OwnerId"],
            **aws.tags.outputs(tag_map(live.get("Tags", []))),
            "vpcId": live["VpcId"],
        }

    def update(self, aws: Aws, identifier: str, old: Map, new: Map) -> None:
        """Inline rules and tags."""
        live = self._live(aws, identifier) or {}
        for way, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if changed(old, new, way):
                if present := list_at(live, key):
                    operation = f"revoke_security_group_{way}"
                    aws.call("ec2", operation, GroupId=identifier, IpPermissions=present)
                self._authorize(aws, identifier, way, list_at(new, way))
        _retag(aws, identifier, live, new)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete; one that is in use is refused."""
        aws.call_unless_gone(_GONE, "ec2", "delete_security_group", GroupId=identifier)

    def _live(self, aws: Aws, identifier: str) -> Map | None:
        found = aws.call_unless_gone(_GONE, "ec2", "describe_security_groups", GroupIds=[identifier])
        return found and found["SecurityGroups"][0]

    def _authorize(self, aws: Aws, identifier: str, way: str, rules: list[Map]) -> None:
        if rules:
            permissions = [_to_permission(rule, identifier) for rule in rules]
            aws.call("ec2", f"authorize_security_group_{way}", GroupId=identifier, IpPermissions=permissions)


def _to_permission(rule: Map, itself: str) -> Map:
    groups = [*list_at(rule, "securityGroups"), *([itself] if rule.get("self") else [])]
    said = {"Description": rule["description"]} if rule.get("description") else {}
    found: Map = {
        "IpProtocol": rule["protocol"],
        "IpRanges": [{"CidrIp": cidr, **said} for cidr in list_at(rule, "cidrBlocks")],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **said} for cidr in list_at(rule, "ipv6CidrBlocks")],
        "UserIdGroupPairs": [{"GroupId": group, **said} for group in groups],
    }
    return found if rule["protocol"] == "-1" else {**found, "FromPort": rule["fromPort"], "ToPort": rule["toPort"]}


def _from_permission(live: Map) -> Map:
    return {
        "cidrBlocks": [each["CidrIp"] for each in list_at(live, "IpRanges")],
        "fromPort": live.get("FromPort", 0),
        "ipv6CidrBlocks": [each["CidrIpv6"] for each in list_at(live, "Ipv6Ranges")],
        "protocol": live["IpProtocol"],
        "securityGroups": [each["GroupId"] for each in list_at(live, "UserIdGroupPairs")],
        "toPort": live.get("ToPort", 0),
    }


# Our name of a rule's field and AWS's; exactly one of the last four says who is let through.
_FIELDS: Final = {
    "description": "Description",
    "fromPort": "FromPort",
    "ipProtocol": "IpProtocol",
    "toPort": "ToPort",
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "ReferencedGroupId",
}
_WHO: Final = tuple(_FIELDS)[4:]


class SecurityGroupRule(Kind):
    """`aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`, and the same for egress."""

    inputs = frozenset({*_FIELDS, "securityGroupId", "tags"})
    required = ("ipProtocol", "securityGroupId")
    replaces = frozenset({"securityGroupId"})
    computed = ("arn", "securityGroupRuleId", "tagsAll")

    def __init__(self, way: Literal["ingress", "egress"]) -> None:
        """A rule for what comes in, or for what goes out."""
        self._way = way

    def check(self, inputs: Map) -> list[tuple[str, str]]:
        """One source or destination."""
        given = [key for key in _WHO if inputs.get(key) is not None]
        return [] if len(given) == 1 else [("cidrIpv4", f"exactly one of {', '.join(_WHO)} is needed, not {given}")]

    def create(self, aws: Aws, inputs: Map) -> str:
        """Create."""
        said = {"Description": inputs["description"]} if inputs.get("description") else {}
        permission: Map = {
            "IpProtocol": inputs["ipProtocol"],
            **{_FIELDS[key]: inputs[key] for key in ("fromPort", "toPort") if inputs.get(key) is not None},
        }
        for key, member, name in (
            ("cidrIpv4", "IpRanges", "CidrIp"),
            ("cidrIpv6", "Ipv6Ranges", "CidrIpv6"),
            ("prefixListId", "PrefixListIds", "PrefixListId"),
            ("referencedSecurityGroupId", "UserIdGroupPairs", "GroupId"),
        ):
            if inputs.get(key) is not None:
                permission[member] = [{name: inputs[key], **said}]
        made = aws.call(
            "ec2",
            f"authorize_security_group_{self._way}",
            GroupId=inputs["securityGroupId"],
            IpPermissions=[permission],
            TagSpecifications=_tagged(aws, "security-group-rule", inputs),
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        live = self._live(aws, identifier)
        if live is None:
            return None
        # -1 is how AWS says that all ports are meant.
        given = {ours: live[theirs] for ours, theirs in _FIELDS.items() if live.get(theirs) not in (None, -1, "")}
        if referenced := live.get("ReferencedGroupInfo", {}).get("GroupId"):
            given["referencedSecurityGroupId"] = referenced
        return {
            **given,
            "arn": f"arn:aws:ec2:{aws.region}:{live.get('GroupOwnerId', '')}:security-group-rule/{identifier}",
            "securityGroupId": live["GroupId"],
            "securityGroupRuleId": identifier,
            **aws.tags.outputs(tag_map(live.get("Tags", []))),
        }

    def update(self, aws: Aws, identifier: str, old: Map, new: Map) -> None:
        """Everything but the group."""
        fields = {theirs: new[ours] for ours, theirs in _FIELDS.items() if new.get(ours) is not None}
        if any(old.get(ours) != new.get(ours) for ours in _FIELDS):
            rule = {"SecurityGroupRuleId": identifier, "SecurityGroupRule": fields}
            group = new["securityGroupId"]
            aws.call("ec2", "modify_security_group_rules", GroupId=group, SecurityGroupRules=[rule])
        _retag(aws, identifier, self._live(aws, identifier) or {}, new)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete."""
        operation, group = f"revoke_security_group_{self._way}", state["securityGroupId"]
        aws.call_unless_gone(_GONE, "ec2", operation, GroupId=group, SecurityGroupRuleIds=[identifier])

    def _live(self, aws: Aws, identifier: str) -> Map | None:
        operation = "describe_security_group_rules"
        found = aws.call_unless_gone(_GONE, "ec2", operation, SecurityGroupRuleIds=[identifier])
        return next(iter(list_at(found, "SecurityGroupRules")), None)


def _tagged(aws: Aws, what: str, inputs: Map) -> list[Map] | None:
    """The tags of a new resource, in the way that EC2 takes them."""
    given = aws.tags.given(inputs)
    return given and [{"ResourceType": what, "Tags": given}]


def _retag(aws: Aws, identifier: str, live: Map, new: Map) -> None:
    """Make a resource's tags what they should be."""
    gone, added = aws.tags.change(tag_map(live.get("Tags", [])), new)
    if gone:
        aws.call("ec2", "delete_tags", Resources=[identifier], Tags=[{"Key": key} for key in gone])
    if added:
        aws.call("ec2", "create_tags", Resources=[identifier], Tags=added)
