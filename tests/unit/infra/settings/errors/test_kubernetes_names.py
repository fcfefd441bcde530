"""Whoever writes what Kubernetes calls a thing is told where a stack file says it."""

import json
import re

import pytest
from teal_infra.settings.report import kubernetes_names
from teal_infra.settings.report.places import known, model_at

from tests.unit.infra.settings.test_load import refusal

SERVICE = ("services", "backend")


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ({"nodeSelector": {"disk": "ssd"}}, "unknown key; teal takes it as podTemplate.spec.nodeSelector;"),
        ({"readinessProbe": {}}, "unknown key; teal takes it as probes.readiness;"),
        ({"probes": {"readiness": {"tcpSocket": {"port": 1}}}}, "unknown key; teal takes it as tcp: true,"),
        (
            {"resources": {"limits": {"nvidia.com/gpu": 1}}},
            "teal takes it as the resources of an element of podTemplate",
        ),
        ({"frontDoor": {"annotations": {}}}, "teal takes it as metadata.frontDoor;"),
        ({"frontDoor": {"loadBalancerSourceRanges": []}}, "teal takes it as spec.loadBalancerSourceRanges;"),
        ({"volumes": {"shm": {"mountPath": "/a", "medium": "Memory"}}}, "teal takes it as podTemplate.spec.volumes;"),
        ({"probes": {"readiness": {"successThreshold": 2}}}, "teal takes it as the probe of an element of podTemplate"),
        ({"podAnnotations": {"a": "b"}}, "teal takes it as podTemplate.metadata;"),
        ({"env": {"A": "b"}}, "teal takes it as a key of the service in its slot (COLOUR.SERVICE);"),
    ],
)
def test_a_name_of_kubernetes_is_answered_with_the_place(service: object, said: str) -> None:
    """And not with the fifty names that are known there."""
    text = refusal(services=json.dumps({"backend": service}))
    assert said in text
    assert "known here" not in text


def test_a_variable_that_refers_is_answered_with_the_place() -> None:
    """And not set to a text that nobody meant."""
    by = {"POD_IP": {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}}
    text = refusal(blue=json.dumps({"version": "1", "backend": {"image": "a:1", "env": by}}))
    assert "a value that stands elsewhere (valueFrom) is said in env of an element of podTemplate.spec.conta" in text
    assert "Next: pulumi config rm --path 'teal:blue.backend.env.POD_IP'" in text


def test_a_shape_of_kubernetes_is_answered_in_plain_words() -> None:
    """Lists of named things are sections here, and a command is a list."""
    text = refusal(services=json.dumps({"backend": {"ports": [{"containerPort": 1}], "command": "puma"}}))
    assert "Input should be a section, in which each has its name as a key" in text
    assert "services.backend.command: a text: Input should be a list;" in text


def test_other_keys_beside_it_are_told_what_is_known() -> None:
    """The names are listed at the first key for which there is no better hint."""
    text = refusal(services=json.dumps({"backend": {"nodeSelector": {}, "quux": 1}}))
    assert "quux: a number: unknown key; known here: access," in text


PLACES = {
    "ServiceSettings": SERVICE,
    "SlotService": ("blue", "backend"),
    "Probe": (*SERVICE, "probes", "readiness"),
    "FrontDoor": (*SERVICE, "frontDoor"),
    "PreviewDoor": (*SERVICE, "previewDoor"),
    "Ingress": (*SERVICE, "ingress"),
    "Autoscaling": (*SERVICE, "autoscaling"),
    "Volume": (*SERVICE, "volumes", "cache"),
}


@pytest.mark.parametrize("model", PLACES)
def test_each_place_is_there_and_no_name_is_known_already(model: str) -> None:
    """A place that is renamed is renamed here, too."""
    place = PLACES[model]
    here = model_at(place)
    assert here is not None
    assert here.__name__ == model
    for name, said in kubernetes_names.BY_MODEL[model].items():
        assert name not in known(here)
        for path in re.findall(
            r"\b(?:podTemplate|metadata|shutdown|probes|frontDoor|network|disruption)(?:\.\w+)?", said
        ):
            assert _leads_somewhere(path), path


def _leads_somewhere(path: str) -> bool:
    first, _, second = path.partition(".")
    outer = model_at(SERVICE)
    inner = model_at((*SERVICE, first))
    assert outer is not None
    return first in known(outer) and (not second or (inner is not None and second in known(inner)))
