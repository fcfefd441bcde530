"""Listeners and their rules: which requests go where, and in what shares."""

# ruff: noqa: ARG002 - the operations of all kinds take the same; not every kind needs all of it

from collections.abc import Mapping
from typing import ClassVar, Final

from sandbox.providers.aws.balancing import Tagged
from sandbox.providers.aws.errors import RefusedError
from sandbox.providers.aws.kind import Between, Failure, OneOf, Rule, changed
from sandbox.providers.aws.session import Aws, tag_list
from sandbox.providers.properties import Map, is_map, is_unknown, list_at, map_at

_TYPES: Final = ("forward", "redirect", "fixed-response")
# pulumi-aws's own limits (its schema), by path below a list of actions.
_ACTION_RULES: Final[dict[str, Rule]] = {
    "*.type": OneOf(_TYPES),
    "*.order": Between(1, 50000),
    "*.forward.targetGroups.*.weight": Between(0, 999),
    "*.forward.stickiness.duration": Between(1, 604800),
}


class Listener(Tagged):
    """`aws:lb/listener:Listener`, of an application load balancer."""

    inputs = frozenset({"certificateArn", "defaultActions", "loadBalancerArn", "port", "protocol", "sslPolicy", "tags"})
    required = ("defaultActions", "loadBalancerArn")
    replaces = frozenset({"loadBalancerArn"})
    rules: ClassVar[Mapping[str, Rule]] = {
        "port": Between(1, 65535),
        "protocol": OneOf(("HTTP", "HTTPS")),
        **{f"defaultActions.{path}": rule for path, rule in _ACTION_RULES.items()},
    }
    defaults: ClassVar[Map] = {"protocol": "HTTP"}

    def check(self, inputs: Map) -> list[Failure]:
        """What is wrong with the default actions."""
        return _action_failures(inputs, "defaultActions")

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
            Tags=tag_list(aws.tags(inputs.get("tags") or {})) or None,
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        try:
            live = aws.call("elbv2", "describe_listeners", ListenerArns=[identifier])["Listeners"][0]
        except RefusedError as error:
            if error.code == "ListenerNotFound":
                return None
            raise
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
        if changed(old, new, "port", "protocol", "sslPolicy", "certificateArn") or _redirected(
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
        self._retag(aws, identifier, new)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete, with its rules, as AWS does."""
        try:
            aws.call("elbv2", "delete_listener", ListenerArn=identifier)
        except RefusedError as error:
            if error.code != "ListenerNotFound":
                raise


class ListenerRule(Tagged):
    """`aws:lb/listenerRule:ListenerRule`."""

    inputs = frozenset({"actions", "conditions", "listenerArn", "priority", "tags"})
    required = ("actions", "conditions", "listenerArn")
    replaces = frozenset({"listenerArn"})
    rules: ClassVar[Mapping[str, Rule]] = {
        "priority": Between(1, 50000),
        **{f"actions.{path}": rule for path, rule in _ACTION_RULES.items()},
    }

    def check(self, inputs: Map) -> list[Failure]:
        """What is wrong with actions and conditions."""
        found = _action_failures(inputs, "actions")
        for index, condition in enumerate(list_at(inputs, "conditions")):
            if is_map(condition) and (len(condition) != 1 or not condition.keys() <= _CONDITIONS.keys()):
                names = ", ".join(condition) or "nothing"
                found.append((f"conditions[{index}]", f"has {names}: it takes one of {', '.join(_CONDITIONS)}"))
        return found

    def create(self, aws: Aws, inputs: Map) -> str:
        """Create; without a priority it comes after all others, as with pulumi-aws."""
        made = aws.call(
            "elbv2",
            "create_rule",
            ListenerArn=inputs["listenerArn"],
            Priority=inputs.get("priority") or self._last(aws, inputs["listenerArn"]) + 1,
            Conditions=to_conditions(list_at(inputs, "conditions")),
            Actions=to_actions(list_at(inputs, "actions")),
            Tags=tag_list(aws.tags(inputs.get("tags") or {})) or None,
        )
        return str(made["Rules"][0]["RuleArn"])

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        try:
            live = aws.call("elbv2", "describe_rules", RuleArns=[identifier])["Rules"][0]
        except RefusedError as error:
            if error.code in ("RuleNotFound", "ListenerNotFound"):
                return None
            raise
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
        moved = _redirected(list_at(old, "actions"), actions)
        matched = list_at(old, "conditions") != from_conditions(to_conditions(conditions))
        if moved or matched:
            aws.call(
                "elbv2",
                "modify_rule",
                RuleArn=identifier,
                Actions=to_actions(actions) if moved else None,
                Conditions=to_conditions(conditions) if matched else None,
            )
        self._retag(aws, identifier, new)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete."""
        try:
            aws.call("elbv2", "delete_rule", RuleArn=identifier)
        except RefusedError as error:
            if error.code not in ("RuleNotFound", "ListenerNotFound"):
                raise

    def _last(self, aws: Aws, listener: str) -> int:
        rules = aws.call("elbv2", "describe_rules", ListenerArn=listener)["Rules"]
        return max((int(rule["Priority"]) for rule in rules if rule["Priority"] != "default"), default=0)


def _certificates(inputs: Map) -> list[Map] | None:
    arn = inputs.get("certificateArn")
    return [{"CertificateArn": arn}] if arn else None


def _action_failures(inputs: Map, key: str) -> list[Failure]:
    found: list[Failure] = []
    for index, action in enumerate(list_at(inputs, key)):
        kind = action.get("type") if is_map(action) else None
        if not is_map(action) or is_unknown(kind) or kind not in _TYPES:
            continue  # said already, or not known yet
        wanted = {"redirect": "redirect", "fixed-response": "fixedResponse"}.get(kind)
        if kind == "forward":
            if ("forward" in action) == ("targetGroupArn" in action):
                found.append((f"{key}[{index}]", "forwards to neither or both of `forward` and `targetGroupArn`"))
        elif wanted not in action:
            found.append((f"{key}[{index}].{wanted}", "is missing"))
    return found


def _redirected(old: list[Map], new: list[Map]) -> bool:
    """Whether actions differ in what they do; how they are written does not count."""
    return from_actions(to_actions(old)) != from_actions(to_actions(new))


_RENAMED: Final = {
    "fixedResponse": ("FixedResponseConfig", ("contentType", "messageBody", "statusCode")),
    "redirect": ("RedirectConfig", ("host", "path", "port", "protocol", "query", "statusCode")),
}


def to_actions(actions: list[Map]) -> list[Map]:
    """Actions as AWS takes them."""
    return [_to_action(action, index) for index, action in enumerate(actions, 1)]


def _to_action(action: Map, index: int) -> Map:
    found: Map = {"Type": action["type"], "Order": action.get("order") or index}
    if action.get("targetGroupArn"):
        found["TargetGroupArn"] = action["targetGroupArn"]
    if forward := map_at(action, "forward"):
        groups = [
            {"TargetGroupArn": group["arn"], "Weight": 1 if group.get("weight") is None else group["weight"]}
            for group in list_at(forward, "targetGroups")
        ]
        config: Map = {"TargetGroups": groups}
        if stickiness := map_at(forward, "stickiness"):
            config["TargetGroupStickinessConfig"] = {
                "Enabled": bool(stickiness.get("enabled")),
                "DurationSeconds": stickiness["duration"],
            }
        found["ForwardConfig"] = config
    for ours, (theirs, fields) in _RENAMED.items():
        if given := map_at(action, ours):
            found[theirs] = {field[0].upper() + field[1:]: given[field] for field in fields if field in given}
    return found


def from_actions(actions: list[Map]) -> list[Map]:
    """Actions as Pulumi has them: one target group of a share is written short, as pulumi-aws does."""
    return [_from_action(action, index) for index, action in enumerate(actions, 1)]


def _from_action(action: Map, index: int) -> Map:
    found: Map = {"type": action["Type"], "order": action.get("Order") or index}
    config = map_at(action, "ForwardConfig")
    groups = list_at(config, "TargetGroups")
    if action.get("TargetGroupArn") and len(groups) <= 1:
        found["targetGroupArn"] = action["TargetGroupArn"]
    elif config:
        found["forward"] = {
            "targetGroups": [
                {"arn": group["TargetGroupArn"], "weight": int(group.get("Weight", 1))} for group in groups
            ],
            "stickiness": {
                "enabled": bool(map_at(config, "TargetGroupStickinessConfig").get("Enabled")),
                "duration": int(map_at(config, "TargetGroupStickinessConfig").get("DurationSeconds", 0)),
            },
        }
    for ours, (theirs, fields) in _RENAMED.items():
        if given := map_at(action, theirs):
            found[ours] = {field: given[name] for field in fields if (name := field[0].upper() + field[1:]) in given}
    return found


# Our name of a condition, AWS's field, and the member its values are in.
_CONDITIONS: Final = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "queryStrings": ("query-string", "QueryStringConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


def to_conditions(conditions: list[Map]) -> list[Map]:
    """Conditions as AWS takes them."""
    found: list[Map] = []
    for condition in conditions:
        ((ours, given),) = condition.items()
        field, member = _CONDITIONS[ours]
        if ours == "queryStrings":
            values = [{**({"Key": pair["key"]} if pair.get("key") else {}), "Value": pair["value"]} for pair in given]
        else:
            values = list(given["values"])
        config: Map = {"Values": values}
        if ours == "httpHeader":
            config["HttpHeaderName"] = given["httpHeaderName"]
        found.append({"Field": field, member: config})
    return found


def from_conditions(conditions: list[Map]) -> list[Map]:
    """Conditions as Pulumi has them."""
    found: list[Map] = []
    for condition in conditions:
        ours, member = next((name, it[1]) for name, it in _CONDITIONS.items() if it[0] == condition["Field"])
        config = map_at(condition, member)
        values = list_at(config, "Values") or list_at(condition, "Values")
        if ours == "queryStrings":
            found.append({ours: [{key.lower(): text for key, text in pair.items()} for pair in values]})
        elif ours == "httpHeader":
            found.append({ours: {"httpHeaderName": config["HttpHeaderName"], "values": values}})
        else:
            found.append({ours: {"values": values}})
    return found
