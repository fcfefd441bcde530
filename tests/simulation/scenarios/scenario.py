"""Says what happens in one seed, and which config its stack has meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from json import dumps
from typing import Any

from teal_infra.settings import Settings
from teal_infra.settings.load import load

from teal.history.model import Stage
from teal.model.workers import Overlap
from tests.simulation.checks.workers import NAME as WORKER
from tests.simulation.cluster.admission import GROUP
from tests.simulation.cluster.faults import Outage
from tests.simulation.cluster.scraping import URL as PROMETHEUS
from tests.simulation.cluster.wire import Death
from tests.simulation.cluster.world import Release

BAKE = 6
SETTLE = 15
SERVICES = ("backend", "frontend")


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """Something that somebody else does to the cluster."""

    at: float
    what: str
    """`patch`, `flap`, `rollback`, `approve` or `forge`."""
    service: str
    """The service that it happens to; empty for all of them."""
    colour: str
    seconds: float = 0
    by: str = ""
    since: str = ""
    """What its time counts from: the first `proof`, `bake` or `way back`, the first `death` of a process, or the first
    one that leaves `half` of a flip set moved; empty for the beginning."""

    def __str__(self) -> str:
        """Return it in words, for the script."""
        if self.what == "patch":
            return f"{self.by} sends {self.service} to {self.colour}"
        if self.what == "rollback":
            return "a person runs teal rollback"
        if self.what == "approve":
            return f"somebody approves {self.colour}"
        return f"pods of {self.service or 'every service'} in {self.colour} turn unready for {self.seconds:.1f} s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Up:
    """An update: when it begins after the one before, and what it changes in the config."""

    after: float
    changes: Mapping[str, Any]
    death: Death | None = None
    rival: bool = False
    """Whether it comes from another machine, which knows nothing of the others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A time in which the process that records the first way back stands still, as on a machine that was suspended."""

    after: float
    """The seconds from that record on."""
    seconds: float


AUTOSCALED = {"autoscaling": {"minReplicas": 2, "maxReplicas": 6, "scaleDownWindowSeconds": 5}}
FIXED = {"replicas": 2, "autoscaling": {"enabled": False}}

ENDS = {
    "retireAfterMinutes": 1,
    "onRefusal": "stop",
    "watch": {"image": "teal:1", "egress": {"api": {"cidrs": ["192.0.2.1/32"], "ports": [6443]}}},
}
"""The settings by which the watch ends what is idle."""

BALANCER = {
    "vpcId": "vpc-0123456789abcdef0",
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "callers": ["192.0.2.0/24"],
    "reachable": False,
}
"""The load balancer, whose listener nobody here can ask."""

JUDGED = {"bake": {"seconds": 15, "windowSeconds": 30}, "prometheus": {"url": PROMETHEUS}}
"""The settings by which live traffic's numbers are judged: over a window that began before the flip."""

ANALYSED = {"gates": {"metrics": {"windowSeconds": 20, "waitSeconds": 10, "samples": 20, "errorFloorPercent": 5}}}
"""The same of a service, before a flip: 60 requests of test traffic are enough."""

TOLD = {"receivers": {"chat": {"url": "slack://a/b/c", "stages": [*map(str, Stage)]}}}
"""The settings by which people are told: one hears of everything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """All that happens in one seed."""

    seed: int
    services: Sequence[str]
    releases: Mapping[str, Release]
    load: int
    lag: float
    rate: float
    autoscaled: bool
    ups: Sequence[Up]
    happenings: Sequence[Happening]
    outages: Sequence[Outage]
    watched: bool
    watch_dies: Death | None
    pause: Pause | None
    closes: bool
    """Whether pods are asked to end their kept-alive connections, which here none of them does."""
    skew: float = 0
    """By how many seconds a machine's clock may differ from the API server's."""
    gateway: bool = False
    """Whether an HTTPRoute directs the traffic, and not Services' selectors."""
    balances: bool = False
    """Whether a listener rule of AWS directs the traffic, instead of either."""
    worker: Overlap | None = None
    """When both colours of the stack's worker may take work; None where it has no worker."""
    approval: int = 0
    """For how many seconds a person's yes is good; 0 where nobody has to give one."""
    admits: bool = False
    """Whether the stack brings admission policies; somebody who is not named in them forges its records."""
    rollback_dies: Death | None = None
    tells: bool = False
    """Whether people are told."""
    retires: bool = False
    """Whether the watch ends the colour that a flip has left, and a release that was refused or undone."""
    scrapes: bool = False
    """Whether a Prometheus scrapes the services, and knows live traffic's errors."""
    stall: tuple[float, float] = (0, 0)
    """How many seconds after the first bake began it stops scraping, and for how long."""

    @property
    def analyses(self) -> bool:
        """Whether a Prometheus, where there is one, is asked before a flip, too, and about slowness."""
        return self.seed % 2 == 1

    @property
    def calm(self) -> bool:
        """Whether nothing but the releases is bad."""
        return not (self.rate or self.happenings or self.outages)

    def config(self, changes: Mapping[str, Any]) -> Settings:
        """Return a stack's config, with some of its keys changed."""
        service = {
            **(ANALYSED if self.scrapes and self.analyses else {}),
            "port": 8000,
            "contract": True,
            **({"shutdown": {"closeConnectionsPath": "/close"}} if self.closes else {}),
            "probePath": "/pricing",
            "progressDeadlineSeconds": 20,
            "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}},
            **(AUTOSCALED if self.autoscaled else FIXED),
        }
        raw: dict[str, Any] = {
            "activeColour": "blue",
            "services": {
                **{name: {**service, **self._routing(name)} for name in self.services},
                **({WORKER: self._worker()} if self.worker else {}),
            },
            "bake": {"seconds": BAKE},
            "settleSeconds": SETTLE,
            **({"router": "gateway", "gateway": {"name": "public"}} if self.gateway else {}),
            **({"router": "alb", "alb": BALANCER} if self.balances else {}),
            **({"approval": {"maxAgeSeconds": self.approval}} if self.approval else {}),
            **({"admission": {"groups": [GROUP]}} if self.admits else {}),
            **({"notify": TOLD} if self.tells else {}),
            **(ENDS if self.retires else {}),
            **(JUDGED if self.scrapes else {}),
            "blue": self._slot("1.0.0"),
            "green": self._slot("1.1.0"),
        }
        for path, value in changes.items():
            *parents, last = path.split(".")
            place = raw
            for each in parents:
                place = place[each]
            place[last] = self._slot(value) if last in {"blue", "green"} else value
        return _settings(dumps(raw))

    def _routing(self, name: str) -> dict[str, Any]:
        if self.balances:
            routing = {"hosts": [f"{name}.example"], "priority": 10 * len(name)}
            return {"routing": routing, "network": {"policies": False}}
        return {"routing": {"hosts": [f"{name}.example"]}, "network": {"policies": False}} if self.gateway else {}

    def _worker(self) -> dict[str, Any]:
        return {
            "kind": "worker",
            "overlap": str(self.worker),
            "replicas": 2,
            "autoscaling": {"enabled": False},
            "progressDeadlineSeconds": 20,
            "shutdown": {"gracePeriodSeconds": 5},
        }

    def _slot(self, version: str) -> dict[str, Any]:
        names = (*self.services, *([WORKER] if self.worker else []))
        return {"version": version, **{name: {"image": f"registry.example/{name}:{version}"} for name in names}}


@cache
def _settings(raw: str) -> Settings:
    import json  # noqa: PLC0415

    objects = {key: value if isinstance(value, str) else dumps(value) for key, value in json.loads(raw).items()}
    return load(objects, stack="dev")
