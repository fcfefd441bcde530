"""What a stack declares of one service of a colour, as far as it is checked; and how much is asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from teal.gates.documents import ContractPlan
from teal.spec.gates import GatePlan


class Part(StrEnum):
    """A part of the checklist that can be left out by name; what it says begins with that, but for the gates."""

    RESOURCES = "resources"
    """The objects that the stack declares are there, and well."""
    GATES = "gates"
    """What a flip to the colour would ask of it."""
    PROBES = "probes"
    """The paths of its HTTP probes answer."""
    PATHS = "paths"
    """What its OpenAPI document offers answers."""
    SCRAPING = "scraping"
    """Prometheus scrapes its pods."""
    REACH = "reach"
    """Its pods reach what they need."""
    USAGE = "usage"
    """What its pods use, beside what they ask for."""
    SECURITY = "security"
    """What the policy pack finds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One service."""

    gates: GatePlan
    grows: bool = False
    """Whether a flip asks for as many of its pods as the live colour has, before its gates are asked."""
    objects: Mapping[str, str] = field(default_factory=dict[str, str])
    """The names of the objects that there have to be, by their kind (`teal.adapters.kubernetes.inventory`)."""
    probes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Paths that the kubelet asks the service's own port for, by the probe's name."""
    document: ContractPlan | None = None
    """Where its OpenAPI document is; None where the stack does not say that it has one."""
    up: str = ""
    """PromQL: whether a pod is up, by pod; `{pods}` is replaced. Empty where nobody scrapes it."""
    needs: Mapping[str, tuple[str, int] | None] = field(default_factory=dict[str, tuple[str, int] | None])
    """Host and port of what its pods connect to, by name; None where its settings do not say both."""
    paths: Sequence[str] = ()
    """What a load test asks for in turn; none where nobody asks it over HTTP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """A load test, bounded in time and in rate."""

    seconds: float
    per_second: float
    success_percent: float
    """Of the requests that have to be answered well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked of a colour beside what its stack declares."""

    skipped: frozenset[Part] = frozenset()
    load: Load | None = None
    image: str = ""
    """With a Python in it, from which a pod tries the network; empty where there is none."""
    timeout_seconds: float = 600.0
    """For all of it, beside the load test."""
