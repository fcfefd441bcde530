"""The fields of AWS's answers that teal reads, validated where they come in. These are not models of the whole API."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pydantic import AliasPath, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal


class Answer(BaseModel):
    """The base of all parts of an answer."""

    model_config = ConfigDict(frozen=True, alias_generator=to_pascal, populate_by_name=True)


class GroupWeight(Answer):
    """One target group of a forward action; its weight is 1 where none is given."""

    target_group_arn: str
    weight: int = 1


class _Forward(Answer):
    target_groups: tuple[GroupWeight, ...] = ()


class _Action(Answer):
    type: str
    order: int = 1
    target_group_arn: str = ""
    """The ARN of the group, where the action forwards to a single one."""
    forward_config: _Forward = _Forward()

    @property
    def weights(self) -> Mapping[str, int]:
        """The weight of each target group, by ARN."""
        groups = self.forward_config.target_groups
        if not groups and self.target_group_arn:
            return {self.target_group_arn: 1}
        return {each.target_group_arn: each.weight for each in groups}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A listener rule as it was read."""

    arn: str
    actions: Sequence[_Action]
    written: Sequence[Mapping[str, Any]]
    """The complete actions, in the form in which AWS takes them back."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "Rule":
        """Make a rule from AWS's answer, without its tags."""
        written = tuple(found["Actions"])
        return cls(
            arn=found["RuleArn"], actions=tuple(_Action.model_validate(each) for each in written), written=written
        )

    @property
    def weights(self) -> Mapping[str, int]:
        """The weight of each target group that the rule forwards to, by ARN."""
        return {arn: weight for each in self.actions for arn, weight in each.weights.items()}

    @property
    def order(self) -> int:
        """The order of the forward action. It has no effect in a rule of one action, so it tells two writes apart."""
        return next((each.order for each in self.actions if each.weights), 1)

    @property
    def listener(self) -> str:
        """The ARN of the listener that the rule belongs to."""
        return self.arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]

    @property
    def digest(self) -> str:
        """A hash of the rule's actions, which stands in for a version: AWS keeps none."""
        return sha256(json.dumps(self.written, sort_keys=True, default=str).encode()).hexdigest()[:16]

    def weighted(self, weights: Mapping[str, int]) -> list[dict[str, Any]]:
        """Return the rule's actions with other weights for the target groups that are named."""
        return [_weighted(each, weights) for each in self.written]


def _weighted(action: Mapping[str, Any], weights: Mapping[str, int]) -> dict[str, Any]:
    if action.get("Type") != "forward" or "ForwardConfig" not in action:
        return dict(action)
    config = action["ForwardConfig"]
    groups = [
        {**each, "Weight": weights.get(each["TargetGroupArn"], each.get("Weight", 1))}
        for each in config["TargetGroups"]
    ]
    rest = {key: value for key, value in action.items() if key != "TargetGroupArn"}  # AWS refuses it beside groups
    return {**rest, "ForwardConfig": {**config, "TargetGroups": groups}}


class Listener(Answer):
    """A listener as it was read."""

    listener_arn: str
    load_balancer_arn: str
    protocol: str = "HTTP"
    port: int


class Balancer(Answer):
    """A load balancer as it was read."""

    load_balancer_arn: str
    dns_name: str = Field(default="", alias="DNSName")


class Group(Answer):
    """A target group as it was read."""

    target_group_arn: str
    load_balancer_arns: tuple[str, ...] = ()


class Target(Answer):
    """A registered target as it was read."""

    state: str = Field(validation_alias=AliasPath("TargetHealth", "State"))
    """Its health, as the load balancer sees it."""


class _Dimension(Answer):
    name: str
    value: str


class Query(Answer):
    """One of several metrics from which an alarm computes its value."""

    dimensions: tuple[_Dimension, ...] = Field(
        default=(), validation_alias=AliasPath("MetricStat", "Metric", "Dimensions")
    )


class Alarm(Answer):
    """An alarm as it was read."""

    alarm_name: str
    state_value: str
    dimensions: tuple[_Dimension, ...] = ()
    metrics: tuple[Query, ...] = ()

    def concerns(self, group: str) -> bool:
        """Return whether the alarm watches a target group. Metrics name a group by the last part of its ARN."""
        looks_at = [*self.dimensions, *(each for query in self.metrics for each in query.dimensions)]
        return any(each.name == "TargetGroup" and each.value == group.rpartition(":")[2] for each in looks_at)
