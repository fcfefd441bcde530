"""What a machine lacks is said all at once, each thing with its consequence and the next command."""

from pathlib import Path

import pytest

from sandbox.cluster.building.packages import NEEDED, unavailable
from sandbox.cluster.building.prerequisites import Problem, machine, require
from sandbox.cluster.errors import ExitCode, PrerequisiteError


def test_all_problems_are_in_one_error() -> None:
    """Nobody mends one to be told the next."""
    problems = [Problem("root", "this is user id 1000", "It cannot", "Do so"), Problem("disk", "1 GiB", "Full", "Free")]
    with pytest.raises(PrerequisiteError) as raised:
        require(problems)
    assert "2 things are missing" in str(raised.value)
    assert "root: this is user id 1000. It cannot. Do so" in str(raised.value)
    assert "disk: 1 GiB. Full. Free" in str(raised.value)
    assert raised.value.exit_code is ExitCode.PREREQUISITE


def test_no_problem_is_no_error() -> None:
    """A machine that has all goes on."""
    require([])


def test_the_missing_cgroup_controller_is_named(tmp_path: Path) -> None:
    """Version 1: one folder a controller."""
    for name in ("cpu", "cpuacct", "cpuset", "pids", "devices", "freezer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    found = {problem.what: problem for problem in machine([tmp_path], cold=False, cgroups=tmp_path)}
    assert found["cgroup controllers"].seen.startswith("memory not there")


def test_the_missing_controller_of_version_2_is_named(tmp_path: Path) -> None:
    """Version 2: one list."""
    (tmp_path / "cgroup.controllers").write_text("cpu io memory pids\n")
    found = {problem.what: problem for problem in machine([tmp_path], cold=False, cgroups=tmp_path)}
    assert found["cgroup controllers"].seen.startswith("cpuset not there")


def test_controllers_that_are_there_are_no_problem(tmp_path: Path) -> None:
    """More than needed is fine."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma\n")
    assert "cgroup controllers" not in {p.what for p in machine([tmp_path], cold=False, cgroups=tmp_path)}


def test_every_command_has_a_package() -> None:
    """The installation of one package brings every command that asked for it."""
    assert NEEDED["ctr"] == NEEDED["containerd"] == "containerd"
    assert unavailable([]) == []
