"""The sandbox's command line: exit statuses are pinned, and bad input changes nothing."""

from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.cluster.environment import WORK_TREE
from sandbox.cluster.errors import ExitCode

_ABSENT = "unit-test-absent"


def test_exit_statuses_do_not_change() -> None:
    """Scripts of users tell them apart."""
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "PREREQUISITE": 3,
        "BUILD": 4,
        "START": 5,
        "NOT_RUNNING": 6,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["up", "--name", "A b"], "sandbox name 'A b' cannot be used"),
        (["up", "--ports", "30000"], "--ports '30000' is no range"),
        (["up", "--ports", "30999-30000"], "--ports '30999-30000' is no range"),
        (["up", "--ports", "0-70000"], "--ports '0-70000' is no range"),
        (["up", "--name", _ABSENT, "--kubeconfig", "/nowhere"], "kubeconfig /nowhere cannot be used"),
        (["up", "--unknown"], "Unknown option"),
        (["frobnicate"], "Unknown command"),
    ],
)
def test_bad_input_is_refused_with_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The value seen stands in the message, and no folder is made."""
    assert main(arguments) == ExitCode.USAGE
    assert said in capsys.readouterr().err
    assert not (WORK_TREE / ".sandbox" / _ABSENT).exists()


@pytest.mark.parametrize("arguments", [["shell", "--cmd", "true"], ["stop", "etcd"], ["image"]])
def test_what_needs_a_sandbox_says_how_to_start_it(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Status 6, and the next command."""
    assert main([*arguments, "--name", _ABSENT]) == ExitCode.NOT_RUNNING
    assert f"make sandbox NAME={_ABSENT}" in capsys.readouterr().err


def test_an_api_server_that_does_not_answer_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The server's address comes from the kubeconfig, which the user may not have read."""
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text("""
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
""")
    assert main(["up", "--name", _ABSENT, "--kubeconfig", str(kubeconfig)]) == ExitCode.USAGE
    assert "https://127.0.0.1:1" in capsys.readouterr().err
    assert not (WORK_TREE / ".sandbox" / _ABSENT).exists()
