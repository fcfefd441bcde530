"""Replicas are the autoscaler's: it follows real load, an `up` leaves them to it, and a flip takes them over."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(300)

MAXIMUM = 4
SCALED_WITHIN_S = 120
"""Metrics are taken every 10 s and count for a pod that was ready before; on busy cores pods take a while to start."""


def _get(stack: Stack, kind: str, name: str) -> Mapping[str, Any]:
    return json.loads(stack.kubectl("get", kind, name, "--show-managed-fields", "-o", "json"))


def _owners_of_replicas(deployment: Mapping[str, Any]) -> Sequence[str]:
    """Who has a claim on the number of pods; the autoscaler gets one only where an applier had it before."""
    entries = deployment["metadata"]["managedFields"]
    return [each["manager"] for each in entries if "f:replicas" in each["fieldsV1"].get("f:spec", {})]


def _became_ready(pod: Mapping[str, Any]) -> float:
    """Unix time, in whole seconds."""
    (ready,) = (each for each in pod["status"]["conditions"] if each["type"] == "Ready")
    return datetime.fromisoformat(ready["lastTransitionTime"]).timestamp()


def test_load_scales_the_live_colour_and_a_flip_takes_its_capacity_along(stack: Stack, tmp_path: Path) -> None:
    """To its maximum; an `up` meanwhile writes nothing; green has as many pods before its first answer; none is lost.

    One test for all of it, because the load and the metrics take longest.
    """
    stack.configure("services.backend.autoscaling.maxReplicas", str(MAXIMUM))
    stack.up()
    with Load(stack, "new_connections", tmp_path, rate=150) as load:
        scaled = f"jsonpath={{.status.readyReplicas}}={MAXIMUM}"
        assert len(stack.pods("blue")) < MAXIMUM
        stack.kubectl(
            "wait",
            "deployment/backend-blue",
            f"--for={scaled}",
            f"--timeout={SCALED_WITHIN_S}s",
            seconds=SCALED_WITHIN_S + 10,
        )
        before, objects = _get(stack, "deployment", "backend-blue"), stack.versions()

        done = stack.up()

        after = _get(stack, "deployment", "backend-blue")
        assert "unchanged" in done.stdout
        assert "updated" not in done.stdout
        assert stack.versions() == objects
        assert after["metadata"]["generation"] == before["metadata"]["generation"]
        assert after["spec"]["replicas"] == MAXIMUM
        assert _owners_of_replicas(after) == []

        assert len(stack.pods("green")) < MAXIMUM
        stack.flip("green")

    load.assert_nothing_lost()
    assert load.colours == ["blue", "green"]
    assert _get(stack, "hpa", "backend-green")["spec"]["minReplicas"] == MAXIMUM
    first = next(record for record in load.records if record.colour == "green")
    answered_at = (first.scheduled_ns + first.finished_us * 1000 + load.wall_offset_ns) / 1e9
    assert sum(_became_ready(pod) <= answered_at for pod in stack.pods("green")) == MAXIMUM
