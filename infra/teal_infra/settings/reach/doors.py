"""Settings of the doors: how a service's live traffic and its previews are reached."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from teal.model.colours import Colour
from teal_infra.settings.base import LabelName, Model, Name, ObjectName, clash, superfluous, wrong
from teal_infra.settings.metadata import Marks
from teal_infra.settings.numbers import PortNumber, bounds
from teal_infra.settings.pod.probes import AppProtocol, PortName
from teal_infra.settings.reach.routing import HostName, Prefix

NodePort = Annotated[int, Field(ge=30000, le=32767, json_schema_extra=bounds("Kubernetes' default range"))]

_SAID = ("externalTrafficPolicy", "internalTrafficPolicy", "loadBalancerClass", "sessionAffinity", "type")
"""The fields of a Service's spec that are a door's own settings."""

_OURS = {
    "ports": "one would override the other",
    "selector": "one would override the other",
    "clusterIP": "the Service would be made anew, and connections would end, or its clients would find pods by DNS, "
    "which no flip moves at once",
    "clusterIPs": "the Service would be made anew, and connections would end",
    "publishNotReadyAddresses": "pods that are not ready would count as ready: in a flip's proof, its bake and a way "
    "back",
}
"""Those that are teal's alone, each with what they would do."""

NameOfPort = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$", max_length=63)]
"""The name of a Service's port, which may be longer than a container's, or empty."""


