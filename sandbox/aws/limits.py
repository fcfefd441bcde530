"""What AWS takes: the limits of the Elastic Load Balancing API reference, and its answer to what is beyond them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from moto.elbv2.exceptions import ELBClientError

NAME_LENGTH: Final = 32
GROUPS: Final = 5  # target groups a rule forwards to (quota)
ATTRIBUTES: Final = {  # of a target group of an ALB, with the limits of those that are numbers
    "deregistration_delay.timeout_seconds": (0, 3600),
    "slow_start.duration_seconds": (0, 900),
    "stickiness.lb_cookie.duration_seconds": (1, 604800),
    "stickiness.app_cookie.duration_seconds": (1, 604800),
    **dict.fromkeys(
        (
            "load_balancing.algorithm.anomaly_mitigation",
            "load_balancing.algorithm.type",
            "load_balancing.cross_zone.enabled",
            "stickiness.app_cookie.cookie_name",
            "stickiness.enabled",
            "stickiness.type",
            "target_group_health.dns_failover.minimum_healthy_targets.count",
            "target_group_health.dns_failover.minimum_healthy_targets.percentage",
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        )
    ),
}
HEALTH: Final = {  # by moto's parameter: what AWS calls it, and its limits
    "healthcheck_interval_seconds": ("Health check interval", (5, 300)),
    "healthcheck_timeout_seconds": ("Health check timeout", (2, 120)),
    "healthy_threshold_count": ("Healthy threshold count", (2, 10)),
    "unhealthy_threshold_count": ("Unhealthy threshold count", (2, 10)),
}


def invalid(message: str, code: str = "ValidationError") -> ELBClientError:
    """AWS's answer to what it does not take."""
    return ELBClientError(code, message)


def within(what: str, value: object, limits: tuple[int, int]) -> None:
    """Refuse a number beyond its limits, both inclusive; one that is not given is within.

    Raises:
        ELBClientError: it is beyond.
    """
    low, high = limits
    if value is not None and not low <= int(str(value)) <= high:
        raise invalid(f"{what} '{value}' must be between '{low}' and '{high}'")


def require_health(given: Mapping[str, Any]) -> None:
    """Refuse a health check whose numbers are beyond their limits.

    Raises:
        ELBClientError: one is beyond.
    """
    for key, (what, limits) in HEALTH.items():
        within(what, given.get(key), limits)


def require_forward(weights: Sequence[int], forward: Mapping[str, Any]) -> None:
    """Refuse what a rule cannot forward to: by the weights of its target groups, and by its stickiness.

    Raises:
        ELBClientError: AWS would not take it.
    """
    for weight in weights:
        within("Weight", weight, (0, 999))
    if weights and not any(weights):
        raise invalid("At least one target group must have a weight greater than 0")
    if len(weights) > GROUPS:
        raise invalid(f"The maximum number of target groups is {GROUPS}", "TooManyTargetGroups")
    sticky = forward.get("TargetGroupStickinessConfig", {})
    if str(sticky.get("Enabled")).lower() == "true":
        within("Stickiness duration", sticky.get("DurationSeconds") or 0, (1, 604800))
