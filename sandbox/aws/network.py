"""`python -m sandbox.aws.network`: where a load balancer can be, as JSON, in the words of a stack's config."""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs] - there are none


def main() -> None:
    """Print a VPC and two of its subnets, which are in two zones."""
    session: Any = boto3.Session()
    subnets = session.client("ec2").describe_subnets()["Subnets"][:2]
    found = {"vpcId": subnets[0]["VpcId"], "subnetIds": [each["SubnetId"] for each in subnets]}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
