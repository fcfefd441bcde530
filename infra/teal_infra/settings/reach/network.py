"""Settings of a service's network policies: who may connect to its pods, and to whom they may connect."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from teal.model.addresses import everywhere
from teal_infra.settings.base import LabelName, LabelValue, Model, Name, clash, wrong
from teal_infra.settings.numbers import PortNumber
from teal_infra.settings.reach.doors import Door


def _cidr(value: str) -> str:
    try:
        network = ip_network(value)
    except ValueError as error:
        raise PydanticCustomError("cidr", "not a CIDR: {why}", {"why": str(error)}) from error
    if "/" not in value:
        raise PydanticCustomError(
            "cidr", "not a CIDR: an address without a prefix length; did you mean {network}?", {"network": str(network)}
        )
    return str(network)


Cidr = Annotated[str, AfterValidator(_cidr)]


class Peer(Model):
    """The other end of connections: pods by their own labels and their namespace's, hosts by CIDR, or both."""

    namespace_labels: Mapping[LabelName, LabelValue] = Field(
        default_factory=dict[str, str],
        description=(
            "Labels of the namespaces whose pods are meant. Without any, pods of the stack's own namespace are."
        ),
        json_schema_extra=wrong("the policy would mean pods of no namespace"),
        examples=["data"],
    )
    pod_labels: Mapping[LabelName, LabelValue] = Field(
        default_factory=dict[str, str],
        description="Labels of the pods that are meant. Without any, all pods of the namespaces are.",
        json_schema_extra=wrong("the policy would mean no pods"),
        examples=["postgresql"],
    )
    cidrs: tuple[Cidr, ...] = Field(
        default=(),
        description="The networks that are meant.",
        json_schema_extra=wrong("connections from or to these addresses would be denied"),
        examples=["10.20.0.0/16"],
    )
    allow_everywhere: bool = Field(
        default=False,
        description="Whether `cidrs` may name every address there is: it says that this is meant.",
        json_schema_extra=wrong("the policy would name nobody and let everybody pass"),
        examples=["true"],
    )

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not (self.namespace_labels or self.pod_labels or self.cidrs):
            raise clash("podLabels.app", "podLabels, namespaceLabels and cidrs are all empty: nobody is meant")
        if everywhere(self.cidrs) and not self.allow_everywhere:
            every = f"cidrs {', '.join(self.cidrs)} are every address there is"
            raise clash("allowEverywhere", f"{every}, and allowEverywhere does not say that this is meant")
        return self


class BackingPeer(Peer):
    """A backing service: where it is, and the ports on which its pods or hosts listen.

    A Service's port is not seen by policies: they hold behind it.
    """

    ports: Annotated[tuple[PortNumber, ...], Field(min_length=1)] = Field(
        description="The ports on which its pods or hosts listen.",
        json_schema_extra=wrong("the service could not connect to it"),
        examples=["5432"],
    )
    protocol: Literal["TCP", "UDP", "SCTP"] = Field(
        default="TCP",
        description="The protocol of the connections.",
        json_schema_extra=wrong("the API server would refuse the network policy"),
    )


CLUSTER_DNS = Peer(namespace_labels={"kubernetes.io/metadata.name": "kube-system"}, pod_labels={"k8s-app": "kube-dns"})
"""The cluster's DNS, under the label that every distribution keeps for it."""


class NetworkSettings(Model):
    """Who may connect to the pods of a service, in either colour, and to whom these may connect.

    By default the list of the production guide is open (section "Network policies"): the ingress controller,
    Prometheus, the stack's pods, and of everything else only what is named. The defaults mean pods as the Helm charts
    of ingress-nginx and of Prometheus (with or without its operator) label them, in the namespaces that their
    documentation installs them to, and the cluster DNS under the label that every distribution keeps for it.

    A peer that is given replaces the default's as a whole; null leaves it out.
    """

    policies: bool = Field(
        default=True,
        description=(
            "Whether the stack makes network policies for the service. False is for clusters in which others write "
            "them."
        ),
        json_schema_extra=wrong("it would stay open who may connect to the pods"),
    )
    ingress_controller: Peer | None = Field(
        default=Peer(
            namespace_labels={"kubernetes.io/metadata.name": "ingress-nginx"},
            pod_labels={"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"},
        ),
        description=(
            "The pods of the ingress controller, which may connect to the ports on which the service is reached: its "
            "own, the target ports of `frontDoor.extraPorts` and that of a target group's health check. Null leaves "
            "them out."
        ),
        json_schema_extra=wrong("the ingress controller could not connect to the pods: no live traffic would arrive"),
    )
    prometheus: Peer | None = Field(
        default=Peer(
            namespace_labels={"kubernetes.io/metadata.name": "monitoring"},
            pod_labels={"app.kubernetes.io/name": "prometheus"},
        ),
        description=(
            "The pods of Prometheus, which may connect to the port with the metrics (`requestMetrics.port`; by default "
            "the service's). Null leaves them out."
        ),
        json_schema_extra=wrong("Prometheus could not scrape the pods: metrics gates and alerts would have no data"),
    )
    callers: Mapping[Name, Peer] = Field(
        default_factory=dict[str, Peer],
        description=(
            "Who else may connect to the same ports as the ingress controller: the API server (for the gates that ask "
            "pods through its proxy), the nodes or clients behind a LoadBalancer or a NodePort, pods of other "
            "namespaces."
        ),
        json_schema_extra=wrong("the caller could not connect to the pods"),
    )
    dns: Peer | None = Field(
        default=CLUSTER_DNS,
        description="The cluster DNS, which the pods may ask for names. Null leaves it out.",
        json_schema_extra=wrong("the pods could resolve no name: no backing service would be found"),
    )
    backing: Mapping[Name, BackingPeer] = Field(
        default_factory=dict[str, BackingPeer],
        description=(
            "Further ends of connections, for this service alone. The name of a backing service of the stack's "
            "replaces that one's network."
        ),
        json_schema_extra=wrong("the pods could not connect to the backing service"),
    )

    def require_way_in(self, doors: Mapping[str, Door]) -> None:
        """Refuse a door that is open to clients whom the policies keep out.

        Behind a LoadBalancer or a NodePort the pods see the addresses of nodes or clients, never an ingress controller.

        Raises:
            PydanticCustomError: no caller has an address; its field is where to set one.
        """
        closed = self.policies and not any(each.cidrs for each in self.callers.values())
        for name, door in doors.items():
            if closed and door.type != "ClusterIP":
                raise clash(
                    "network.callers.nodes.cidrs[0]",
                    f"{name}.type is {door.type}, and network.callers names no address from which its traffic "
                    "could come",
                )
