"""The labels and names of everything, in one place: Kubernetes' recommended ones, and teal's colour."""

from collections.abc import Mapping

from teal.colours import COLOUR_LABEL, NAME_LABEL, Colour

CONFIRMED = "teal-confirmed"
"""Name of the ConfigMap that records the confirmed colour."""


def selector(service: str, colour: Colour) -> Mapping[str, str]:
    """What a Deployment and a Service select by; it never changes once a Deployment exists."""
    return {NAME_LABEL: service, COLOUR_LABEL: colour}


def shared(service: str) -> Mapping[str, str]:
    """Labels of what both colours of a service share."""
    return {NAME_LABEL: service, "app.kubernetes.io/part-of": "teal", "app.kubernetes.io/managed-by": "pulumi"}


def coloured(service: str, colour: Colour, version: str) -> Mapping[str, str]:
    """Labels of what belongs to one colour of a service."""
    return {**shared(service), COLOUR_LABEL: colour, "app.kubernetes.io/version": version}
