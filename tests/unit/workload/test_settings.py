"""An environment that cannot be used is refused at the start, in one line that names every mistake."""

import os
import subprocess
import sys

import pytest

from workload.pricing.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("DRAIN_LINGER_SECONDS", "-1"),
        ("DRAIN_TIMEOUT_SECONDS", "soon"),
        ("DEPLOYMENT_GROUP", "blue\r\nX: y"),
        ("VERSION", "1.0 beta"),
        ("DEPLOYMENT_TIMESTAMP", "yesterday"),
        ("API_V1_SUNSET", "2031-01-01T00:00:00"),  # of which nobody knows the zone
        ("CONTROL_FROM", "everyone"),
        ("FAULT_ERROR_PERCENT", "101"),
        ("FAULT_LATENCY_MS", "fast"),
        ("FAULT_NEVER_READY", "maybe"),
        ("FAULT_CRASH_AFTER_SECONDS", "-5"),
    ],
)
def test_bad_value_is_named(name: str, value: str) -> None:
    """A value that cannot be used is named with its variable."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: value})
    assert f"{name}={value!r}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_named_at_once() -> None:
    """One start shows every mistake."""
    with pytest.raises(SettingsError, match=r"FAULT_LATENCY='5'.*PORT='x'"):
        Settings.from_environment({"PORT": "x", "FAULT_LATENCY": "5"})


def test_unknown_fault_is_refused() -> None:
    """A misspelt fault would rehearse nothing."""
    with pytest.raises(SettingsError, match="no such fault"):
        Settings.from_environment({"FAULT_LATENCY": "5"})


def test_empty_counts_as_absent() -> None:
    """A variable that a manifest leaves empty has its default."""
    assert Settings.from_environment({"PORT": "", "REGION": "", "FAULT_LATENCY_MS": ""}) == Settings()


def test_process_refuses_to_start() -> None:
    """The command ends with status 2 and one line, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "workload.pricing"],
        env=os.environ | {"PORT": "http"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("workload.pricing cannot start: PORT='http'")
    assert done.stderr.count("\n") == 1
