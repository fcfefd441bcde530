"""What a worker's settings are, and what is refused of one."""

import json
from typing import Any

import pytest
from teal_infra.settings import Settings
from teal_infra.settings.load import load

from teal.model.errors import ConfigError
from teal.model.workers import Overlap, Worker


def read(mailer: dict[str, Any]) -> Settings:
    """A stack whose one service has these settings."""
    slot = {"version": "1.0.0", "mailer": {"image": "registry.example/mailer:1"}}
    raw = {"activeColour": "blue", "services": json.dumps({"mailer": mailer}), "blue": json.dumps(slot)}
    return load(raw, stack="dev")


def test_a_worker_needs_nothing_but_its_kind() -> None:
    """No port; it may say so."""
    for given in ({"kind": "worker"}, {"kind": "worker", "port": None}):
        found = read(given)
        assert found.services["mailer"].worker == Worker(overlap=Overlap.FLIP, pods=3, grace_seconds=45)
        assert not found.routed
        assert found.services["mailer"].counted is None
    assert read({}).services["mailer"].worker is None


def test_a_worker_has_its_whole_grace_period_for_its_work() -> None:
    """No router has to forget it first."""
    found = read({"kind": "worker", "shutdown": {"gracePeriodSeconds": 20, "drainCommand": ["celery", "quit"]}})
    shutdown = found.services["mailer"].shutdown
    assert (shutdown.wait_seconds, shutdown.grace_period_seconds, shutdown.drain_command) == (0, 20, ("celery", "quit"))


def test_work_may_take_hours() -> None:
    """A pod that is told to end has them, and whoever waits for its end waits as long; a drain may take them, too."""
    found = read({"kind": "worker", "shutdown": {"gracePeriodSeconds": 14400}}).services["mailer"]
    assert found.worker is not None
    assert (found.shutdown.grace_period_seconds, found.worker.grace_seconds) == (14400, 14400)
    assert read({"shutdown": {"drainSeconds": 7200, "gracePeriodSeconds": 86400}}).services["mailer"].worker is None
    with pytest.raises(ConfigError, match="less than or equal to 86400"):
        read({"kind": "worker", "shutdown": {"gracePeriodSeconds": 86401}})


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"port": 8000}, "port"),
        ({"frontDoor": {"type": "LoadBalancer"}}, "frontDoor"),
        ({"ingress": {"host": "shop.example"}}, "ingress"),
        ({"probes": {"readiness": {"path": "/"}}}, "probes.readiness"),
        ({"probes": {"liveness": {"tcp": True, "port": "http"}}}, "probes.liveness"),
        ({"contract": True}, "contract"),
        ({"ports": {"management": 9090}}, "ports"),
        ({"metadata": {"frontDoor": {"labels": {"team": "shop"}}}}, "metadata.frontDoor"),
        ({"gates": {"smoke": {"readinessSeconds": 1}}}, "gates.smoke"),
        ({"shutdown": {"waitSeconds": 5}}, "shutdown.waitSeconds"),
    ],
)
def test_what_nobody_would_use_is_refused(given: dict[str, Any], key: str) -> None:
    """By its place, with the command that takes it away."""
    with pytest.raises(ConfigError) as refused:
        read({"kind": "worker", **given})
    assert f"teal:services.mailer.{key}: " in str(refused.value)
    assert f"Next: pulumi config rm --path 'teal:services.mailer.{key}'" in str(refused.value)


def test_an_overlap_of_what_is_asked_is_refused() -> None:
    """Both colours of a service run."""
    with pytest.raises(ConfigError, match=r"teal:services.mailer.overlap: .* it is said of workers alone"):
        read({"overlap": "forbidden"})
