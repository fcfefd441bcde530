"""`python -m sandbox.aws.rules`: listener rules, as somebody at the AWS API reads and writes them; no proof, no record.

Whose a rule is, and which colour a target group is of, their tags say.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3  # pyright: ignore[reportMissingTypeStubs] - there are none
import cyclopts

from sandbox.load.writes import COLOUR_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

LIVE: Final = "live"
BARE: Final = "bare"
"""Role of a rule that nobody but this module writes."""

_SERVICE: Final = "teal/service"
_ROLE: Final = "teal/role"
_PRIORITY: Final = 49_990

app = cyclopts.App(name="python -m sandbox.aws.rules", help=__doc__)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule that forwards to the colours of a service."""

    arn: str
    listener: str
    service: str
    role: str
    colours: dict[str, str]  # by target group, as `short` names it
    weights: dict[str, int]  # the same
    version: str  # another one after each write
    forward: dict[str, Any]  # as the API has it

    def carrier(self, weights: Mapping[str, int]) -> str:
        """The colour that has all the traffic by these weights; empty where that is none."""
        having = [self.colours.get(group, "") for group, weight in weights.items() if weight]
        return having[0] if len(having) == 1 else ""


def short(arn: str) -> str:
    """The last part of an ARN, unlike any other's."""
    return arn.rpartition("/")[2]


def client() -> Any:  # noqa: ANN401 - boto3 has no types
    """The API of load balancing, wherever the environment says."""
    session: Any = boto3.Session()
    return session.client("elbv2")


def read(elb: Any) -> list[Rule]:  # noqa: ANN401 - as above
    """Every rule over target groups that have colours."""
    groups = [each["TargetGroupArn"] for each in elb.describe_target_groups()["TargetGroups"]]
    colours = {short(arn): _tags(elb, arn).get(COLOUR_LABEL, "") for arn in groups}
    listeners = [
        each["ListenerArn"]
        for balancer in elb.describe_load_balancers()["LoadBalancers"]
        for each in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    ]
    found = [
        _rule(elb, arn, each, colours) for arn in listeners for each in elb.describe_rules(ListenerArn=arn)["Rules"]
    ]
    return [rule for rule in found if rule.weights]


def _rule(elb: Any, listener: str, rule: dict[str, Any], colours: dict[str, str]) -> Rule:  # noqa: ANN401 - as above
    arn, actions, tags = rule["RuleArn"], rule["Actions"], _tags(elb, rule["RuleArn"])
    forward = actions[0].get("ForwardConfig", {})
    weights = {short(each["TargetGroupArn"]): int(each["Weight"]) for each in forward.get("TargetGroups", [])}
    written = json.dumps([rule["Conditions"], actions], sort_keys=True)
    return Rule(
        arn=arn,
        listener=listener,
        service=tags.get(_SERVICE, ""),
        role=tags.get(_ROLE, ""),
        colours={group: colours[group] for group in weights},
        weights=weights,
        version=hashlib.sha256(written.encode()).hexdigest()[:12],
        forward=forward,
    )


def _tags(elb: Any, arn: str) -> dict[str, str]:  # noqa: ANN401 - as above
    (found,) = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return {each["Key"]: each["Value"] for each in found["Tags"]}


@app.command
def show() -> None:
    """Print as JSON which colour is live by the rule of each service, and the rule's version."""
    rules = [rule for rule in read(client()) if rule.role == LIVE]
    found = {rule.service: {"colour": rule.carrier(rule.weights), "version": rule.version} for rule in rules}
    sys.stdout.write(json.dumps(found) + "\n")


@app.command
def make(service: str, name: str) -> None:
    """Make a rule like that of a service, for requests to the host NAME."""
    elb = client()
    (live,) = [rule for rule in read(elb) if (rule.role, rule.service) == (LIVE, service)]
    elb.create_rule(
        ListenerArn=live.listener,
        Priority=_PRIORITY,
        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": [name]}}],
        Actions=[{"Type": "forward", "ForwardConfig": live.forward}],
        Tags=[{"Key": _SERVICE, "Value": name}, {"Key": _ROLE, "Value": BARE}],
    )


@app.command
def move(name: str, colour: str) -> None:
    """Give all traffic of such a rule to a colour."""
    elb = client()
    (rule,) = [rule for rule in read(elb) if (rule.role, rule.service) == (BARE, name)]
    for group in rule.forward["TargetGroups"]:
        group["Weight"] = 100 if rule.colours[short(group["TargetGroupArn"])] == colour else 0
    elb.modify_rule(RuleArn=rule.arn, Actions=[{"Type": "forward", "ForwardConfig": rule.forward}])


@app.command
def remove(name: str) -> None:
    """Take such a rule away."""
    elb = client()
    for rule in read(elb):
        if (rule.role, rule.service) == (BARE, name):
            elb.delete_rule(RuleArn=rule.arn)


if __name__ == "__main__":
    app()
