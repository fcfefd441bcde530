"""What moto holds of load balancing, as values: taken at one moment, applied to the data path at the same or a later.

Reads moto's own objects (there is no other way to all regions at once), so this is where a new moto may hurt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.acm.models import acm_backends
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer, FakeRule, FakeTargetGroup, elbv2_backends


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition of a rule; `values` are patterns with * and ?; for a query string they are `key=value`."""

    field: str
    values: tuple[str, ...]
    header: str = ""


@dataclass(frozen=True, kw_only=True)
class Action:
    """What is done with a request; `shares` are target groups' ids with their weights.

    Attributes:
        sticky_s: how long a client stays with its target group; 0 for not at all.
        fixed: status, content type and body.
        redirect: status, and URL with AWS's placeholders (`#{host}`).
    """

    shares: tuple[tuple[str, int], ...] = ()
    sticky_s: int = 0
    fixed: tuple[int, str, str] | None = None
    redirect: tuple[int, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Conditions, all of which have to hold, and an action; the default rule has none of them."""

    id: str
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True, kw_only=True)
class Listener:
    """An address and a port, and rules in the order of their priority.

    Attributes:
        certificate: PEM of certificate, chain and key; empty for HTTP.
    """

    id: str
    address: str
    port: int
    certificate: str
    idle_s: int
    keep_alive_s: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """A target group as the data path needs it; times in seconds."""

    id: str
    arn: str
    secure: bool
    path: str
    matcher: str
    check_port: int | None
    check_secure: bool
    interval_s: float
    timeout_s: int
    healthy: int
    unhealthy: int
    slow_start_s: int
    drain_s: int
    algorithm: str


@dataclass(frozen=True)
class Picture:
    """Everything a data path is made of but the targets; only groups that a rule leads to."""

    listeners: tuple[Listener, ...] = ()
    groups: tuple[Group, ...] = ()


def backends() -> Iterator[ELBv2Backend]:
    """The load balancing of every account and region that was ever asked for."""
    for account in list(elbv2_backends.values()):
        yield from list(account.values())


def take(check_interval_s: float = 0.0) -> Picture:
    """The picture of now; health checks as often as `check_interval_s`, or if that is 0 as the groups say."""
    listeners: list[Listener] = []
    groups: list[Group] = []
    for backend in backends():
        used: set[str] = set()
        for balancer in list(backend.load_balancers.values()):
            for listener in list(balancer.listeners.values()):
                seen = _listener(backend, balancer, listener)
                listeners.append(seen)
                used |= {group for rule in seen.rules for group, _ in rule.action.shares}
        present = [group for group in list(backend.target_groups.values()) if short(group.arn) in used]
        groups += [_group(group, check_interval_s) for group in present]
    return Picture(tuple(listeners), tuple(groups))


def short(arn: str) -> str:
    """The last part of an ARN: 16 hexadecimal digits, unlike any other's."""
    return arn.rpartition("/")[2]


def in_order(rules: list[FakeRule]) -> list[FakeRule]:
    """Rules by priority, the default one last."""
    return sorted(rules, key=lambda rule: (rule.is_default, 0 if rule.is_default else int(rule.priority)))


def group_weights(action: dict[str, Any]) -> list[tuple[str, int]]:
    """The target groups' ARNs that an action forwards to, with their weights."""
    if action.get("Type") != "forward":
        return []
    single: list[dict[str, Any]] = [{"TargetGroupArn": action.get("TargetGroupArn")}]
    groups: list[dict[str, Any]] = action.get("ForwardConfig", {}).get("TargetGroups") or single
    return [(str(group["TargetGroupArn"]), int(group.get("Weight", 1))) for group in groups]


def _listener(backend: ELBv2Backend, balancer: FakeLoadBalancer, listener: FakeListener) -> Listener:
    attributes: dict[str, Any] = balancer.attrs
    return Listener(
        id=short(listener.arn),
        address=balancer.dns_name,
        port=int(listener.port),
        certificate=_certificate(backend, listener.certificate) if listener.protocol == "HTTPS" else "",
        idle_s=int(attributes.get("idle_timeout.timeout_seconds") or 60),
        keep_alive_s=int(attributes.get("client_keep_alive.seconds") or 3600),
        rules=tuple(_rule(listener, rule) for rule in in_order(list(listener.rules.values()))),
    )


def _certificate(backend: ELBv2Backend, arn: str | None) -> str:
    bundle = acm_backends[backend.account_id][backend.region_name].get_certificate(arn or "")
    return "\n".join(part.decode() for part in (bundle.cert, bundle.chain, bundle.key) if part)


def _rule(listener: FakeListener, rule: FakeRule) -> Rule:
    identifier = f"default-{short(listener.arn)}" if rule.is_default else short(rule.arn)
    conditions = tuple(_condition(condition) for condition in rule.conditions)
    return Rule(id=identifier, conditions=conditions, action=_action([action.data for action in rule.actions]))


def _condition(given: dict[str, Any]) -> Condition:
    config: dict[str, Any] = next((value for key, value in given.items() if key.endswith("Config")), given)
    values = tuple(_pattern(value) for value in config["Values"])
    return Condition(field=given["Field"], values=values, header=config.get("HttpHeaderName", ""))


def _pattern(value: str | dict[str, str]) -> str:
    if isinstance(value, str):
        return value
    return f"{value['Key']}={value['Value']}" if value.get("Key") else value["Value"]


def _action(actions: list[dict[str, Any]]) -> Action:
    data = actions[-1]  # those before it authenticate
    if fixed := data.get("FixedResponseConfig"):
        body, kind = str(fixed.get("MessageBody", "")), str(fixed.get("ContentType", "text/plain"))
        return Action(fixed=(int(fixed["StatusCode"]), kind, body))
    if redirect := data.get("RedirectConfig"):
        part = {
            "Protocol": "#{protocol}",
            "Host": "#{host}",
            "Port": "#{port}",
            "Path": "/#{path}",
            "Query": "#{query}",
        }
        part |= {key: str(value) for key, value in redirect.items()}
        url = f"{part['Protocol']}://{part['Host']}:{part['Port']}{part['Path']}?{part['Query']}"
        return Action(redirect=(int(part["StatusCode"].removeprefix("HTTP_")), url))
    sticky = data.get("ForwardConfig", {}).get("TargetGroupStickinessConfig", {})
    return Action(
        shares=tuple((short(arn), weight) for arn, weight in group_weights(data)),
        sticky_s=int(sticky.get("DurationSeconds") or 0) if str(sticky.get("Enabled")).lower() == "true" else 0,
    )


def _group(group: FakeTargetGroup, check_interval_s: float) -> Group:
    port = str(group.health_check_port or "traffic-port")
    return Group(
        id=short(group.arn),
        arn=group.arn,
        secure=group.protocol == "HTTPS",
        path=group.health_check_path or "/",
        matcher=str(group.matcher.get("HttpCode") or "200"),
        check_port=None if port == "traffic-port" else int(port),
        check_secure=group.health_check_protocol == "HTTPS",
        interval_s=check_interval_s or int(group.health_check_interval_seconds),
        timeout_s=int(group.health_check_timeout_seconds),
        healthy=int(group.healthy_threshold_count),
        unhealthy=int(group.unhealthy_threshold_count),
        slow_start_s=int(group.attributes["slow_start.duration_seconds"]),
        drain_s=int(group.attributes["deregistration_delay.timeout_seconds"]),
        algorithm=str(group.attributes["load_balancing.algorithm.type"]),
    )
