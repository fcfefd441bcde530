"""Config is validated once; every problem is reported at once with value, consequence and command."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from teal_infra.settings.load import load

from teal.model.colours import Colour
from teal.model.errors import ConfigError
from tests.unit.infra.worlds import BASE, edited

GOOD: Mapping[str, str] = {
    "activeColour": "blue",
    "services": json.dumps({"backend": {}}),
    "blue": json.dumps({"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}}),
}


def refusal(**changes: str | None) -> str:
    """What is said of the good config with these changes."""
    raw = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(ConfigError) as error:
        load(raw, stack="dev")
    return str(error.value)


def test_a_minimal_stack_gets_the_documented_defaults() -> None:
    """Only the active colour, a service and a slot have to be said."""
    settings = load(GOOD, stack="dev")
    backend = settings.services["backend"]
    assert settings.environment == "dev"
    assert (backend.port, backend.replicas) == (8000, 3)
    assert (backend.shutdown.wait_seconds, backend.shutdown.grace_period_seconds) == (5, 45)
    assert (backend.probes.readiness.path, backend.probes.readiness.failure_threshold) == (None, 1)
    assert settings.active_slot.services["backend"].image == "registry.example/backend:1.0.0"


@pytest.mark.parametrize("stack", ["sandbox", "staging", "production"])
def test_the_example_stacks_are_valid(stack: str) -> None:
    """What the repository ships can be provisioned."""
    file = Path(__file__).parents[4] / "stacks" / f"Pulumi.{stack}.yaml"
    config: dict[str, Any] = yaml.safe_load(file.read_text())["config"]
    raw = {key.removeprefix("teal:"): v if isinstance(v, str) else json.dumps(v) for key, v in config.items()}
    assert load(raw, stack=stack).active_slot.version


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"activeColour": "red"}, ["teal:activeColour", '"red"', "pulumi config set teal:activeColour blue"]),
        ({"activeColour": None}, ["teal:activeColour: nothing", "would not know where live traffic belongs"]),
        (
            {"activeColour": "green"},
            ["teal:green: nothing", "no such slot", "pulumi config set teal:activeColour blue"],
        ),
        ({"colour": "blue"}, ["teal:colour", "unknown key", "pulumi config rm teal:colour"]),
        ({"activeColor": "blue"}, ["did you mean activeColour?"]),
        ({"services": "{"}, ["teal:services", "not an object"]),
        ({"services": json.dumps({"backend": {"port": "http"}})}, ["teal:services.backend.port", '"http"', "8000"]),
        ({"services": json.dumps({"backend": {"port": 70000}})}, ["70000", "65535"]),
        ({"services": json.dumps({"backend": {"prot": 1}})}, ["teal:services.backend.prot", "did you mean port?"]),
        (
            {"services": json.dumps({"backend": {"shutdown": {"gracePeriodSeconds": 30}}})},
            ["gracePeriodSeconds 30", "not longer than waitSeconds 5 plus drainSeconds 25"],
        ),
        (
            {"services": json.dumps({"backend": {"shutdown": {"waitSeconds": 60}}})},
            ["gracePeriodSeconds 45", "config set --path 'teal:services.backend.shutdown.gracePeriodSeconds' 100"],
        ),
        (
            {"services": json.dumps({"backend": {"probes": {"liveness": {"periodSeconds": 0}}}})},
            ["the API server would refuse the pods", "probes.liveness.periodSeconds' 10"],
        ),
        (
            {"services": json.dumps({"backend": {"resources": {"requests": {"cpu": "lots", "memory": "1Gi"}}}})},
            ["teal:services.backend.resources.requests.cpu", '"lots"', "500m"],
        ),
        ({"services": json.dumps({"backend": {}, "frontend": {}})}, ["frontend has no release in slot blue"]),
        ({"blue": json.dumps({"version": 1.1, "backend": {"image": "a:1"}})}, ["teal:blue.version: 1.1", "quote it"]),
        ({"blue": json.dumps({"version": "1", "backend": {"image": "none"}})}, ["teal:blue.backend.image", '"none"']),
        (
            {"services": json.dumps({"backend": {"autoscaling": {"minReplicas": 9, "maxReplicas": 2}}})},
            ["teal:services.backend.autoscaling.minReplicas", "minReplicas 9 is above maxReplicas 2"],
        ),
        (
            {"backing": json.dumps({"cache": {"kind": "redis", "model": "x"}})},
            ["teal:backing.cache.model", "a redis has no model"],
        ),
        (
            {"blue": json.dumps({"version": "1", "state": "retired", "backend": {"image": "a:1"}})},
            ["teal:blue.state", "an active colour is running"],
        ),
        (
            {"services": json.dumps({"backend": {"network": {"dns": {"cidrs": ["10.0.0.1/8"]}}}})},
            ["teal:services.backend.network.dns.cidrs[0]", "10.0.0.1/8", "not a CIDR"],
        ),
        (
            {"blue": json.dumps({"version": "1", "backend": {"image": "a:1", "schema": {"expand": "0001"}}})},
            ["teal:blue.backend.schema", "service backend has no migrations"],
        ),
        ({"router": "magic"}, ["teal:router", '"magic"']),
    ],
)
def test_a_wrong_value_is_named_with_its_consequence_and_its_remedy(
    changes: dict[str, str | None], said: list[str]
) -> None:
    """Key, value seen, consequence and the command that mends it are in the message."""
    message = refusal(**changes)
    for part in [*said, "Next: pulumi config", "nothing was changed"]:
        assert part in message


@pytest.mark.parametrize(
    ("where", "key", "meant"),
    [
        (("services", "backend"), "pod_template", "podTemplate"),
        (("services", "backend"), "front_door", "frontDoor"),
        (("services", "backend", "probes", "readiness"), "period_seconds", "periodSeconds"),
        (("blue", "backend"), "pod_template", "podTemplate"),
        (("blue", "backend"), "database", ""),
    ],
)
def test_a_key_is_taken_by_the_name_that_the_documentation_has_alone(
    where: tuple[str, ...], key: str, meant: str
) -> None:
    """The names of the program's own attributes would pass by every check of what is teal's."""
    raw = edited(BASE, {".".join((*where, key)): {"spec": {"serviceAccountName": "root"}}})
    said = refusal(**{name: each if isinstance(each, str) else json.dumps(each) for name, each in raw.items()})
    assert f"teal:{'.'.join((*where, key))}: " in said
    assert (f"unknown key, did you mean {meant}?" if meant else "unknown key; known here: adopt, env") in said


def test_all_problems_are_reported_at_once() -> None:
    """Three mistakes are three lines, not three attempts."""
    message = refusal(activeColour="red", router="magic", services=json.dumps({"backend": {"port": "http"}}))
    assert "has 3 problems" in message
    assert len(message.splitlines()) == 4


def test_secret_values_are_never_shown() -> None:
    """A wrong value under a secret key is reported without the value."""
    with pytest.raises(ConfigError) as error:
        load({**GOOD, "blue": json.dumps({"version": 1.5, "backend": {"image": "a:1"}})}, secret={"blue"}, stack="dev")
    assert "[secret]" in str(error.value)
    assert "1.5" not in str(error.value)


def test_environment_values_reach_processes_as_text() -> None:
    """YAML's booleans and numbers become what a shell would have set."""
    slot = {"version": "1", "backend": {"image": "a:1", "env": {"A": True, "B": 3, "C": "x"}}}
    settings = load({**GOOD, "blue": json.dumps(slot)}, stack="dev")
    slot_blue = settings.slot(Colour.BLUE)
    assert slot_blue is not None
    assert slot_blue.services["backend"].env == {"A": "true", "B": "3", "C": "x"}


