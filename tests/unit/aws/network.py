"""Where load balancers of the tests are: the network that moto brings along."""

from typing import Any

from tests.unit.aws.conftest import Aws


def vpc(aws: Aws) -> str:
    """The default network."""
    found: Any = aws.client("ec2").describe_vpcs()
    return str(found["Vpcs"][0]["VpcId"])


def subnets(aws: Aws) -> list[str]:
    """Its subnets, one a zone."""
    found: Any = aws.client("ec2").describe_subnets()
    return [subnet["SubnetId"] for subnet in found["Subnets"]]
