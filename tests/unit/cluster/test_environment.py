"""A sandbox is found by its name, and what runs in it sees nothing of the user's own cluster or AWS account."""

from pathlib import Path

import pytest

from sandbox.cluster.environment import Sandbox
from sandbox.cluster.errors import NotRunningError, UsageError


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    """`load` gives back every field that `save` wrote."""
    sandbox = Sandbox.named("a", ports=(31000, 31009), work_tree=tmp_path)
    sandbox.save()
    assert Sandbox.load("a", work_tree=tmp_path) == sandbox


def test_a_cluster_of_the_users_own_has_no_namespace(tmp_path: Path) -> None:
    """With a kubeconfig given, commands run where the user is."""
    sandbox = Sandbox.named("a", kubeconfig=tmp_path / "config", work_tree=tmp_path)
    sandbox.save()
    loaded = Sandbox.load("a", work_tree=tmp_path)
    assert loaded.command(["true"]) == ["true"]
    assert loaded.environ({})["KUBECONFIG"] == str(tmp_path / "config")


@pytest.mark.parametrize("name", ["", "A", "-a", "1", "a/b", "a" * 21])
def test_a_name_that_breaks_paths_is_refused(name: str) -> None:
    """The name becomes part of a namespace, cgroups and a folder."""
    with pytest.raises(UsageError, match="cannot be used"):
        Sandbox.named(name)


def test_a_missing_sandbox_says_how_to_start_it(tmp_path: Path) -> None:
    """The error ends with the next command."""
    with pytest.raises(NotRunningError, match="make sandbox NAME=gone"):
        Sandbox.load("gone", work_tree=tmp_path)


def test_no_real_aws_credential_reaches_the_sandbox(tmp_path: Path) -> None:
    """Profiles and keys of the user's are dropped, not merely shadowed."""
    sandbox = Sandbox.named("a", work_tree=tmp_path)
    environ = sandbox.environ({"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "y"})
    assert "AWS_PROFILE" not in environ
    assert "AWS_SESSION_TOKEN" not in environ
    assert "y" not in environ.values()
    assert environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"


def test_the_sandboxs_commands_come_first(tmp_path: Path) -> None:
    """`kubectl` and `pulumi` are the sandbox's, whatever else PATH holds."""
    sandbox = Sandbox.named("a", work_tree=tmp_path)
    assert sandbox.environ({"PATH": "/usr/bin"})["PATH"] == f"{tmp_path}/.sandbox/a/bin:/usr/bin"
    assert sandbox.command(["id"]) == ["nsenter", "--net=/run/netns/teal-a", "--", "id"]
