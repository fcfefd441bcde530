"""Comparing the colours' APIs: with oasdiff, where it has been compiled, and with what goes wrong in running it."""

import asyncio
import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster.cache import cache_folder
from sandbox.tools import OASDIFF
from teal.gates.documents import ContractPlan
from teal.gates.replies import Reply, Request
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.proof import contract
from tests.unit.workload.service import asking

GREEN, BLUE = Colour.GREEN, Colour.BLUE
PLAN = ContractPlan(path="/openapi.json")
MARKED = {"deprecation": "true", "sunset": "Thu, 31 Dec 2099 23:59:59 GMT"}
OVER = {"deprecation": "true", "sunset": "Tue, 31 Dec 2019 23:59:59 GMT"}
Document = dict[str, Any]


class Doors:
    """The doors of both colours: a document each, and the headers of what is deprecated."""

    def __init__(self, old: Document | None, new: Document | None, headers: Mapping[str, str] = MARKED) -> None:
        """Answer the documents; None is not found."""
        self.documents = {"backend-blue": old, "backend-green": new}
        self.headers = headers
        self.asked: list[str] = []

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """A document, or something deprecated."""
        assert within > 0
        self.asked.append(f"{service} {wanted}")
        if wanted.path != "/openapi.json":
            return Reply(status=200, headers=self.headers)
        document = self.documents[service]
        return Reply(status=404) if document is None else Reply(status=200, body=json.dumps(document).encode())


async def measure(doors: Doors, plan: ContractPlan = PLAN) -> Mapping[str, Verdict]:
    """What the contract gates find on the way from blue to green."""
    verdicts = await contract.measure(doors, "backend", GREEN, BLUE, plan)
    return {each.gate.removeprefix("contract."): each for each in verdicts}


@pytest.fixture
async def document() -> Document:
    """The reference service's."""
    async with asking() as service:
        return (await service.get("/openapi.json")).json()


@pytest.fixture
def oasdiff(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The compiled one, alone on PATH."""
    if not OASDIFF.built(cache_folder()):
        pytest.skip(f"oasdiff {OASDIFF.version} is not compiled yet: make unit does it")
    folder = OASDIFF.target(cache_folder())
    monkeypatch.setenv("PATH", str(folder))
    return folder / "oasdiff"


def command(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """An oasdiff that does something else."""
    path = folder / "oasdiff"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


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


@pytest.mark.parametrize("missing", ["backend-blue", "backend-green"])
async def test_without_both_documents_nothing_is_compared(document: Document, missing: str) -> None:
    """That is no pass, whichever is missing."""
    doors = Doors(document, document)
    doors.documents[missing] = None
    found = await measure(doors)
    assert found["changes"].outcome is Outcome.INCONCLUSIVE
    assert f"/openapi.json of {missing.removeprefix('backend-')} answered 404" in found["changes"].seen
    green_is_there = missing == "backend-blue"
    assert found["deprecations"].outcome is (Outcome.PASSED if green_is_there else Outcome.INCONCLUSIVE)


async def test_without_the_tool_nothing_is_compared(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message has the command that installs it, at the version that the sandbox compiles."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = (await measure(Doors(document, document)))["changes"]
    assert found.outcome is Outcome.ERROR
    assert f"no oasdiff on PATH to compare with. Next: go install {OASDIFF.module}@{OASDIFF.version}" in found.seen


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("echo cannot >&2; exit 102", "oasdiff exited with 102: cannot"),
        ("echo '[]'; exit 1", "oasdiff exited with 1"),
        ("echo nonsense", "oasdiff exited with 0"),
        ("echo '{}'", "oasdiff exited with 0"),
        ("echo '[{\"id\": 1}]'", "oasdiff exited with 0"),
        ("", "oasdiff exited with 0"),
        ("kill -9 $$", "oasdiff exited with -9"),
    ],
)
async def test_a_tool_that_fails_is_an_error(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, seen: str
) -> None:
    """It compared nothing, whatever it printed."""
    command(monkeypatch, tmp_path, script)
    found = (await measure(Doors(document, {**document, "tags": []})))["changes"]
    assert found.outcome is Outcome.ERROR
    assert seen in found.seen


async def test_the_same_document_is_not_compared(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Most releases change nothing but their version; a process each would take longer than all other gates."""
    command(monkeypatch, tmp_path, "exit 1")
    new = {**document, "info": {**document["info"], "version": "9"}}
    assert (await measure(Doors(document, new)))["changes"].outcome is Outcome.PASSED


def said(path: Path) -> str:
    """What a script wrote."""
    return path.read_text().strip()


async def test_a_tool_that_hangs_is_ended(document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With its process."""
    monkeypatch.setattr(contract, "COMPARE_SECONDS", 0.2)
    command(monkeypatch, tmp_path, f"echo $$ > {tmp_path}/pid; exec /bin/sleep 60")
    async with asyncio.timeout(20):
        found = (await measure(Doors(document, {**document, "tags": []})))["changes"]
    assert found.outcome is Outcome.ERROR
    assert "did not end within" in found.seen
    with pytest.raises(ProcessLookupError):
        os.kill(int(said(tmp_path / "pid")), 0)


async def test_the_tool_sees_nothing_of_the_environment(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The update's credentials are none of its business, nor a configuration that lies about."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    monkeypatch.setenv("OASDIFF_CONFIG", "elsewhere")
    command(monkeypatch, tmp_path, f"export -p > {tmp_path}/environ; pwd > {tmp_path}/folder; echo '[]'")
    assert (await measure(Doors(document, {**document, "tags": []})))["changes"].outcome is Outcome.PASSED
    environ = said(tmp_path / "environ")
    assert "SECRET" not in environ
    assert "OASDIFF" not in environ
    with pytest.raises(FileNotFoundError):
        said(Path(said(tmp_path / "folder"), "live.json"))


async def test_no_more_is_tried_than_is_bearable(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a thousand deprecated operations some are asked, the others counted."""
    command(monkeypatch, tmp_path, "echo '[]'")
    new = copy.deepcopy(document)
    new["paths"] |= {f"/old-{each}": {"get": {"deprecated": True}} for each in range(100)}
    doors = Doors(document, new)
    found = (await measure(doors))["deprecations"]
    assert len([each for each in doors.asked if "openapi" not in each]) == contract.MOST_TRIED
    assert f"{contract.MOST_TRIED} of 101 deprecated operations say so, 81 were not tried" in found.seen
