"""Which requests go where, and in what shares: actions and conditions, as Pulumi has them and as AWS does."""

from typing import Final

from sandbox.providers.aws.kind import Between, Failure, OneOf, Rule
from sandbox.providers.properties import UNKNOWN, Map, is_map, list_at, map_at

_TYPES: Final = ("forward", "redirect", "fixed-response")
# pulumi-aws's own limits (its schema), by path below a list of actions.
ACTION_RULES: Final[dict[str, Rule]] = {
    "*.type": OneOf(_TYPES),
    "*.order": Between(1, 50000),
    "*.forward.targetGroups.*.weight": Between(0, 999),
    "*.forward.stickiness.duration": Between(1, 604800),
}


def action_failures(inputs: Map, key: str) -> list[Failure]:
    """What is wrong with the actions at a key, beyond the rules."""
    found: list[Failure] = []
    for index, action in enumerate(list_at(inputs, key)):
        kind = action.get("type") if is_map(action) else None
        if not is_map(action) or kind == UNKNOWN or kind not in _TYPES:
            continue  # said already, or not known yet
        wanted = {"redirect": "redirect", "fixed-response": "fixedResponse"}.get(kind)
        if kind == "forward":
            if ("forward" in action) == ("targetGroupArn" in action):
                found.append((f"{key}[{index}]", "forwards to neither or both of `forward` and `targetGroupArn`"))
        elif wanted not in action:
            found.append((f"{key}[{index}].{wanted}", "is missing"))
    return found


def redirected(old: list[Map], new: list[Map]) -> bool:
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


def condition_failures(conditions: list[Map]) -> list[Failure]:
    """What is wrong with conditions: each is of one kind."""
    return [
        (f"conditions[{index}]", f"has {', '.join(it) or 'nothing'}: it takes one of {', '.join(_CONDITIONS)}")
        for index, it in enumerate(conditions)
        if is_map(it) and (len(it) != 1 or not it.keys() <= _CONDITIONS.keys())
    ]


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
