"""Reads listener rules, targets and alarms of one AWS region, and writes the weights of rules.

It uses plain boto3, whose own retries (standard mode: throttling, 5xx, lost connections, with backoff) are the only
ones. boto3 is synchronous, so every call runs in a thread. It finds credentials and AWS_ENDPOINT_URL itself.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final, TypeVar, cast

import boto3  # pyright: ignore[reportMissingTypeStubs]  # there are none
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]  # as boto3
from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore[reportMissingTypeStubs]  # as boto3

from teal.adapters.aws.objects import Alarm, Balancer, Group, Listener, Rule, Target
from teal.model.errors import UnreachableError

ATTEMPTS = 6
"""Attempts of one call. Where AWS throttles, boto3 waits up to 1, 2, 4, 8 and 16 s between them; after a 5xx it waits a
second or two in all. What fails longer than that is no passing fault."""

TAGGED_AT_ONCE = 20
"""How many resources ELB accepts in one request for tags."""

_T = TypeVar("_T")
_Json = Mapping[str, Any]


@cache
def connect(region: str) -> "Elb":
    """Return the client of a region. It is cached, since making one takes a tenth of a second."""
    return Elb(region)


class Elb:
    """A client of one region. Methods raise `UnreachableError` where AWS gave no answer, or refused."""

    def __init__(self, region: str) -> None:
        """Create the boto3 clients; no request is sent."""
        config = Config(
            region_name=region,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=5,
            read_timeout=15,
        )
        session: Any = boto3.Session()
        self._elb: Final = session.client("elbv2", config=config)
        self._cloudwatch: Final = session.client("cloudwatch", config=config)

    async def balancers(self, groups: Iterable[str]) -> Sequence[Balancer]:
        """Return the load balancers that send requests to these target groups."""
        found = await self._pages(self._elb, "describe_target_groups", "TargetGroups", TargetGroupArns=sorted(groups))
        arns = sorted({arn for each in found for arn in Group.model_validate(each).load_balancer_arns})
        if not arns:
            return ()
        listed = await self._pages(self._elb, "describe_load_balancers", "LoadBalancers", LoadBalancerArns=arns)
        return [Balancer.model_validate(each) for each in listed]

    async def listeners(self, balancer: str) -> Sequence[Listener]:
        """Return the listeners of a load balancer, given by its ARN."""
        found = await self._pages(self._elb, "describe_listeners", "Listeners", LoadBalancerArn=balancer)
        return [Listener.model_validate(each) for each in found]

    async def rules(self, *, listener: str = "", arns: Iterable[str] = ()) -> Sequence[Rule]:
        """Return the rules of a listener, or those with these ARNs, without their tags."""
        wanted: dict[str, Any] = {"ListenerArn": listener} if listener else {"RuleArns": sorted(arns)}
        return [Rule.of(each) for each in await self._pages(self._elb, "describe_rules", "Rules", **wanted)]

    async def known(self, arns: Sequence[str]) -> Sequence[Rule]:
        """Return the rules with these ARNs and their tags, which are requested at the same time."""
        rules, tags = await asyncio.gather(self.rules(arns=arns), self._tags(arns))
        return [replace(each, tags=tags.get(each.arn, {})) for each in rules]

    async def tagged(self, rules: Sequence[Rule]) -> Sequence[Rule]:
        """Return the same rules with their tags."""
        tags = await self._tags([each.arn for each in rules])
        return [replace(each, tags=tags.get(each.arn, {})) for each in rules]

    async def _tags(self, arns: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        tags: dict[str, Mapping[str, str]] = {}
        for start in range(0, len(arns), TAGGED_AT_ONCE):
            some = arns[start : start + TAGGED_AT_ONCE]
            for found in await self._pages(self._elb, "describe_tags", "TagDescriptions", ResourceArns=some):
                tags[found["ResourceArn"]] = {each["Key"]: each["Value"] for each in found["Tags"]}
        return tags

    async def health(self, group: str) -> Mapping[str, int]:
        """Return how many registered targets of a group are in each state."""
        found = await self._pages(self._elb, "describe_target_health", "TargetHealthDescriptions", TargetGroupArn=group)
        states = [Target.model_validate(each).state for each in found]
        return {state: states.count(state) for state in states}

    async def alarms(self, prefix: str, group: str) -> Mapping[str, str]:
        """Return the state of a target group's alarms whose names start with a prefix, by alarm name."""
        found = await self._pages(self._cloudwatch, "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
        listed = [Alarm.model_validate(each) for each in found]
        return {each.alarm_name: each.state_value for each in listed if each.concerns(group)}

    async def write(self, rule: Rule, weights: Mapping[str, int]) -> None:
        """Set the weights of a rule's target groups in one call; everything else stays as it was read.

        Its tags are left to Pulumi: pulumi-aws would never rewrite a tag that differs from its state.
        """
        actions = rule.weighted(weights)
        await _try("modify_rule", lambda: self._elb.modify_rule(RuleArn=rule.arn, Actions=actions))

    async def _pages(self, client: Any, operation: str, key: str, **wanted: object) -> Sequence[_Json]:  # noqa: ANN401 - boto3's clients have no types
        """Return all items of an answer, which may come in several pages."""

        def ask() -> Sequence[_Json]:
            if not client.can_paginate(operation):
                return getattr(client, operation)(**wanted)[key]
            return [each for page in client.get_paginator(operation).paginate(**wanted) for each in page[key]]

        return await _try(operation, ask)


async def _try(operation: str, ask: Callable[[], _T]) -> _T:
    try:
        return await asyncio.to_thread(ask)
    except ClientError as error:
        said = cast("Mapping[str, Mapping[str, str]]", error.response).get("Error", {})
        why = f"{said.get('Code')}: {said.get('Message')}"
    except BotoCoreError as error:
        why = f"{type(error).__name__}: {error}"
    raise UnreachableError(
        f"AWS did not do {operation.replace('_', '-')} ({why}), so nothing more was done. Next: aws sts "
        "get-caller-identity, compare its rights with docs/aws.md, then pulumi up again"
    )
