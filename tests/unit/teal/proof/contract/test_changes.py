"""Oasdiff, where it has been compiled, finds what breaks clients, and lets go what may go."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from teal.gates.documents import ContractPlan
from teal.model.verdict import Outcome
from teal.proof import contract
from tests.unit.teal.proof.contract.doors import MARKED, OVER, Document, Doors, measure
from tests.unit.workload.service import asking


def _without_path(document: Document) -> None:
    del document["paths"]["/use-cases"]


def _without_operation(document: Document) -> None:
    document["paths"]["/cost-estimate"]["get"] = document["paths"]["/cost-estimate"].pop("post")


def _without_field(document: Document) -> None:
    del document["components"]["schemas"]["PricingList"]["properties"]["timestamp"]


def _without_required_field(document: Document) -> None:
    schema = document["components"]["schemas"]["PricingList"]
    del schema["properties"]["provider_status"]
    schema["required"].remove("provider_status")


def _without_request_field(document: Document) -> None:
    schema = document["components"]["schemas"]["CostRequest"]
    del schema["properties"]["output_tokens"]
    schema["required"].remove("output_tokens")


def _without_parameter(document: Document) -> None:
    document["paths"]["/pricing"]["get"]["parameters"] = []


def _other_type(document: Document) -> None:
    document["components"]["schemas"]["PricingList"]["properties"]["total_models"]["type"] = "string"


def _more_is_required(document: Document) -> None:
    parameter = {"name": "region", "in": "query", "required": True, "schema": {"type": "string"}}
    document["paths"]["/models"]["get"]["parameters"].append(parameter)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (_without_path, "GET /use-cases: api path removed without deprecation"),
        (_without_operation, "POST /cost-estimate: api removed without deprecation"),
        (_without_field, "removed the optional property `timestamp` from the response"),
        (_without_required_field, "removed the required property `provider_status` from the response"),
        (_without_request_field, "POST /cost-estimate: removed the request property `output_tokens`"),
        (_without_parameter, "GET /pricing: deleted the `query` request parameter `provider`"),
        (_other_type, "changed from `integer` to `string`"),
        (_more_is_required, "added the new required `query` request parameter `region`"),
    ],
)
@pytest.mark.usefixtures("oasdiff")
async def test_what_breaks_clients_is_refused(document: Document, change: Any, seen: str) -> None:  # noqa: ANN401 - one of the above
    """What the contract says that may not go, by name."""
    new = copy.deepcopy(document)
    change(new)
    found = await measure(Doors(document, new))
    assert found["changes"].outcome is Outcome.FAILED
    assert seen in found["changes"].seen


@pytest.mark.usefixtures("oasdiff")
async def test_what_is_added_breaks_nobody(document: Document) -> None:
    """New endpoints, optional parameters and fields may come; the version changes with every release."""
    new = copy.deepcopy(document)
    new["info"]["version"] = "9"
    new["paths"]["/new"] = new["paths"]["/pricing"]
    new["components"]["schemas"]["PricingList"]["properties"]["more"] = {"type": "string"}
    new["paths"]["/models"]["get"]["parameters"].append({"name": "x", "in": "query", "schema": {"type": "string"}})
    found = await measure(Doors(document, new))
    assert {each.outcome for each in found.values()} == {Outcome.PASSED}
    assert found["deprecations"].seen == "1 of 1 deprecated operations say so"


@pytest.mark.usefixtures("oasdiff")
async def test_a_named_change_may_be(document: Document) -> None:
    """By the id that the refusal shows."""
    new = copy.deepcopy(document)
    _without_parameter(new)
    plan = ContractPlan(path="/openapi.json", allowed=frozenset({"request-parameter-removed"}))
    assert (await measure(Doors(document, new), plan))["changes"].outcome is Outcome.PASSED


@pytest.mark.usefixtures("oasdiff")
async def test_the_reference_service_says_truly_what_its_versions_break() -> None:
    """What its metadata calls breaking changes, and nothing else, is between the documents of its versions."""
    async with asking() as service:
        old, new = [(await service.get(f"/api/{each}/openapi.json")).json() for each in ("v1", "v2")]
        said = (await service.get("/deployment/metadata")).json()["breaking_changes"]
    found = {(each.operation, each.text.split("`")[1]) for each in (await contract.compare(old, new)).changes}
    operations = {f"{method.upper()} {path}" for path, item in new["paths"].items() for method in item}
    estimates = {each for each in operations if each.startswith("POST")}
    assert found == {(each, "timestamp") for each in operations} | {(each, "currency") for each in estimates}
    gone = {f"GET {path}" for path in {*old["paths"]} - {*new["paths"]}}  # deprecated, so that oasdiff lets it go
    assert [line.split(": ")[0] for line in said["v2"]] == ["answers", ", ".join(sorted(estimates)), *gone]


@pytest.mark.parametrize(
    ("headers", "outcome"), [(OVER, Outcome.PASSED), (MARKED, Outcome.FAILED), ({}, Outcome.FAILED)]
)
@pytest.mark.usefixtures("oasdiff")
async def test_what_is_deprecated_goes_when_its_time_is_over(
    document: Document, headers: Mapping[str, str], outcome: Outcome
) -> None:
    """By the Sunset that the live colour answers with."""
    new = copy.deepcopy(document)
    del new["paths"]["/model-pricing"]
    doors = Doors(document, new, headers)
    assert (await measure(doors))["changes"].outcome is outcome
    assert "backend-blue GET /model-pricing" in doors.asked


@pytest.mark.parametrize("headers", [{}, {"deprecation": "true"}, {"sunset": MARKED["sunset"]}])
@pytest.mark.usefixtures("oasdiff")
async def test_what_is_deprecated_says_so(document: Document, headers: Mapping[str, str]) -> None:
    """The idle colour is asked; both headers are needed."""
    doors = Doors(document, document, headers)
    found = await measure(doors)
    assert found["deprecations"].outcome is Outcome.FAILED
    assert "GET /model-pricing answered 200 without" in found["deprecations"].seen
    assert "backend-green GET /model-pricing" in doors.asked


@pytest.mark.usefixtures("oasdiff")
async def test_no_document_makes_oasdiff_read_another_file(document: Document, tmp_path: Path) -> None:
    """A colour's document may come from anybody who broke into it."""
    secret = tmp_path / "secret.json"
    secret.write_text('{"type": "object", "properties": {"password": {"type": "string"}}}')
    new = copy.deepcopy(document)
    new["components"]["schemas"]["PricingList"] = {"$ref": f"file://{secret}"}
    found = (await measure(Doors(document, new)))["changes"]
    assert found.outcome is Outcome.ERROR
    assert "password" not in found.seen
