"""A fault shows where it was asked for and nowhere else."""

import os
import subprocess
import sys
import time

from tests.unit.workload.service import asking


async def test_never_ready() -> None:
    """Never ready: readiness is refused with the reason, all else works."""
    async with asking(FAULT_NEVER_READY="true") as client:
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        assert "FAULT_NEVER_READY" in ready.json()["reason"]
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/pricing")).status_code == 200


async def test_errors_spare_operations() -> None:
    """With every business request failing, probes and metrics answer."""
    paths = ["/health/ready", "/health", "/metrics", "/deployment/metadata", "/openapi.json"]
    async with asking(FAULT_ERROR_PERCENT="100") as client:
        statuses = {path: (await client.get(path)).status_code for path in [*paths, "/models"]}
    assert statuses == dict.fromkeys(paths, 200) | {"/models": 500}


async def test_errors_hit_the_stated_share() -> None:
    """About the stated share of business requests fails: 30 % of 400, give or take five standard deviations."""
    async with asking(FAULT_ERROR_PERCENT="30") as client:
        statuses = [(await client.get("/models")).status_code for _ in range(400)]
        metrics = (await client.get("/metrics")).text
    assert 74 <= statuses.count(500) <= 166
    assert set(statuses) == {200, 500}
    assert f'path="/models",status="500",version="0.0.0"}} {statuses.count(500)}.0' in metrics


async def test_latency_is_added_to_business() -> None:
    """A business request takes at least the added time, a probe does not."""
    async with asking(FAULT_LATENCY_MS="200") as client:
        started = time.monotonic()
        await client.get("/health/live")
        probed = time.monotonic()
        await client.get("/models")
    assert probed - started < 0.2
    assert time.monotonic() - probed >= 0.2


async def test_wrong_version_everywhere() -> None:
    """The wrong version is in the header, the metadata and the metrics, as one wrong build would have it."""
    async with asking(VERSION="1.0.0", FAULT_VERSION="9.9.9") as client:
        answer = await client.get("/pricing")
        metadata = (await client.get("/deployment/metadata")).json()
        metrics = (await client.get("/metrics")).text
    assert answer.headers["X-Version"] == "9.9.9"
    assert metadata["version"] == "9.9.9"
    assert 'version="9.9.9"' in metrics
    assert "1.0.0" not in metrics


def test_crash_ends_the_process() -> None:
    """A crash is abrupt: exit status 1, no drain."""
    done = subprocess.run(
        [sys.executable, "-m", "workload.pricing"],
        env=os.environ | {"HOST": "127.0.0.1", "PORT": "0", "FAULT_CRASH_AFTER_SECONDS": "0.05"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert "FAULT_CRASH_AFTER_SECONDS=0.05" in done.stderr
    assert "drain began" not in done.stderr


async def test_a_release_that_only_traffic_breaks_answers_well_first() -> None:
    """The gates see the first requests, the bake the others."""
    async with asking(FAULT_ERROR_PERCENT="100", FAULT_AFTER_REQUESTS="3") as client:
        assert [(await client.get("/pricing")).status_code for _ in range(5)] == [200, 200, 200, 500, 500]


async def test_a_removed_path_is_gone_from_the_contract_too() -> None:
    """Neither answered nor offered."""
    async with asking(FAULT_REMOVED_PATH="/pricing") as client:
        assert (await client.get("/pricing")).status_code == 404
        assert "/pricing" not in (await client.get("/openapi.json")).json()["paths"]
        assert (await client.get("/models")).status_code == 200
