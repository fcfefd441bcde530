"""Describes what a stack declares of one service of a colour, as far as it is checked, and how much is asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from teal.gates.documents import ContractPlan
from teal.gates.replies import Request
from teal.spec.gates import GatePlan


class Part(StrEnum):
    """A part of the checklist that can be left out by name. Its verdicts' names begin with it, except the gates'."""

    RESOURCES = "resources"
    """The objects that the stack declares are there, and well."""
    GATES = "gates"
    """The gates that a flip to the colour would ask pass."""
    PROBES = "probes"
    """The paths of its HTTP probes answer."""
    PATHS = "paths"
    """What its OpenAPI document offers answers."""
    SCRAPING = "scraping"
    """Prometheus scrapes its pods."""
    REACH = "reach"
    """Its pods reach what they need."""
    USAGE = "usage"
    """The resources that its pods use, beside what they ask for."""
    SECURITY = "security"
    """The findings of the policy pack."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One service of a colour, as it is checked."""

    gates: GatePlan
    grows: bool = False
    """Whether a flip asks for as many of its pods as the live colour has, before its gates are asked."""
    objects: Mapping[str, str] = field(default_factory=dict[str, str])
    """The names of the objects that have to be there, by their kind (`teal.adapters.kubernetes.inventory`)."""
    probes: Mapping[str, Request] = field(default_factory=dict[str, Request])
    """The requests that the kubelet makes at the service's own port, by the probe's name."""
    documents: Sequence[ContractPlan] = ()
    """Where its OpenAPI documents are; empty where the stack does not say that it has one."""
    up: str = ""
    """The PromQL that says which pods are up, with `{pods}` to be replaced. It is empty where nobody scrapes them."""
    needs: Mapping[str, tuple[str, int] | None] = field(default_factory=dict[str, tuple[str, int] | None])
    """The host and port of each thing that its pods connect to, by name; None where its settings do not say both."""
    paths: Sequence[str] = ()
    """The paths that a load test asks for in turn; empty where nobody asks the service over HTTP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """A load test, bounded in time and in rate."""

    seconds: float
    per_second: float
    success_percent: float
    """The percentage of requests that have to be answered well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """How a colour is checked, beyond what its stack declares."""

    skipped: frozenset[Part] = frozenset()
    load: Load | None = None
    image: str = ""
    """An image with a Python in it, from which a pod tries the network; empty where there is none."""
    timeout_seconds: float = 600.0
    """How long all of it may take, without the load test."""
