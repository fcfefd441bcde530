"""A service says its contract, limits, commands, hosts and image in any form that means something."""

import json

import pytest
from teal_infra.settings.service import ServiceSettings
from teal_infra.settings.slot import SlotService

from tests.unit.infra.settings.service.refusing import refusal


def test_the_contract_is_one_word_and_what_is_said_beside_it_stays() -> None:
    """A path, a null, another kind of probe."""
    kept = ServiceSettings.model_validate({"contract": True})
    assert [each.path for each in kept.probes.given.values()] == ["/health/live", "/health/live", "/health/ready"]
    assert (kept.version_path, kept.readiness_path) == ("/deployment/metadata", "/health/ready")
    assert kept.shutdown.close_connections_path == "/deployment/connections/close"
    own = ServiceSettings.model_validate(
        {
            "contract": True,
            "versionPath": None,
            "shutdown": {"closeConnectionsPath": None},
            "probes": {"startup": None, "liveness": {"grpc": {}}, "readiness": {"periodSeconds": 1, "path": "/up"}},
        }
    )
    assert (own.version_path, own.shutdown.close_connections_path, own.baked_path) == (None, None, "/up")
    assert own.probes.startup is None
    assert own.probes.liveness is not None
    assert own.probes.liveness.path is None
    assert own.probes.readiness.period_seconds == 1


def test_limits_that_are_given_are_all_that_there_are() -> None:
    """A limit of memory alone limits no processor time."""
    limited = ServiceSettings.model_validate({"resources": {"limits": {"memory": "256Mi"}}}).resources
    assert (limited.limits.cpu, limited.limits.memory) == (None, "256Mi")


def test_no_more_is_asked_for_than_a_limit_allows() -> None:
    """A limit alone suffices, as in Kubernetes; what is asked for beside it is judged against it."""
    limited = ServiceSettings.model_validate({"resources": {"limits": {"memory": "256Mi"}}}).resources
    assert (limited.requests.cpu, limited.requests.memory) == ("500m", "256Mi")
    asked = ServiceSettings.model_validate(
        {"resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "256Mi"}}}
    )
    assert asked.resources.requests.memory == "1Gi"
    assert limited.requests.cpu == "500m"


def test_a_deadline_and_a_rollout_can_take_hours() -> None:
    """Each of them is the service's to say."""
    slow = ServiceSettings.model_validate(
        {"progressDeadlineSeconds": 4 * 3600, "rollout": {"maxSurge": "100%", "minReadySeconds": 600}}
    )
    assert (slow.progress_deadline_seconds, slow.rollout.min_ready_seconds) == (14400, 600)


def test_a_number_in_a_command_is_its_text() -> None:
    """`pulumi config set --path` makes one of what looks like it, and a list of arguments is all text."""
    service = ServiceSettings.model_validate(
        {
            "command": ["gunicorn"],
            "args": ["-w", 4, True],
            "probes": {"readiness": {"exec": ["nc", "-z", "localhost", 8000]}},
        }
    )
    assert service.args == ("-w", "4", "true")
    assert service.probes.readiness.exec == ("nc", "-z", "localhost", "8000")


@pytest.mark.parametrize(
    "host", ["", "*", "*.*.example", "https://shop.example", "shop.example:80", "a..b", "10.0.0.1"]
)
def test_a_host_is_a_name_as_kubernetes_has_it(host: str) -> None:
    """The API server would refuse the Ingress, or the HTTPRoute; the first host and further ones."""
    assert "backend.ingress.host: " in refusal({"ingress": {"host": host}})
    assert "backend.ingress.hosts" in refusal({"ingress": {"host": "a.example", "hosts": {host: {}}}})
    assert "backend.routing.hosts[0]: " in refusal({"routing": {"hosts": [host]}})
    long = ".".join(["a" * 60] * 3)
    for good in ("*.shop.example", "shop", "8.shop.example", long):
        assert ServiceSettings.model_validate({"ingress": {"host": good, "hosts": {good: {}}}}).ingress


@pytest.mark.parametrize(
    ("whole", "once", "taken"),
    [
        ("10s", "30s", False),
        ("1m", "61s", False),
        ("1h", "60m", True),
        ("0s", "5m", True),
        ("1s500ms", "1501ms", False),
    ],
)
def test_a_try_takes_no_longer_than_the_whole(whole: str, once: str, taken: bool) -> None:  # noqa: FBT001 - a case
    """As the Gateway API has it; 0s is for ever."""
    given = {"routing": {"timeouts": {"request": whole, "backendRequest": once}}}
    if taken:
        assert ServiceSettings.model_validate(given).routing.timeouts
    else:
        assert f"backendRequest {once} is longer than request {whole}" in refusal(given)


@pytest.mark.parametrize(
    "image",
    ["ghcr.io/Acme/Shop:1", "https://a.example/a:1", "a//b:1", "a/:1", "-a:1", "a_:1", "registry:x/a:1"],
)
def test_an_image_is_of_a_repository_as_registries_have_it(image: str) -> None:
    """No node could pull another one."""
    said = refusal({}, blue={"version": "1", "backend": {"image": image}})
    assert f"blue.backend.image: {json.dumps(image)}: " in said
    assert "is no repository: after its registry, it has parts of small letters" in said
    for good in ("a:1", "Registry.example:5000/a/b__c-d.e:1", "localhost/a:1", "[::1]:5000/a:1"):
        assert SlotService.model_validate({"image": good}).image == good
