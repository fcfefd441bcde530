"""Everything says whose it is: labels in Kubernetes, tags in AWS."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policies.kinds import AWS_PROVIDER
from policies.model import Bounds, Finding, Graph, Resource, part
from teal.colours import COLOUR_LABEL


def labelled(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Kubernetes' recommended labels, as far as an object can have them."""
    for resource in graph.resources:
        if resource.type.startswith("kubernetes:") and "metadata" in resource.properties:
            yield from _labels(resource, bounds)


def _labels(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    needed = [*bounds["labels"], *(bounds["colouredLabels"] if COLOUR_LABEL in resource.labels else ())]
    missing = [each for each in needed if not resource.labels.get(each)]
    if missing:
        yield Finding(
            str(resource), f"no label {', '.join(missing)}", ", ".join(needed), "declare it with infra.labels"
        )


def tagged(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """The AWS provider puts tags on everything that can have some."""
    providers = list(graph.of(AWS_PROVIDER))
    if not providers and any(each.type.startswith("aws:") for each in graph.resources):
        yield Finding("AWS", "no provider among the resources", "one with default tags", "make an aws.Provider")
    for provider in providers:
        missing = [each for each in bounds["tags"] if not _tags(provider).get(each)]
        if missing:
            yield Finding(
                f"provider {provider.name}",
                f"no default tag {', '.join(missing)}",
                ", ".join(bounds["tags"]),
                "give the provider default_tags",
            )


def _tags(provider: Resource) -> Mapping[str, str]:
    """Of a provider's inputs, in which objects are JSON."""
    given: Any = provider.properties.get("defaultTags")
    return part(json.loads(given) if isinstance(given, str) else given or {}, "tags")
