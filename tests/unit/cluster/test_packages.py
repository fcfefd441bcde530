"""Installing packages starts and makes nothing, and leaves the machine's own policy about that as it was."""

import os
import subprocess
from pathlib import Path

import pytest

from sandbox.cluster.building.packages import SYSTEM_PATH, no_database_made, nothing_started


def test_services_are_forbidden_while_packages_are_installed_and_only_then(tmp_path: Path) -> None:
    """101 is what invoke-rc.d(8) takes for a no; an interrupted installation takes it back too."""
    policy = tmp_path / "policy-rc.d"
    with nothing_started(policy):
        assert subprocess.run([policy, "etcd", "start"], check=False).returncode == 101

    def interrupt() -> None:
        with nothing_started(policy):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert not policy.exists()


def test_what_a_killed_installation_left_is_taken_away_by_the_next(tmp_path: Path) -> None:
    """Else no service would ever start again on this machine."""
    policy = tmp_path / "policy-rc.d"
    with nothing_started(policy):
        left = policy.read_text()
    policy.write_text(left)
    with nothing_started(policy):
        pass
    assert not policy.exists()


def test_the_machines_own_policy_is_left_alone(tmp_path: Path) -> None:
    """Containers come with one."""
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    with nothing_started(policy):
        assert policy.read_text() == "#!/bin/sh\nexit 101\n"
    assert policy.read_text() == "#!/bin/sh\nexit 101\n"


def test_a_maintainer_script_that_asks_whether_to_make_a_database_is_told_no() -> None:
    """As postgresql-common's does; what is installed later of the same name is behind it on PATH."""
    asks = ["sh", "-c", "pg_conftool /etc/postgresql-common/createcluster.conf show -bs create_main_cluster"]
    with no_database_made() as folder:
        path = f"{folder}{os.pathsep}{SYSTEM_PATH}"
        said = subprocess.run(asks, env={"PATH": path}, capture_output=True, text=True, check=True)
    assert said.stdout == "off\n"
    assert not folder.exists()
