"""Who may talk to whom on which port, computed from NetworkPolicy objects by Kubernetes' semantics. Pure.

Says what policies permit, not what a cluster does: enforcement is its network
plugin's. Knows no Services (policies see the pods' own ports, behind the
Service's), and nothing of what a kubelet's probes do: traffic from the node on
which a pod runs is always allowed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from itertools import permutations
from typing import Literal, NamedTuple, cast

from lightkube.models.meta_v1 import LabelSelector, LabelSelectorRequirement
from lightkube.models.networking_v1 import IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Label that the API server puts on every namespace: its name."""


class Port(NamedTuple):
    """Where somebody listens."""

    number: int
    protocol: str = "TCP"


@dataclass(frozen=True, kw_only=True, slots=True)
class Namespace:
    """A namespace, as selectors see it."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class Pod:
    """A pod, as selectors see it."""

    name: str
    namespace: Namespace
    labels: Mapping[str, str]
    ports: Mapping[str, Port] = field(default_factory=dict[str, Port])
    """The named ports of its containers."""
    address: str | None = None
    """Compared with ipBlocks, as many network plugins do. Without it no ipBlock means this pod: Kubernetes intends
    them for addresses outside the cluster, and some plugins hold to that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """A host that is no pod: a client, a database, the API server."""

    name: str
    address: str


Actor = Pod | Outside
Matrix = Mapping[tuple[str, str], frozenset[Port]]


def matrix(policies: Sequence[NetworkPolicy], actors: Sequence[Actor], ports: Iterable[Port]) -> Matrix:
    """For each ordered pair of actors' names: on which of the ports the first may connect to the second.

    Args:
        policies: all that the pods' namespaces hold.
        actors: whose names differ. Pairs of hosts outside are left out: policies say nothing of them.
        ports: those of interest.

    Raises:
        ValueError: two actors share a name, or a policy is one that no API server accepts.
    """
    twice = [name for name, count in Counter(actor.name for actor in actors).items() if count > 1]
    if twice:
        raise ValueError(f"actors that share a name would share a row: {', '.join(twice)}")
    asked = frozenset(ports)
    return {
        (source.name, target.name): frozenset(port for port in asked if allowed(policies, source, target, port))
        for source, target in permutations(actors, 2)
        if isinstance(source, Pod) or isinstance(target, Pod)
    }


def allowed(policies: Iterable[NetworkPolicy], source: Actor, target: Actor, port: Port) -> bool:
    """Whether `source` may connect to `port` of `target`: the egress of the one and the ingress of the other permit it.

    Raises:
        ValueError: a policy is one that no API server accepts: an unknown operator, a CIDR that is none.
    """
    policies = tuple(policies)
    out, into = _rules(policies, source, "Egress"), _rules(policies, target, "Ingress")
    # "A pod cannot block access to itself", says Kubernetes.
    return source == target or (_permit(out, target, target, port) and _permit(into, source, target, port))


class _Rule(NamedTuple):
    """A rule of either direction; no peers means anybody, no ports means any."""

    namespace: str
    peers: Sequence[NetworkPolicyPeer]
    ports: Sequence[NetworkPolicyPort]


def _rules(policies: Iterable[NetworkPolicy], actor: Actor, way: Literal["Ingress", "Egress"]) -> list[_Rule] | None:
    """The rules that hold for an actor; None where no policy selects it, so that everything is permitted."""
    isolated, rules = False, list[_Rule]()
    for policy in policies:
        namespace, spec = (policy.metadata and policy.metadata.namespace) or "default", policy.spec
        if spec is None or not isinstance(actor, Pod) or actor.namespace.name != namespace:
            continue
        # As the API server fills it in: ingress always, egress where there is a rule for it.
        ways = spec.policyTypes or (["Ingress", "Egress"] if spec.egress else ["Ingress"])
        if way not in ways or not _selects(spec.podSelector or LabelSelector(), actor.labels):
            continue
        isolated = True
        if way == "Ingress":
            rules += [_Rule(namespace, rule.from_ or (), rule.ports or ()) for rule in spec.ingress or ()]
        else:
            rules += [_Rule(namespace, rule.to or (), rule.ports or ()) for rule in spec.egress or ()]
    return rules if isolated else None


def _permit(rules: Iterable[_Rule] | None, peer: Actor, target: Actor, port: Port) -> bool:
    return rules is None or any(
        (not rule.peers or any(_means(each, rule.namespace, peer) for each in rule.peers))
        and (not rule.ports or any(_covers(each, target, port) for each in rule.ports))
        for rule in rules
    )


def _means(peer: NetworkPolicyPeer, namespace: str, actor: Actor) -> bool:
    """Whether a peer of a policy in `namespace` is this actor."""
    if peer.ipBlock is not None:
        return actor.address is not None and _contains(peer.ipBlock, actor.address)
    if not isinstance(actor, Pod) or (peer.podSelector is None and peer.namespaceSelector is None):
        return False
    if peer.namespaceSelector is None:
        near = actor.namespace.name == namespace
    else:
        near = _selects(peer.namespaceSelector, {**actor.namespace.labels, NAMESPACE_NAME: actor.namespace.name})
    return near and (peer.podSelector is None or _selects(peer.podSelector, actor.labels))


def _contains(block: IPBlock, address: str) -> bool:
    here = ip_address(address)
    return here in ip_network(block.cidr) and not any(here in ip_network(each) for each in block.except_ or ())


def _covers(ports: NetworkPolicyPort, target: Actor, port: Port) -> bool:
    """Whether a rule's port is this one. A name is looked up on the target: that is where the port is."""
    if (ports.protocol or "TCP") != port.protocol:
        return False
    if ports.port is None:
        return True
    if isinstance(ports.port, str):
        return isinstance(target, Pod) and target.ports.get(ports.port) == port
    return ports.port <= port.number <= (ports.endPort or ports.port)


def _selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    wanted = cast("Mapping[str, str]", selector.matchLabels or {})  # pyright: ignore[reportUnknownMemberType]  # a plain dict
    return wanted.items() <= labels.items() and all(_meets(each, labels) for each in selector.matchExpressions or ())


def _meets(requirement: LabelSelectorRequirement, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(requirement.key), requirement.values or ()
    match requirement.operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case operator:
            raise ValueError(f"no operator of a label selector: {operator}")
