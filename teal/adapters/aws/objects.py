"""The few fields of AWS's answers that teal reads, validated where they come in. Not models of the API."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal


class Answer(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, alias_generator=to_pascal, populate_by_name=True)


class GroupWeight(Answer):
    """One target group of a forward; a weight that is not said is 1."""

    target_group_arn: str
    weight: int = 1


class Forward(Answer):
    """Where an action sends requests."""

    target_groups: tuple[GroupWeight, ...] = ()


class Action(Answer):
    """One action of a rule."""

    type: str
    order: int = 1
    target_group_arn: str = ""
    """Of a forward to one group alone."""
    forward_config: Forward = Forward()

    @property
    def weights(self) -> Mapping[str, int]:
        """Weight of each target group, by ARN."""
        groups = self.forward_config.target_groups
        if not groups and self.target_group_arn:
            return {self.target_group_arn: 1}
        return {each.target_group_arn: each.weight for each in groups}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A listener rule as read."""

    arn: str
    actions: Sequence[Action]
    written: Sequence[Mapping[str, Any]]
    """The same actions, whole, as AWS takes them back."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "Rule":
        """A rule, without its tags."""
        written = tuple(found["Actions"])
        return cls(
            arn=found["RuleArn"], actions=tuple(Action.model_validate(each) for each in written), written=written
        )

    @property
    def weights(self) -> Mapping[str, int]:
        """Weight of each target group that the rule forwards to, by ARN."""
        return {arn: weight for each in self.actions for arn, weight in each.weights.items()}

    @property
    def order(self) -> int:
        """Of its forward: of no meaning where there is one action, and so free to tell two writes apart."""
        return next((each.order for each in self.actions if each.weights), 1)

    @property
    def listener(self) -> str:
        """ARN of the listener that it is of."""
        return self.arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]

    @property
    def digest(self) -> str:
        """Of what it does: AWS keeps no version of a rule."""
        return sha256(json.dumps(self.written, sort_keys=True, default=str).encode()).hexdigest()[:16]

    def weighted(self, weights: Mapping[str, int]) -> list[dict[str, Any]]:
        """Its actions with other weights of the target groups that are named."""
        return [_weighted(each, weights) for each in self.written]


def _weighted(action: Mapping[str, Any], weights: Mapping[str, int]) -> dict[str, Any]:
    if action.get("Type") != "forward" or "ForwardConfig" not in action:
        return dict(action)
    config = action["ForwardConfig"]
    groups = [
        {**each, "Weight": weights.get(each["TargetGroupArn"], each.get("Weight", 1))}
        for each in config["TargetGroups"]
    ]
    rest = {key: value for key, value in action.items() if key != "TargetGroupArn"}  # beside several groups, refused
    return {**rest, "ForwardConfig": {**config, "TargetGroups": groups}}


class Listener(Answer):
    """A listener as read."""

    listener_arn: str
    load_balancer_arn: str
    protocol: str = "HTTP"
    port: int


class Balancer(Answer):
    """A load balancer as read."""

    load_balancer_arn: str
    dns_name: str = Field(default="", alias="DNSName")


class Group(Answer):
    """A target group as read."""

    target_group_arn: str
    load_balancer_arns: tuple[str, ...] = ()


class Health(Answer):
    """How a load balancer finds a target."""

    state: str


class Target(Answer):
    """A registered target as read."""

    target_health: Health


class Dimension(Answer):
    """What a metric is of."""

    name: str
    value: str


class Metric(Answer):
    """A metric that an alarm looks at."""

    dimensions: tuple[Dimension, ...] = ()


class Stat(Answer):
    """A statistic of a metric."""

    metric: Metric = Metric()


class Query(Answer):
    """One of several metrics that an alarm computes with."""

    metric_stat: Stat = Stat()


class Alarm(Answer):
    """An alarm as read."""

    alarm_name: str
    state_value: str
    dimensions: tuple[Dimension, ...] = ()
    metrics: tuple[Query, ...] = ()

    def concerns(self, group: str) -> bool:
        """Whether it looks at a target group, which metrics name by the end of its ARN."""
        looks_at = [*self.dimensions, *(each for query in self.metrics for each in query.metric_stat.metric.dimensions)]
        return any(each.name == "TargetGroup" and each.value == group.rpartition(":")[2] for each in looks_at)
