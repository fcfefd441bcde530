"""Who asks a Prometheus, as a stack says it: one way at a time, and nothing that others could read on the way."""

import json
from typing import Any

import pytest
from teal_infra.settings.load import load

from teal.model.errors import ConfigError
from teal.spec.credentials import Credentials, SigV4

URL = "https://prometheus.example"


def credentials(**said: Any) -> Credentials:  # noqa: ANN401 - settings as a stack file has them
    """What a stack's Prometheus is shown."""
    raw = {
        "activeColour": "blue",
        "services": json.dumps({"backend": {}}),
        "blue": json.dumps({"version": "1", "backend": {"image": "a:1"}}),
        "prometheus": json.dumps({"url": URL, **said}),
    }
    found = load(raw, secret={"prometheus"}, stack="dev").prometheus
    assert found is not None
    return found.access().credentials


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({}, Credentials()),
        ({"token": "abc"}, Credentials(token="abc")),  # noqa: S106 - a test's
        ({"user": "teal", "password": "p:w d"}, Credentials(user="teal", password="p:w d")),  # noqa: S106 - as above
        ({"headers": {"X-Scope-OrgID": "shop"}}, Credentials(headers={"X-Scope-OrgID": "shop"})),
        ({"sigV4": {"region": "us-gov-west-1"}}, Credentials(sig_v4=SigV4(region="us-gov-west-1", service="aps"))),
        ({"headers": {"Authorization": "ApiKey x"}}, Credentials(headers={"Authorization": "ApiKey x"})),
    ],
)
def test_each_way_of_saying_who_asks(said: dict[str, Any], shown: Credentials) -> None:
    """A token, a user, headers, or AWS' signature."""
    assert credentials(**said) == shown


@pytest.mark.parametrize(
    ("said", "why", "remedy"),
    [
        ({"user": "teal"}, "user is set, and there is no password", "set --path --secret 'teal:prometheus.password'"),
        ({"password": "SECRET"}, "password is set, and there is no user", "set --path 'teal:prometheus.user' teal"),
        (
            {"token": "SECRET", "sigV4": {"region": "eu-west-1"}},
            "token says who asks already",
            "rm --path 'teal:prometheus.sigV4'",
        ),
        (
            {"token": "SECRET", "headers": {"authorization": "SECRET"}},
            "token says who asks already",
            "rm --path 'teal:prometheus.headers.authorization'",
        ),
        ({"headers": {"a b": "x"}}, "pattern", "rm --path 'teal:prometheus.headers"),
        ({"headers": {"X-Key": "SECRET\nX: y"}}, "pattern", "set --path --secret 'teal:prometheus.headers.X-Key'"),
        ({"sigV4": {"region": "europe"}}, "pattern", "set --path 'teal:prometheus.sigV4.region' eu-central-1"),
        (
            {"url": "http://prometheus.example", "user": "teal", "password": "SECRET"},
            "prometheus.password would be sent there for everybody",
            "set --path 'teal:prometheus.url' https://prometheus.example",
        ),
        (
            {"url": "http://prometheus.example", "headers": {"X-Key": "SECRET"}},
            "prometheus.headers would be sent there",
            "set --path 'teal:prometheus.url' https://prometheus.example",
        ),
        (
            {"url": "http://prometheus.example", "sigV4": {"region": "eu-west-1"}},
            "prometheus.sigV4 would be sent there",
            "set --path 'teal:prometheus.url' https://prometheus.example",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(said: dict[str, Any], why: str, remedy: str) -> None:
    """Before anything is asked, and without the secret in the message."""
    with pytest.raises(ConfigError) as error:
        credentials(**said)
    assert why in str(error.value)
    assert f"Next: pulumi config {remedy}" in str(error.value)
    assert "SECRET" not in str(error.value)


def test_a_tenant_is_no_secret() -> None:
    """It says whose series are meant, also to a Prometheus in the cluster, where nothing is encrypted."""
    inside = "http://mimir.monitoring.svc"
    for name in ("X-Scope-OrgID", "thanos-tenant"):
        assert credentials(url=inside, headers={name: "shop"}).headers == {name: "shop"}
    with pytest.raises(ConfigError, match=r"prometheus\.headers would be sent there for everybody"):
        credentials(url=inside, headers={"X-Scope-OrgID": "shop", "X-Api-Key": "k"})