def test_a_variable_may_have_any_name_that_kubernetes_takes() -> None:
    """Spring and Elasticsearch read dots, and others hyphens; a name of dots alone would be a folder's."""
    given = {"spring.profiles.active": "prod", "-a": "x", ".b": "x", "C-d_e.1": "x"}
    slot = {"version": "1", "backend": {"image": "a:1", "env": given, "secrets": {"bootstrap.password": "x"}}}
    assert load({**GOOD, "blue": json.dumps(slot)}, stack="dev").active_slot.services["backend"].env == given
    slot["backend"] = {"image": "a:1", "env": dict.fromkeys([".", "..", "..a", "1a", "a b", ""], "x")}
    assert "has 6 problems" in refusal(blue=json.dumps(slot))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.1, "quote it: YAML reads 1.10 as the number 1.1, and 0755 as 493"),
        ("2024-01-01 00:00:00 +0000 UTC", "quote it: YAML reads a date as a moment, which is written in another way"),
    ],
)
def test_a_value_that_yaml_has_changed_is_to_be_quoted(value: object, said: str) -> None:
    """A variable, an argument and an annotation are what was written, or refused."""
    config = edited(
        BASE,
        {
            "blue.backend.env": {"A": value},
            "services.backend.args": [value],
            "services.backend.metadata.deployment.annotations": {"a": value},
        },
    )
    message = refusal(**{key: each if isinstance(each, str) else json.dumps(each) for key, each in config.items()})
    assert message.count(f"{said}; pods would get another text. Next: pulumi config set --path") == 3


def test_mistakes_in_one_service_are_reported_at_once() -> None:
    """An amount, a range, a time, an address and a migration that lacks two things, each wrong in its own way."""
    wrong = {
        "resources": {"requests": {"cpu": "lots"}},
        "autoscaling": {"minReplicas": 9, "maxReplicas": 2},
        "shutdown": {"gracePeriodSeconds": 20},
        "network": {"callers": {"office": {"cidrs": ["10.0.0.0/33"]}}},
        "migrations": {"up": ["migrate"]},
    }
    message = refusal(services=json.dumps({"backend": wrong}))
    for said in (
        'requests.cpu: "lots"',
        "minReplicas 9 is above maxReplicas 2",
        "gracePeriodSeconds 20 is not longer",
        "callers.office.cidrs[0]",
        "a migration with no down is refused",
    ):
        assert said in message
    assert "has 6 problems" in message
