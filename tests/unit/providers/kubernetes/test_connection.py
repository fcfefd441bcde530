"""A kubeconfig is found where kubectl finds it, and an unusable one is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.kubernetes.connection import connect
from sandbox.providers.kubernetes.errors import ConfigurationError


def _kubeconfig(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any YAML
    return {
        "current-context": "one",
        "clusters": [{"name": "c", "cluster": {"server": "https://kubernetes.test"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u"}},
            {"name": "two", "context": {"cluster": "c", "user": "u", "namespace": "there"}},
            {"name": "lost", "context": {"cluster": "gone", "user": "u"}},
            {"name": "nobody", "context": {"cluster": "c"}},
        ],
        **changes,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A usable kubeconfig (JSON is YAML)."""
    found = tmp_path / "kubeconfig"
    found.write_text(json.dumps(_kubeconfig()))
    return found


@pytest.mark.parametrize("how", ["environment", "path", "content"])
def test_a_kubeconfig_may_be_given_in_three_ways(path: Path, how: str) -> None:
    """By KUBECONFIG, or by the provider's configuration, which wins."""
    given = {"environment": {}, "path": {"kubeconfig": str(path)}, "content": {"kubeconfig": path.read_text()}}[how]
    environ = {"KUBECONFIG": str(path) if how == "environment" else "/nonexistent"}
    api, namespace = connect(given, environ)
    assert (api.address, namespace) == ("https://kubernetes.test", "default")


@pytest.mark.parametrize(
    ("config", "namespace"),
    [({"context": "two"}, "there"), ({"context": "two", "namespace": "mine"}, "mine"), ({}, "default")],
)
def test_the_namespace_is_the_providers_or_the_contexts(path: Path, config: dict[str, str], namespace: str) -> None:
    """And `default` where neither names one."""
    assert connect(config, {"KUBECONFIG": str(path)})[1] == namespace


@pytest.mark.parametrize(
    ("content", "context"),
    [
        ("", ""),
        ("- a\n- list\n", ""),
        ("a: [b\n", ""),
        ("just words", ""),
        (json.dumps({}), ""),
        (json.dumps(_kubeconfig(clusters=[{"name": "c", "cluster": {"server": 3}}])), ""),
        (json.dumps(_kubeconfig(clusters="x")), ""),
        (json.dumps(_kubeconfig(users=[{"name": "u", "user": {"client-certificate-data": "!"}}])), ""),
        (json.dumps(_kubeconfig()), "three"),
        (json.dumps(_kubeconfig()), "lost"),
        (json.dumps(_kubeconfig()), "nobody"),
    ],
)
def test_an_unusable_kubeconfig_is_named_with_what_to_do(tmp_path: Path, content: str, context: str) -> None:
    """Whatever is wrong with it."""
    file = tmp_path / "kubeconfig"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=rf"KUBECONFIG={file}.*Nothing was changed.*kubectl cluster-info"):
        connect({"context": context}, {"KUBECONFIG": str(file)})
