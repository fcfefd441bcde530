"""Declares a stack's network policies: who may connect to its pods, and to whom these may connect.

The cluster's network plugin enforces them, if it has one that does. `tests.unit.teal.network.reachability` computes
from them who may talk to whom.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pulumi

from teal.model.labels import NAME_LABEL, PART_OF, PART_OF_LABEL
from teal_infra.labels import OURS, migrations, shared
from teal_infra.provider.kinds import NetworkPolicy
from teal_infra.settings import Settings
from teal_infra.settings.reach.network import BackingPeer, NetworkSettings, Peer

if TYPE_CHECKING:  # heavy at run time, needed for their types only
    from pulumi_kubernetes.meta.v1 import LabelSelectorArgsDict
    from pulumi_kubernetes.networking.v1 import (
        NetworkPolicyEgressRuleArgsDict,
        NetworkPolicyIngressRuleArgsDict,
        NetworkPolicyPeerArgsDict,
        NetworkPolicyPortArgsDict,
        NetworkPolicySpecArgsDict,
    )

DNS_PORT = 53


class Member(NamedTuple):
    """A service of the stack, as its policies need it."""

    ports: Sequence[int | str]
    """The ports on which its pods serve, by number and name; empty for a worker, to which nobody connects."""
    metrics_port: int | None
    """The port on which Prometheus scrapes them; None where it does not."""
    settings: NetworkSettings
    peers: Mapping[str, BackingPeer]
    """The backing services, by name."""
    others: Sequence[tuple[int, str]] = ()
    """The ports of another protocol than TCP on which its pods serve, each with that protocol."""
    shared: Sequence[int] = ()
    """The ports on which its pods reach each other, beside those."""


def members(settings: Settings) -> Mapping[str, Member]:
    """Return all services of a stack."""
    return {
        name: Member(
            ports=each.reached_ports,
            metrics_port=each.metrics_port,
            settings=each.network,
            peers=settings.peers(name),
            others=[
                (each.numbered(extra.target_port), extra.protocol)
                for extra in each.front_door.extra_ports.values()
                if extra.protocol != "TCP"
            ],
            shared=[port for port in each.ports.values() if port not in each.reached_ports],
        )
        for name, each in settings.services.items()
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkPoliciesArgs:
    """The services of a stack, and its namespace."""

    services: Mapping[str, Member]
    namespace: pulumi.Input[str]
    """The stack's namespace, once it exists."""
    own: bool = True
    """Whether the stack may isolate all pods of the namespace. If not, its policies only select its own pods."""


class NetworkPolicies(pulumi.ComponentResource):
    """One policy for each service's pods in both colours, and one that denies the namespace everything else.

    A service's whole policy is one object, so that its pods are never isolated without what they need. For the same
    reason the general denial is created after all others, and deleted before them.
    """

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the policies."""
        super().__init__("teal:kubernetes:NetworkPolicies", name, None, opts)
        namespace = args.namespace
        self.services: Mapping[str, NetworkPolicy] = {
            service: NetworkPolicy(
                f"{service}-network",
                metadata={
                    "name": policy_name(service, own=args.own),
                    "namespace": namespace,
                    "labels": dict(shared(service)),
                },
                spec=_service(service, member, own=args.own),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for service, member in args.services.items()
            if member.settings.policies
        }
        """The policies by service. Each has to exist before the pods of its service."""
        if self.services:
            left_out = [each for of, it in args.services.items() if not it.settings.policies for each in _names(of)]
            NetworkPolicy(
                "default-deny",
                metadata={
                    "name": policy_name("default-deny", own=args.own),
                    "namespace": namespace,
                    "labels": dict(OURS),
                },
                spec={"pod_selector": _all_but(left_out, own=args.own), "policy_types": ["Ingress", "Egress"]},
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(self.services.values())),
            )
        self.register_outputs({})


def policy_name(of: str, *, own: bool) -> str:
    """Return the name of a policy. In a namespace with other people's policies it begins with `teal-`."""
    return of if own else f"teal-{of}"


def _names(service: str) -> Sequence[str]:
    """Return the names of a service's pods and of its migrations' pods, which need the same database."""
    return [service, migrations(service)]


def _all_but(names: Sequence[str], *, own: bool) -> "LabelSelectorArgsDict":
    others: LabelSelectorArgsDict = (
        {"match_expressions": [{"key": NAME_LABEL, "operator": "NotIn", "values": list(names)}]} if names else {}
    )
    return _ours(others, own=own)


def _ours(selector: "LabelSelectorArgsDict", *, own: bool) -> "LabelSelectorArgsDict":
    """Limit a selector to the stack's pods if the namespace has others, whose labels may have the same names."""
    return selector if own else {**selector, "match_labels": {PART_OF_LABEL: PART_OF}}


def _service(name: str, member: Member, *, own: bool) -> "NetworkPolicySpecArgsDict":
    settings = member.settings
    stack: NetworkPolicyPeerArgsDict = {"pod_selector": {"match_labels": {PART_OF_LABEL: PART_OF}}}
    callers = [*_peers(settings.ingress_controller), *(each for it in settings.callers.values() for each in _peers(it))]
    ingress: list[NetworkPolicyIngressRuleArgsDict] = []
    if member.ports:  # a rule without ports would mean all ports
        ports = [*map(_port, member.ports), *(_port(*each) for each in member.others)]
        ingress.append({"from_": [stack, *callers], "ports": ports})
    if member.shared:
        own_pods: NetworkPolicyPeerArgsDict = {
            "pod_selector": {"match_labels": {NAME_LABEL: name, PART_OF_LABEL: PART_OF}}
        }
        ingress.append({"from_": [own_pods], "ports": [_port(each) for each in member.shared]})
    if settings.prometheus and member.metrics_port is not None:
        ingress.append({"from_": _peers(settings.prometheus), "ports": [_port(member.metrics_port)]})
    return {
        # The selector names no colour: a flip does not change who may talk to whom.
        "pod_selector": _ours(
            {"match_expressions": [{"key": NAME_LABEL, "operator": "In", "values": list(_names(name))}]}, own=own
        ),
        "policy_types": ["Ingress", "Egress"],
        "ingress": ingress,
        # No ports are named: the policies of the stack's other services say what these accept.
        "egress": [{"to": [stack]}, *egress(settings.dns, member.peers.values())],
    }


def egress(dns: Peer | None, backing: Iterable[BackingPeer]) -> "list[NetworkPolicyEgressRuleArgsDict]":
    """Return the rules that allow a name server and the named peers, and nobody else."""
    rules: list[NetworkPolicyEgressRuleArgsDict] = []
    if dns:
        rules.append({"to": _peers(dns), "ports": [_port(DNS_PORT, "UDP"), _port(DNS_PORT)]})
    rules.extend({"to": _peers(each), "ports": [_port(port, each.protocol) for port in each.ports]} for each in backing)
    return rules


def _peers(peer: Peer | None) -> "list[NetworkPolicyPeerArgsDict]":
    if peer is None:
        return []
    pods: NetworkPolicyPeerArgsDict = {}
    if peer.namespace_labels:
        pods["namespace_selector"] = {"match_labels": dict(peer.namespace_labels)}
    if peer.pod_labels:
        pods["pod_selector"] = {"match_labels": dict(peer.pod_labels)}
    return [*([pods] if pods else []), *({"ip_block": {"cidr": cidr}} for cidr in peer.cidrs)]


def _port(port: int | str, protocol: str = "TCP") -> "NetworkPolicyPortArgsDict":
    return {"port": port, "protocol": protocol}
