"""Functions of the provider: what a program asks of AWS without managing it."""

# ruff: noqa: ARG001 - all functions take the same

from collections.abc import Callable, Mapping
from typing import Final

from sandbox.providers.aws.balancing import LoadBalancer
from sandbox.providers.aws.errors import RefusedError
from sandbox.providers.aws.session import Aws
from sandbox.providers.aws.tags import tag_map
from sandbox.providers.properties import Map, list_at, map_at


def _caller(aws: Aws, args: Map) -> Map:
    found = aws.call("sts", "get_caller_identity")
    return {"id": found["Account"], "accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"]}


def _region(aws: Aws, args: Map) -> Map:
    return {"id": aws.region, "region": aws.region, "name": aws.region}


def _subnets(aws: Aws, args: Map) -> Map:
    found = aws.pages("ec2", "describe_subnets", "Subnets", Filters=_filters(args) or None)
    ids = sorted(subnet["SubnetId"] for subnet in found)
    return {"id": aws.region, "ids": ids, "region": aws.region, **_given(args)}


def _vpc(aws: Aws, args: Map) -> Map:
    wanted = {"isDefault": args.get("default"), "cidr": args.get("cidrBlock"), "state": args.get("state")}
    filters = [
        *_filters(args),
        *({"Name": name, "Values": [str(value).lower()]} for name, value in wanted.items() if value is not None),
    ]
    ids = [args["id"]] if args.get("id") else None
    live = _one("VPC", args, list(aws.pages("ec2", "describe_vpcs", "Vpcs", VpcIds=ids, Filters=filters or None)))
    return {
        "id": live["VpcId"],
        "arn": f"arn:aws:ec2:{aws.region}:{live.get('OwnerId', '')}:vpc/{live['VpcId']}",
        "cidrBlock": live["CidrBlock"],
        "cidrBlockAssociations": [
            {
                "associationId": each["AssociationId"],
                "cidrBlock": each["CidrBlock"],
                "state": each["CidrBlockState"]["State"],
            }
            for each in list_at(live, "CidrBlockAssociationSet")
        ],
        "default": bool(live.get("IsDefault")),
        "instanceTenancy": live.get("InstanceTenancy", "default"),
        "ownerId": live.get("OwnerId", ""),
        "region": aws.region,
        "state": live["State"],
        "tags": tag_map(live.get("Tags", [])),
    }


def _load_balancer(aws: Aws, args: Map) -> Map:
    live = list(
        aws.pages(
            "elbv2",
            "describe_load_balancers",
            "LoadBalancers",
            LoadBalancerArns=[args["arn"]] if args.get("arn") else None,
            Names=[args["name"]] if args.get("name") else None,
        )
    )
    kind, tags = LoadBalancer(), map_at(args, "tags")
    found = [outputs for each in live if (outputs := kind.read(aws, each["LoadBalancerArn"]))]
    one = _one("load balancer", args, [each for each in found if tags.items() <= each["tagsAll"].items()])
    return {**one, "id": one["arn"], "tags": one["tagsAll"], "region": aws.region}


LOOKUPS: Final[Mapping[str, Callable[[Aws, Map], Map]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _region,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:lb/getLoadBalancer:getLoadBalancer": _load_balancer,
}


def _filters(args: Map) -> list[Map]:
    tags = [{"Name": f"tag:{key}", "Values": [value]} for key, value in map_at(args, "tags").items()]
    return [*({"Name": each["name"], "Values": each["values"]} for each in list_at(args, "filters")), *tags]


def _given(args: Map) -> Map:
    return {key: args[key] for key in ("filters", "tags") if key in args}


def _one(what: str, args: Map, found: list[Map]) -> Map:
    if len(found) != 1:
        raise RefusedError(
            f"{len(found)} of {what} match {args}, and exactly one is needed. Nothing was changed. Name another: "
            "by its id or ARN, or by tags that only it has"
        )
    return found[0]
