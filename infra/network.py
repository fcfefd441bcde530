"""Network policies of a stack: who may connect to its pods, and to whom these may connect.

Policies are written here and enforced by the cluster's network plugin, if it has
one that does. `teal.reachability` computes from them who may talk to whom.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from infra.labels import migrations, shared
from infra.settings.network import BackingPeer, NetworkSettings, Peer
from teal.colours import NAME_LABEL, PART_OF, PART_OF_LABEL

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
    """A service of the stack, as policies see it."""

    ports: Sequence[int]
    """On which its pods serve."""
    metrics_port: int
    settings: NetworkSettings


class NetworkPolicies(pulumi.ComponentResource):
    """One policy a service, for its pods in both colours alike, and one that denies the namespace everything else.

    A service's whole policy is one object, so that no moment exists in which its
    pods are isolated and what they need is not yet allowed. For the same reason
    the general denial comes after all of them, and goes before them.
    """

    def __init__(
        self,
        services: Mapping[str, Member],
        backing: Mapping[str, BackingPeer | None],
        namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare them.

        Args:
            services: of the stack, by name.
            backing: the stack's backing services, by name.
            namespace: the stack's, once it is there.
            opts: Pulumi's options.
        """
        super().__init__("teal:kubernetes:NetworkPolicies", "network", None, opts)
        self.services: Mapping[str, NetworkPolicy] = {
            name: NetworkPolicy(
                f"{name}-network",
                metadata={"name": name, "namespace": namespace, "labels": dict(shared(name))},
                spec=_service(name, member, member.settings.reached(backing)),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for name, member in services.items()
            if member.settings.policies
        }
        """Each to be there before the pods of its service."""
        if self.services:
            left_out = [each for name, it in services.items() if not it.settings.policies for each in _names(name)]
            NetworkPolicy(
                "default-deny",
                metadata={
                    "name": "default-deny",
                    "namespace": namespace,
                    "labels": {PART_OF_LABEL: PART_OF, "app.kubernetes.io/managed-by": "pulumi"},
                },
                spec={"pod_selector": _all_but(left_out), "policy_types": ["Ingress", "Egress"]},
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(self.services.values())),
            )
        self.register_outputs({})


def _names(service: str) -> Sequence[str]:
    """Of a service's pods, and of its migrations': these need the same database (infra/migrations.py)."""
    return [service, migrations(service)]


def _all_but(names: Sequence[str]) -> "LabelSelectorArgsDict":
    return {"match_expressions": [{"key": NAME_LABEL, "operator": "NotIn", "values": list(names)}]} if names else {}


def _service(name: str, member: Member, backing: Mapping[str, BackingPeer]) -> "NetworkPolicySpecArgsDict":
    settings = member.settings
    stack: NetworkPolicyPeerArgsDict = {"pod_selector": {"match_labels": {PART_OF_LABEL: PART_OF}}}
    callers = [*_peers(settings.ingress_controller), *(each for it in settings.callers.values() for each in _peers(it))]
    ingress: list[NetworkPolicyIngressRuleArgsDict] = [
        {"from_": [stack, *callers], "ports": [_port(each) for each in member.ports]}
    ]
    if settings.prometheus:
        ingress.append({"from_": _peers(settings.prometheus), "ports": [_port(member.metrics_port)]})
    return {
        # No colour: a flip changes nothing about who may talk to whom.
        "pod_selector": {"match_expressions": [{"key": NAME_LABEL, "operator": "In", "values": list(_names(name))}]},
        "policy_types": ["Ingress", "Egress"],
        "ingress": ingress,
        # Without ports: what the stack's other services accept, their own policies say.
        "egress": [{"to": [stack]}, *egress(settings.dns, backing.values())],
    }


def egress(dns: Peer | None, backing: Iterable[BackingPeer]) -> "list[NetworkPolicyEgressRuleArgsDict]":
    """The way out to a name server and to what is named, and to nobody else."""
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


def _port(number: int, protocol: str = "TCP") -> "NetworkPolicyPortArgsDict":
    return {"port": number, "protocol": protocol}
