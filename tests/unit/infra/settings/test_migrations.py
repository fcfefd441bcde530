"""What a stack says of its migrations: names of any kind, in an order that is declared, and what is refused."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError
from teal_infra.settings import Settings
from teal_infra.settings.load import load
from teal_infra.settings.migrations import MigrationSettings, SchemaSettings

from teal.model.errors import ConfigError
from teal.schema.migrations import Schema

NAMES = (
    "0002",
    "20261121",
    "ae1027a6acf",
    "head",
    "billing@head",
    "shop.0002_tax",
    "V1.2__add_micros",
    "auth:0012",
    "2",
)


def stack(migrations: Mapping[str, Any], **schema: str) -> Settings:
    """A stack whose blue says this of the schema."""
    raw = {
        "activeColour": "blue",
        "services": json.dumps({"backend": {"migrations": migrations}}),
        "blue": json.dumps({"version": "1", "backend": {"image": "a:1", "schema": schema}}),
    }
    return load(raw, stack="dev")


def refusal(migrations: Mapping[str, Any], **schema: str) -> str:
    """Why such a stack is refused."""
    with pytest.raises(ConfigError) as error:
        stack(migrations, **schema)
    return str(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_revision_is_called_as_its_tool_calls_it(name: str) -> None:
    """Alembic's hashes and heads, Django's app and name, Flyway's versions, numbers and dates."""
    assert SchemaSettings(expand=name).expand == name


@pytest.mark.parametrize("name", ["", "+1", "-1", "a b", "$(HOME)", "a;b", "`id`", "a'b", "é", "x" * 201])
def test_what_a_shell_or_kubernetes_would_take_for_something_else_is_refused(name: str) -> None:
    """Relative ones too: those are another revision each time."""
    with pytest.raises(ValidationError, match=r"pattern|at most 200"):
        SchemaSettings(expand=name)


def test_a_number_is_refused() -> None:
    """YAML has read 0010, and it is 8."""
    with pytest.raises(ValidationError, match="valid string"):
        SchemaSettings.model_validate({"expand": 8})


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({}, "Field required"),
        ({"expand": "0003", "contract": "0003"}, "contract 0003 does not come after expand 0003"),
        ({"expand": "0003", "down": "0003"}, "down 0003 does not come before expand 0003"),
        ({"expand": "a", "contract": "head"}, "contract head is another revision in each image"),
        ({"expand": "a", "down": "billing@head"}, "down billing@head is another revision in each image"),
        ({"expand": "head", "contract": "a"}, "expand head is all that the image has"),
    ],
)
def test_a_schema_that_makes_no_sense_is_refused(schema: Mapping[str, Any], said: str) -> None:
    """As far as a release's own words tell: names have no order."""
    with pytest.raises(ValidationError, match=said):
        SchemaSettings.model_validate(schema)
    SchemaSettings.model_validate({"expand": "0003", "contract": "0002", "down": "0009"})


@pytest.mark.parametrize(
    ("schema", "said", "remedy"),
    [
        ({"expand": "b", "contract": "a"}, "contract a does not come after expand b", "rm --path 'teal:blue.backend"),
        ({"expand": "a", "down": "c"}, "down c does not come before expand a", "rm --path 'teal:blue.backend.schema.d"),
        (
            {"expand": "d"},
            "services.backend.migrations.revisions leaves out d",
            "set --path 'teal:services.backend.migrations.revisions[3]' d",
        ),
    ],
)
def test_a_list_says_what_comes_after_what(schema: dict[str, str], said: str, remedy: str) -> None:
    """And has to name all that releases do."""
    listed = {"revisions": ["a", "b", "c"]}
    message = refusal(listed, **schema)
    assert said in message
    assert f"Next: pulumi config {remedy}" in message
    stack(listed, expand="a", contract="c")
    stack(listed, expand="head")
    stack({}, **schema)


@pytest.mark.parametrize(
    ("listed", "said"),
    [(["a", "b", "a"], "a is there twice"), (["a", "head"], "head is another revision in each image")],
)
def test_a_list_that_says_nothing_is_refused(listed: list[str], said: str) -> None:
    """Each revision has one place in it."""
    message = refusal({"revisions": listed}, expand="a")
    assert said in message
    assert "Next: pulumi config rm --path 'teal:services.backend.migrations.revisions'" in message


@pytest.mark.parametrize(
    ("migrations", "said"),
    [
        ({"up": ["migrate"], "verify": ["look"]}, "a migration with no down is refused, unless downRefused says why"),
        ({"down": None}, "down is null, and nothing says why"),
    ],
)
def test_a_way_down_is_there_or_refused_with_a_reason(migrations: dict[str, Any], said: str) -> None:
    """The next command gives one, and the error is gone."""
    message = refusal(migrations, expand="a")
    assert said in message
    path, value = shlex.split(message.rpartition("Next: pulumi config set --path ")[2])
    assert path == "teal:services.backend.migrations.downRefused"
    stack({**migrations, "downRefused": value}, expand="a")


def test_a_way_down_that_is_there_and_refused_is_one_too_many() -> None:
    """What is null, or said by nobody, is none."""
    refused = {"downRefused": "Flyway has none"}
    assert "and down is one" in refusal({**refused, "down": ["back"]}, expand="a")
    assert MigrationSettings.model_validate(refused).down_refused == "Flyway has none"
    whole = {**refused, "down": None, "up": ["migrate"], "verify": ["look"]}
    assert MigrationSettings.model_validate(whole).down is None
    with pytest.raises(ValidationError, match="there is no verify"):
        MigrationSettings.model_validate({**refused, "up": ["migrate"]})
    with pytest.raises(ValidationError):
        MigrationSettings.model_validate({"up": ["migrate"], "down": []})


@pytest.mark.parametrize(
    ("template", "where"),
    [
        ({"metadata": {"labels": {"teal/colour": "blue"}}}, "metadata.labels"),
        ({"metadata": {"$patch": "replace"}}, "metadata"),
        ({"spec": {"$retainKeys": []}}, "spec"),
        ({"spec": {"serviceAccountName": "admin"}}, "spec.serviceAccountName"),
        ({"spec": {"restartPolicy": "OnFailure"}}, "spec.restartPolicy"),
        ({"spec": {"containers": None}}, "spec.containers"),
        ({"spec": {"initContainers": [{"name": "up", "$patch": "delete"}]}}, "spec.initContainers"),
        ({"spec": {"initContainers": [{"$patch": "replace"}]}}, "spec.initContainers"),
        ({"spec": {"containers": [{"name": "verify", "command": ["true"]}]}}, "spec.containers"),
        ({"spec": {"initContainers": [{"name": "up", "image": "other"}]}}, "spec.initContainers"),
    ],
)
def test_a_template_says_nothing_of_what_is_teals(template: dict[str, Any], where: str) -> None:
    """Else a Job could succeed that has migrated nothing, or run with another's rights."""
    message = refusal({"podTemplate": template}, expand="a")
    assert f"Next: pulumi config rm --path 'teal:services.backend.migrations.podTemplate.{where}'" in message


def test_a_schema_reads_as_the_core_has_it() -> None:
    """The field names are the same, so that one is made of the other."""
    said = {"expand": "0003", "contract": "0004", "down": "0001"}
    assert Schema(**SchemaSettings.model_validate(said).model_dump()) == Schema(**said)
