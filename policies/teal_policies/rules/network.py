"""Requires that pods may only connect to whom a network policy names."""

from collections.abc import Iterator

from teal.model.addresses import everywhere
from teal.model.labels import KEPT, NAME_LABEL, PART_OF, PART_OF_LABEL
from teal_policies import plan
from teal_policies.kinds import NAMESPACE, NETWORK_POLICY
from teal_policies.model import Bounds, Finding, Graph, Properties, Resource, part, parts


def denied_by_default(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Require one policy that denies all pods of the namespace, both ways, what no other policy allows."""
    its = plan.of(graph)
    if its is None:
        return
    here = [each for each in graph.of(NETWORK_POLICY) if each.metadata.get("namespace") == its.namespace]
    # In a namespace of another team, the stack may only isolate its own pods.
    made = any(KEPT not in part(each.metadata, "annotations") for each in graph.of(NAMESPACE))
    own = {} if made else {PART_OF_LABEL: PART_OF}
    denials = [each for each in here if _denies(each.spec, own)]
    if not denials:
        yield Finding(
            f"namespace {its.namespace}",
            f"{len(here)} network policies, none of which denies by default",
            "one for all pods, with Ingress and Egress and no rules",
            "set network.policies of the services to true",
        )
        return
    left_out = min(({*_left_out(each.spec)} for each in denials), key=len) - {*bounds["writtenElsewhere"]}
    if left_out:
        yield Finding(
            str(denials[0]),
            f"leaves out the pods of {', '.join(sorted(left_out))}",
            f"all pods but those of {', '.join(bounds['writtenElsewhere']) or 'none'} (writtenElsewhere)",
            "set network.policies to true, or list them in writtenElsewhere",
        )


def _denies(spec: Properties, own: Properties) -> bool:
    """Return whether it isolates both ways, allows nothing, and selects all (of `own` labels) but those left out."""
    selector = part(spec, "podSelector")
    named = part(selector, "matchLabels") not in ({}, own) or any(
        each.get("operator") != "NotIn" or each.get("key") != NAME_LABEL for each in parts(selector, "matchExpressions")
    )
    both = {"Ingress", "Egress"} <= {*parts(spec, "policyTypes")}
    return both and not named and not spec.get("ingress") and not spec.get("egress")


def _left_out(spec: Properties) -> Iterator[str]:
    for each in parts(spec, "podSelector", "matchExpressions"):
        yield from parts(each, "values")


def egress_is_named(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require that no egress leads to every address there is, in one piece or in several."""
    if resource.name in bounds["everywhere"]:
        return
    remedy = f"name the peers in network.backing, or list {resource.name} in everywhere"
    for rule in parts(resource.spec, "egress"):
        peers = parts(rule, "to")
        blocks = [each["ipBlock"]["cidr"] for each in peers if each.get("ipBlock")]
        if not peers:
            yield Finding(str(resource), "an egress rule without `to`: to everybody", "peers that are named", remedy)
        elif everywhere(blocks):
            yield Finding(str(resource), f"egress to {', '.join(blocks)}", "addresses that are named", remedy)
