"""Registered targets and what becomes of them: initial, healthy, unhealthy, draining, unused.

moto alone keys targets by id, and calls all of them healthy. Times are seconds of a clock that is passed in.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Key = tuple[str, int]
"""Address (or instance id) and port."""
Health = Literal["up", "down", "checking"]
"""What the data path's checks found; `checking` until the first of them decides."""


def key_of(given: Mapping[str, Any], port: str) -> Key:
    """Return the key of a target as a request gives it; `port` is its group's."""
    return str(given["Id"]), int(given.get("Port") or port)


def meant(key: Key, given: Mapping[str, Any]) -> bool:
    """Return whether a request means this target; without a port it means all that have the address."""
    return key[0] == given["Id"] and (not given.get("Port") or key[1] == int(given["Port"]))


@dataclass
class Target:
    """One target of a group.

    Attributes:
        effective: when the data path learns of it.
        decided: whether its checks have ever said anything: it is `initial` until then, and left out of fail-open.
        gone: when it was deregistered; None while it is registered.
    """

    address: str
    port: int
    effective: float
    decided: bool = False
    gone: float | None = None

    @property
    def key(self) -> Key:
        """What tells it from the group's others."""
        return self.address, self.port

    @property
    def server(self) -> str:
        """Its name in the data path."""
        return f"t-{self.address.replace(':', '_')}-{self.port}"


State = tuple[str, str | None, str | None]
"""State, reason code and description, as `DescribeTargetHealth` has them."""


def state(target: Target, *, used: bool, now: float, health: Health) -> State:
    """What AWS says of a target."""
    if target.gone is not None:
        return "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
    if not used:
        return "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
    if now < target.effective:
        return "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
    if health == "up":
        return "healthy", None, None
    if health == "down":
        return "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
    return "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"


@dataclass
class Targets:
    """All targets, by their group's ARN."""

    clock: Callable[[], float]
    _groups: dict[str, dict[Key, Target]] = field(default_factory=dict[str, dict[Key, Target]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def register(self, group: str, keys: list[Key], delay_s: float) -> None:
        """Register targets that the data path learns of `delay_s` later; one that is registered stays as it is."""
        with self._lock:
            known = self._groups.setdefault(group, {})
            for key in keys:
                if key not in known or known[key].gone is not None:
                    known[key] = Target(*key, effective=self.clock() + delay_s)

    def deregister(self, group: str, keys: list[Key]) -> None:
        """Let targets drain; those that are not registered are passed over, as AWS does."""
        with self._lock:
            for key in keys:
                target = self._groups.get(group, {}).get(key)
                if target is not None and target.gone is None:
                    target.gone = self.clock()

    def of(self, group: str) -> list[Target]:
        """The targets of a group, draining ones included, in the order of registration."""
        with self._lock:
            return list(self._groups.get(group, {}).values())

    def drained(self, group: str, delay_s: float) -> None:
        """Forget those that have been draining for longer than the group's deregistration delay."""
        with self._lock:
            known = self._groups.get(group, {})
            for key, target in list(known.items()):
                if target.gone is not None and self.clock() - target.gone >= delay_s:
                    del known[key]

    def forget(self, group: str) -> None:
        """Forget a group that is gone."""
        with self._lock:
            self._groups.pop(group, None)