class Door(Model):
    """How a Service is reached from outside the pods' network."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        default="ClusterIP",
        description="The type of the Service.",
        json_schema_extra=wrong("no Service of such a type exists"),
    )
    load_balancer_class: LabelName | None = Field(
        default=None,
        description=(
            "Which controller makes the load balancer of a Service of type LoadBalancer. Without it, the cluster's "
            "default does. Kubernetes lets nobody change it later."
        ),
        json_schema_extra=wrong("no controller would make the load balancer"),
        examples=["service.k8s.aws/nlb"],
    )
    port: PortNumber = Field(
        default=80,
        description="The port of the Service.",
        json_schema_extra=wrong("nothing could connect to the Service", source="HTTP"),
    )
    host: str | None = Field(
        default=None,
        description=(
            "The host that the stack's outputs name: where a NodePort answers. Without it, they name the Service's "
            "address in the cluster, and of an active Service of type LoadBalancer the address that it was given."
        ),
        json_schema_extra=wrong("the URL in the stack outputs would lead nowhere"),
        examples=["shop.example"],
    )

    session_affinity: Literal["None", "ClientIP"] = Field(
        default="None",
        description=(
            "Whether a client's address stays with one pod of a colour (`ClientIP`). A flip moves it to a pod of the "
            "new colour all the same."
        ),
        json_schema_extra=wrong("clients would change pods with every connection, or never"),
    )
    external_traffic_policy: Literal["Cluster", "Local"] | None = Field(
        default=None,
        description=(
            "Whether a node passes what comes from outside to every pod (`Cluster`, Kubernetes' default) or to its own "
            "alone (`Local`), which see the client's address then. For the types NodePort and LoadBalancer."
        ),
        json_schema_extra=wrong("the API server would refuse the Service"),
        examples=["Local"],
    )
    internal_traffic_policy: Literal["Cluster", "Local"] | None = Field(
        default=None,
        description=(
            "Whether what comes from the cluster goes to every pod (`Cluster`, Kubernetes' default) or to those of its "
            "own node alone (`Local`), and is lost where there is none."
        ),
        json_schema_extra=wrong("the API server would refuse the Service"),
        examples=["Cluster"],
    )

    spec: Mapping[str, JsonValue] = Field(
        default_factory=dict[str, JsonValue],
        description=(
            "What else the Service has, as Kubernetes' own ServiceSpec: `loadBalancerSourceRanges`, `ipFamilyPolicy`, "
            "`trafficDistribution`. What has a setting of its own is refused here, and what is teal's: the selector, "
            "the ports, the address in the cluster, and which pods are ready."
        ),
        json_schema_extra=wrong("the API server would refuse the Service"),
        examples=['\'{"ipFamilyPolicy": "PreferDualStack"}\''],
    )

    @model_validator(mode="after")
    def _for_the_rest(self) -> Self:
        known = {each.lower(): each for each in (*_SAID, *_OURS)}
        for key in self.spec:
            if field := known.get(key.replace("_", "").lower()):
                whose = "teal's" if field in _OURS else f"the door's own setting {field}"
                lost = _OURS.get(field, "one would override the other")
                raise superfluous(f"spec.{key}", f"{field} of the Service is {whose}", lost)
        return self

    @model_validator(mode="after")
    def _from_outside(self) -> Self:
        if self.external_traffic_policy is not None and self.type == "ClusterIP":
            what = "the type of the door is ClusterIP, to which nothing comes from outside"
            raise superfluous("externalTrafficPolicy", what, "the API server would refuse the Service")
        return self

    @model_validator(mode="after")
    def _of_a_balancer(self) -> Self:
        if self.load_balancer_class is not None and self.type != "LoadBalancer":
            both = f"loadBalancerClass is {self.load_balancer_class}, and the type {self.type}"
            raise clash("type", f"{both}, which has no load balancer", remedy="LoadBalancer")
        return self


class ExtraPort(Model):
    """A further port of the active Service: HTTPS, metrics (the production guide's Service has both)."""

    port: PortNumber = Field(
        description="The port of the Service.",
        json_schema_extra=wrong("nothing could connect to the Service"),
        examples=["443"],
    )
    target_port: PortNumber | PortName = Field(
        description="The port of the pods that it leads to: a number, or one of the names in the service's `ports`.",
        json_schema_extra=wrong("the Service would lead to a port without a server"),
        examples=["8443"],
    )
    protocol: Literal["TCP", "UDP", "SCTP"] = Field(
        default="TCP",
        description="The protocol of the port: UDP for HTTP/3, say.",
        json_schema_extra=wrong("nothing could connect to the Service"),
        examples=["UDP"],
    )
    app_protocol: AppProtocol | None = Field(
        default=None,
        description="What the port speaks, as `appProtocol` of the Service says it.",
        json_schema_extra=wrong("whoever forwards requests would speak another protocol than the pods"),
        examples=["kubernetes.io/h2c"],
    )


class IngressHost(Model):
    """A further host of an Ingress."""

    tls_secret: ObjectName | None = Field(
        default=None,
        description="The Secret with the host's certificate. Without it, the Ingress has no TLS for this host.",
        json_schema_extra=wrong("clients would get no certificate"),
        examples=["shop-tls"],
    )


class Ingress(Marks):
    """An Ingress that leads to the active Service. What it is marked with comes beside what `metadata.ingress` says."""

    host: HostName = Field(
        description="The host name whose requests are the service's.",
        json_schema_extra=wrong("the API server would refuse the Ingress, or it would answer another host"),
        examples=["shop.example"],
    )
    class_name: ObjectName | None = Field(
        default=None,
        description="The IngressClass of the controller that takes it. Without it, the cluster's default does.",
        json_schema_extra=wrong("no ingress controller would take it"),
        examples=["nginx"],
    )
    tls_secret: ObjectName | None = Field(
        default=None,
        description="The Secret with the host's certificate. Without it, the Ingress has no TLS.",
        json_schema_extra=wrong("clients would get no certificate"),
        examples=["shop-tls"],
    )
    hosts: Mapping[HostName, IngressHost] = Field(
        default_factory=dict[str, IngressHost],
        description="Further host names whose requests are the service's, each with its certificate.",
        json_schema_extra=wrong("requests of another host would reach the service"),
        examples=['\'{"www.shop.example": {"tlsSecret": "www-tls"}}\''],
    )

    paths: Annotated[tuple[Prefix, ...], Field(min_length=1)] = Field(
        default=("/",),
        description=(
            "The prefixes of paths, by whole segments, whose requests are the service's, on each of its hosts: "
            "Kubernetes' `pathType: Prefix`. Of two services on one host the longer prefix gets a request."
        ),
        json_schema_extra=wrong("requests of other paths would reach the service"),
        examples=["'[\"/api\"]'"],
    )

    @property
    def secrets(self) -> Mapping[str, str | None]:
        """The Secret with each host's certificate; None where it has none."""
        return {self.host: self.tls_secret, **{name: each.tls_secret for name, each in self.hosts.items()}}


class FrontDoor(Door):
    """The active Service: where live traffic comes in."""

    port_name: NameOfPort = Field(
        default="http",
        description=(
            "The name of the Service's port; empty for none. A Service that is taken over has to keep the name that it "
            "has: while kube-proxy learns of another one, connections are refused."
        ),
        json_schema_extra=wrong("connections would be refused while the port is named anew"),
    )
    node_port: NodePort | None = Field(
        default=None,
        description="The port on every node, for type NodePort. Without it, Kubernetes chooses one.",
        json_schema_extra=wrong("the API server would refuse the Service"),
        examples=["30080"],
    )
    extra_ports: Mapping[Name, ExtraPort] = Field(
        default_factory=dict[str, ExtraPort],
        description="Further ports of the active Service, by name.",
        json_schema_extra=wrong("nothing could connect to the Service"),
        examples=["443"],
    )

    @property
    def asked_by(self) -> str:
        """The port by which the API server's proxy is asked for this Service: `http`, or its number."""
        return self.port_name if self.port_name == "http" else str(self.port)


class PreviewDoor(Door):
    """The Service of each colour, which always leads to that colour, for tests before a flip."""

    node_ports: Mapping[Colour, NodePort] = Field(
        default_factory=dict[Colour, int],
        description="The port on every node, by colour, for type NodePort.",
        json_schema_extra=wrong("the API server would refuse the Service"),
        examples=["30081"],
    )
