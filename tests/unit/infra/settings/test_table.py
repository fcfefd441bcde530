"""The page of settings and the schema of a stack file say what the models say."""

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from teal_infra.settings import Settings
from teal_infra.settings.base import CONSEQUENCE, said
from teal_infra.settings.reference import schema
from teal_infra.settings.reference.table import Row, models, numeric, page, rows, within
from teal_infra.settings.report.places import example_of

ROOT = Path(__file__).parents[4]
SCHEMA = schema.document()


def test_the_page_is_made_from_the_models() -> None:
    """`python -m teal_infra.settings.reference.table > docs/settings.md` has been run."""
    assert (ROOT / "docs/settings.md").read_text() == page()


def test_the_schema_is_made_from_the_models() -> None:
    """`python -m teal_infra.settings.reference.schema > stacks/schema.json` has been run."""
    assert json.loads((ROOT / "stacks/schema.json").read_text()) == SCHEMA


def test_what_pulumi_says_of_a_setting_is_what_the_models_say() -> None:
    """`Pulumi.yaml` describes few keys, in the models' words and with their defaults."""
    fields = {field.alias or name: field for name, field in Settings.model_fields.items()}
    told = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert told
    for key, each in told.items():
        assert (each["description"], each["default"]) == (fields[key].description, fields[key].default)


def test_every_setting_says_what_it_is() -> None:
    """In a sentence of its own, and not by what would go wrong."""
    found = {place.model: place.path for place in models("teal", Settings)}
    assert len(found) > 40
    for model, path in found.items():
        for name, field in model.model_fields.items():
            meaning, consequence = field.description or "", said(field, CONSEQUENCE)
            assert meaning.endswith("."), f"{path}.{name} does not say what it is"
            assert meaning[0].isupper(), f"{path}.{name}: {meaning}"
            assert not consequence or consequence.lower() not in meaning.lower(), f"{path}.{name}"
        assert inspect.getdoc(model), path


def test_every_setting_that_can_be_wrong_says_what_that_would_mean_and_how_it_is_mended() -> None:
    """But for objects, whose parts do."""
    for place in models("teal", Settings):
        for name, field in place.model.model_fields.items():
            if not list(within(field.annotation)):
                at = f"{place.path}.{name}"
                assert said(field, CONSEQUENCE), f"{at} does not say what a wrong value would have caused"
                assert example_of(field), f"{at} has no value that the mending command could set"


NUMBERS = [
    pytest.param(row, parts, id=f"{place.path}.{row.key}")
    for place in models("teal", Settings)
    for row, parts in rows(place)
    if any(map(numeric, parts)) and not any(part.get("type") == "boolean" for part in parts)
]
ENDS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
SOURCES = re.compile(r"(the \S+ guide|Kubernetes|AWS|HTTPS?|Prometheus|GitHub|TCP and UDP|measured|teal)\b")


@pytest.mark.parametrize(("row", "parts"), NUMBERS)
def test_every_number_says_its_unit_and_where_it_comes_from(row: Row, parts: Sequence[Mapping[str, Any]]) -> None:
    """Its default, and its bounds unless they are a percentage's own, or say no more than that it is not negative."""
    default, _, bounds = row.source.partition("bounds: ")
    ends = {end: part[end] for part in parts for end in ENDS & part.keys()}
    own = {"minimum": 0} if row.unit != "%" else {end: each for end, each in ends.items() if each in {0, 1, 100}}
    assert row.unit, "it has no unit"
    assert row.default in {"none", "required"} or SOURCES.match(default), "its default comes from nowhere"
    assert ends.items() <= own.items() or SOURCES.match(bounds), f"its bounds come from nowhere: {ends}"


def problems(stack: Mapping[str, Any]) -> list[str]:
    """What an editor would underline."""
    validator: Any = import_module("jsonschema").Draft202012Validator(SCHEMA)
    return [each.message for each in validator.iter_errors(stack)]


@pytest.mark.parametrize("file", sorted(ROOT.glob("stacks/*.yaml")), ids=lambda file: file.name)
def test_a_stack_file_is_as_the_schema_has_it(file: Path) -> None:
    """Those that come with teal."""
    assert problems(yaml.safe_load(file.read_text())) == []


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("teal:activeColour", "red", "'red' is not one of"),
        ("teal:sevices", {}, "does not allow"),
        ("teal:services", {"backend": {"prot": 8000}}, "'prot' was unexpected"),
        ("teal:services", {"backend": {"port": 80000}}, "80000 is greater than the maximum"),
        ("teal:blue", {"backend": {"image": "a:1"}}, "'version' is a required property"),
    ],
)
def test_an_editor_finds_what_is_wrong(key: str, value: object, says: str) -> None:
    """Before a preview does."""
    backend: dict[str, object] = {}
    config: dict[str, object] = {"teal:activeColour": "blue", "teal:services": {"backend": backend}}
    assert problems({"config": config}) == []
    (found,) = problems({"config": {**config, key: value}})
    assert says in found


def test_a_value_may_be_encrypted_and_keys_of_others_are_theirs() -> None:
    """As Pulumi writes them."""
    backend: dict[str, object] = {"image": "a:1", "secrets": {"KEY": {"secure": "v1:abc"}}}
    config: dict[str, object] = {
        "teal:activeColour": "blue",
        "teal:services": {"backend": {"port": 80}},
        "teal:blue": {"version": "1.0.0", "backend": backend},
        "aws:region": "eu-west-1",
    }
    assert problems({"config": config, "encryptionsalt": "v1:abc"}) == []
