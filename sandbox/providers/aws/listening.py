"""Listeners and their rules."""

# ruff: noqa: ARG002 - the operations of all kinds take the same; not every kind needs all of it

from collections.abc import Mapping
from typing import ClassVar, Final

from sandbox.providers.aws.balancing import Tagged
from sandbox.providers.aws.kind import Between, Failure, OneOf, Rule, changed
from sandbox.providers.aws.routing import (
    ACTION_RULES,
    action_failures,
    condition_failures,
    from_actions,
    from_conditions,
    redirected,
    to_actions,
    to_conditions,
)
from sandbox.providers.aws.session import Aws
from sandbox.providers.properties import Map, list_at

_GONE: Final = ("ListenerNotFound", "RuleNotFound")


class Listener(Tagged):
    """`aws:lb/listener:Listener`, of an application load balancer."""

    inputs = frozenset({"certificateArn", "defaultActions", "loadBalancerArn", "port", "protocol", "sslPolicy", "tags"})
    required = ("defaultActions", "loadBalancerArn")
    replaces = frozenset({"loadBalancerArn"})
    rules: ClassVar[Mapping[str, Rule]] = {
        "port": Between(1, 65535),
        "protocol": OneOf(("HTTP", "HTTPS")),
        **{f"defaultActions.{path}": rule for path, rule in ACTION_RULES.items()},
    }
    defaults: ClassVar[Map] = {"protocol": "HTTP"}

    def check(self, inputs: Map) -> list[Failure]:
        """What is wrong with the default actions."""
        return action_failures(inputs, "defaultActions")

    def create(self, aws: Aws, inputs: Map) -> str:
        """Create."""
        made = aws.call(
            "elbv2",
            "create_listener",
            LoadBalancerArn=inputs["loadBalancerArn"],
            Port=inputs.get("port"),
            Protocol=inputs.get("protocol", "HTTP"),
            SslPolicy=inputs.get("sslPolicy"),
            Certificates=_certificates(inputs),
            DefaultActions=to_actions(list_at(inputs, "defaultActions")),
            Tags=aws.tags.given(inputs),
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        found = aws.call_unless_gone(_GONE, "elbv2", "describe_listeners", ListenerArns=[identifier])
        if found is None:
            return None
        live = found["Listeners"][0]
        certificates = list_at(live, "Certificates")
        return {
            "arn": identifier,
            "certificateArn": certificates[0]["CertificateArn"] if certificates else None,
            "defaultActions": from_actions(live["DefaultActions"]),
            "loadBalancerArn": live["LoadBalancerArn"],
            "port": live.get("Port"),
            "protocol": live.get("Protocol"),
            "sslPolicy": live.get("SslPolicy"),
            **self._tag_outputs(aws, identifier),
        }

    def update(self, aws: Aws, identifier: str, old: Map, new: Map) -> None:
        """Port, protocol, certificate, actions and tags."""
        if changed(old, new, "port", "protocol", "sslPolicy", "certificateArn") or redirected(
            list_at(old, "defaultActions"), list_at(new, "defaultActions")
        ):
            aws.call(
                "elbv2",
                "modify_listener",
                ListenerArn=identifier,
                Port=new.get("port"),
                Protocol=new.get("protocol", "HTTP"),
                SslPolicy=new.get("sslPolicy"),
                Certificates=_certificates(new),
                DefaultActions=to_actions(list_at(new, "defaultActions")),
            )
        self._retag(aws, identifier, old, new)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete, with its rules, as AWS does."""
        aws.call_unless_gone(_GONE, "elbv2", "delete_listener", ListenerArn=identifier)


class ListenerRule(Tagged):
    """`aws:lb/listenerRule:ListenerRule`."""

    inputs = frozenset({"actions", "conditions", "listenerArn", "priority", "tags"})
    required = ("actions", "conditions", "listenerArn")
    replaces = frozenset({"listenerArn"})
    rules: ClassVar[Mapping[str, Rule]] = {
        "priority": Between(1, 50000),
        **{f"actions.{path}": rule for path, rule in ACTION_RULES.items()},
    }

    def check(self, inputs: Map) -> list[Failure]:
        """What is wrong with actions and conditions."""
        return [*action_failures(inputs, "actions"), *condition_failures(list_at(inputs, "conditions"))]

    def create(self, aws: Aws, inputs: Map) -> str:
        """Create; without a priority it comes after all others, as with pulumi-aws."""
        made = aws.call(
            "elbv2",
            "create_rule",
            ListenerArn=inputs["listenerArn"],
            Priority=inputs.get("priority") or self._last(aws, inputs["listenerArn"]) + 1,
            Conditions=to_conditions(list_at(inputs, "conditions")),
            Actions=to_actions(list_at(inputs, "actions")),
            Tags=aws.tags.given(inputs),
        )
        return str(made["Rules"][0]["RuleArn"])

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        found = aws.call_unless_gone(_GONE, "elbv2", "describe_rules", RuleArns=[identifier])
        if found is None:
            return None
        live = found["Rules"][0]
        return {
            "actions": from_actions(live["Actions"]),
            "arn": identifier,
            "conditions": from_conditions(live["Conditions"]),
            "listenerArn": identifier.replace(":listener-rule/", ":listener/").rpartition("/")[0],
            "priority": int(live["Priority"]),
            **self._tag_outputs(aws, identifier),
        }

    def update(self, aws: Aws, identifier: str, old: Map, new: Map) -> None:
        """Priority, actions and conditions (one call if both), tags."""
        if changed(old, new, "priority"):
            priorities = [{"RuleArn": identifier, "Priority": new["priority"]}]
            aws.call("elbv2", "set_rule_priorities", RulePriorities=priorities)
        actions, conditions = list_at(new, "actions"), list_at(new, "conditions")
        moved = redirected(list_at(old, "actions"), actions)
        matched = list_at(old, "conditions") != from_conditions(to_conditions(conditions))
        if moved or matched:
            aws.call(
                "elbv2",
                "modify_rule",
                RuleArn=identifier,
                Actions=to_actions(actions) if moved else None,
                Conditions=to_conditions(conditions) if matched else None,
            )
        self._retag(aws, identifier, old, new)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete."""
        aws.call_unless_gone(_GONE, "elbv2", "delete_rule", RuleArn=identifier)

    def _last(self, aws: Aws, listener: str) -> int:
        rules = aws.call("elbv2", "describe_rules", ListenerArn=listener)["Rules"]
        return max((int(rule["Priority"]) for rule in rules if rule["Priority"] != "default"), default=0)


def _certificates(inputs: Map) -> list[Map] | None:
    arn = inputs.get("certificateArn")
    return [{"CertificateArn": arn}] if arn else None
