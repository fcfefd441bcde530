"""`router: gateway`: an HTTPRoute for each service, with weights for the Services of both colours.

The colours' own Services are the backends. The Gateway exists already and belongs to somebody else.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from teal.model.colours import Colour
from teal.model.labels import ACTIVE
from teal.model.routes import Split, said, weights
from teal_infra import labels
from teal_infra.components.doors import UNAWAITED, preview_door
from teal_infra.settings import Settings
from teal_infra.settings.reach.routing import CanaryMatch, Routing
from teal_infra.traffic import Apart, Declared, RouteArgs
from teal_infra.traffic.change_markers import annotations


class WeightedRoute(pulumi.ComponentResource):
    """One HTTPRoute. A flip changes two weights of its last rule; chosen clients have a rule before it."""

    def __init__(self, name: str, args: RouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the HTTPRoute of a service."""
        super().__init__("teal:kubernetes:WeightedRoute", name, None, opts)
        front, route = args.front, args.route
        settings = front.settings
        own = settings.services[name].metadata.route
        known = _verified(name, args, pulumi.ResourceOptions(parent=self))
        marks = annotations(front.live.get(name), route.active, settings.canary_weight)
        self.resource: pulumi.Resource = CustomResource(
            f"{name}-route",
            api_version="gateway.networking.k8s.io/v1",
            kind="HTTPRoute",
            metadata={
                "name": name,
                "namespace": front.namespace,
                "labels": {**own.labels, **labels.shared(name)},
                "annotations": {**own.annotations, **marks, ACTIVE: str(route.active), **UNAWAITED},
            },
            spec=spec(settings, name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*route.after, *known], hooks=route.hooks),
        )
        # A custom resource has no typed outputs. The applied object names the colour in an annotation.
        applied = cast("pulumi.Output[Any]", self.resource.metadata)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # as above
        self.live_colour: pulumi.Output[str] = applied.apply(lambda found: found["annotations"][ACTIVE])
        gateway = settings.gateway
        hosts = settings.services[name].routing.hosts
        self.front_door: pulumi.Input[str] = (gateway and gateway.url) or (f"http://{hosts[0]}" if hosts else "")
        self.preview_door: pulumi.Input[str] = preview_door(settings, name)
        self.register_outputs({})


router = partial(Apart, WeightedRoute)
"""What `teal_infra.traffic` calls to make the router."""


def _verified(name: str, args: RouteArgs, opts: pulumi.ResourceOptions) -> Sequence[pulumi.Resource]:
    """Declare that the Gateway speaks TLS to the pods of both colours, and how it verifies them, where it is said."""
    tls = args.front.settings.services[name].routing.backend_tls
    if tls is None or tls.external:
        return ()
    authority = {"group": "", "kind": "ConfigMap", "name": tls.ca_config_map}
    by = {"caCertificateRefs": [authority]} if tls.ca_config_map else {"wellKnownCACertificates": "System"}
    services = [{"group": "", "kind": "Service", "name": f"{name}-{each}"} for each in Colour]
    policy = CustomResource(
        f"{name}-backend-tls",
        api_version="gateway.networking.k8s.io/v1",
        kind="BackendTLSPolicy",
        metadata={
            "name": name,
            "namespace": args.front.namespace,
            "labels": dict(labels.shared(name)),
            "annotations": dict(UNAWAITED),
        },
        spec={"targetRefs": services, "validation": {**by, "hostname": tls.hostname}},
        opts=opts,
    )
    return [policy]


def spec(settings: Settings, service: str) -> Mapping[str, Any]:
    """Return the spec of a service's HTTPRoute."""
    gateway, routing = settings.gateway, settings.services[service].routing
    parent: dict[str, Any] = {"name": gateway.name} if gateway else {}
    if gateway and gateway.namespace:
        parent["namespace"] = gateway.namespace
    if gateway and gateway.listener:
        parent["sectionName"] = gateway.listener
    matches: list[dict[str, Any]] = [{"path": {"type": "PathPrefix", "value": each}} for each in routing.paths]
    active, share = settings.active_colour, settings.canary_weight
    both = _both(routing)
    rules: list[dict[str, Any]] = [
        {"matches": matches, **both, "backendRefs": _backends(settings, service, active, share)}
    ]
    if (match := settings.chosen) is not None:
        headers = [_header(match)]
        chosen = [{**each, "headers": headers} for each in matches]
        rules.insert(0, {"matches": chosen, **both, "backendRefs": _backends(settings, service, active.other, 0)})
    hosts = {"hostnames": list(routing.hosts)} if routing.hosts else {}
    return {"parentRefs": [parent], **hosts, "rules": rules}


def _both(routing: Routing) -> Mapping[str, Any]:
    """Return what the rules of both colours share: filters, and timeouts."""
    both: dict[str, Any] = {}
    if routing.filters:
        both["filters"] = [dict(each) for each in routing.filters]
    if routing.timeouts is not None:
        both["timeouts"] = routing.timeouts.model_dump(by_alias=True, exclude_none=True)
    return both


def _backends(settings: Settings, service: str, live: Colour, share: int) -> list[Mapping[str, Any]]:
    """Return both colours as backends, always: the one without traffic has weight 0."""
    port = settings.services[service].preview_door.port
    by_colour = weights(live, share)
    return [{"name": f"{service}-{each}", "port": port, "weight": by_colour[each]} for each in Colour]


def _header(match: CanaryMatch) -> Mapping[str, str]:
    if match.header:
        return {"type": "Exact", "name": match.header, "value": match.value}
    # All cookies come in one header, so only a regular expression can match one of them.
    return {
        "type": "RegularExpression",
        "name": "Cookie",
        "value": rf"(^|.*;\s*){re.escape(f'{match.cookie}={match.value}')}(\s*;.*|$)",
    }


def declared(inputs: Mapping[str, Any]) -> Declared:
    """Return what the inputs of an HTTPRoute mean."""
    name = str(inputs["metadata"]["name"])
    refs: Sequence[Mapping[str, Any]] = inputs["spec"]["rules"][-1]["backendRefs"]
    by_colour = {
        colour: int(each["weight"]) for each in refs for colour in Colour if each["name"] == f"{name}-{colour}"
    }
    marks: Mapping[str, str] = inputs["metadata"].get("annotations") or {}
    split = Split(weights=by_colour, said=said(marks))
    return Declared(service=name, colour=split.colour, share=split.share)
