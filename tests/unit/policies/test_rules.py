"""What the pack's rules find."""

import copy
from typing import Any

import pytest

from policies import rules

GUARDED: dict[str, Any] = {
    "metadata": {"name": "backend-blue", "labels": {"teal/colour": "blue"}},
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {"name": "backend", "lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}
                    | {probe: {"httpGet": {"path": "/"}} for probe in rules.PROBES}
                ]
            }
        }
    },
}


def test_a_guarded_deployment_has_no_finding() -> None:
    """Three probes and a preStop hook are all it takes."""
    assert list(rules.unguarded_containers(GUARDED)) == []


@pytest.mark.parametrize("missing", [*rules.PROBES, "lifecycle"])
def test_each_missing_guard_is_found_by_name(missing: str) -> None:
    """The finding names the Deployment, the container and what is missing."""
    deployment = copy.deepcopy(GUARDED)
    del deployment["spec"]["template"]["spec"]["containers"][0][missing]
    (finding,) = rules.unguarded_containers(deployment)
    assert "Deployment backend-blue, container backend" in finding
    assert missing in finding


def test_a_deployment_without_a_colour_is_none_of_ours() -> None:
    """Other Deployments of a stack are not judged."""
    deployment = copy.deepcopy(GUARDED)
    del deployment["metadata"]["labels"]
    deployment["spec"]["template"]["spec"]["containers"] = [{"name": "bare"}]
    assert list(rules.unguarded_containers(deployment)) == []
