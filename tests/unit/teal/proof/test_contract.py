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


class Several(Doors):
    """The doors of a service with a document for each version; who lacks one says so."""

    def __init__(self, documents: Mapping[str, Document | int], headers: Mapping[str, str] = MARKED) -> None:
        """Answer these documents by colour and path, or a status."""
        super().__init__(None, None, headers)
        self.several = documents

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """A document, or something deprecated."""
        if not wanted.path.endswith(".json"):
            return await super().request(service, wanted, within=within)
        found = self.several[f"{service.removeprefix('backend-')}{wanted.path}"]
        return Reply(status=found) if isinstance(found, int) else Reply(status=200, body=json.dumps(found).encode())


V1 = ContractPlan(path="/v1.json", name="v1", others=["/v2.json"])
V2 = ContractPlan(path="/v2.json", name="v2", others=["/v1.json"])


@pytest.mark.parametrize(
    ("blue", "green", "headers", "outcomes", "seen"),
    [
        # v2 comes.
        (("doc", 404), ("doc", "doc"), MARKED, ["PASSED", "PASSED"], "/v2.json of blue answered 404: nothing in it"),
        # v1 goes, of which one operation was deprecated: before its time, and after.
        (("doc", "doc"), (410, "doc"), MARKED, ["FAILED", "PASSED"], "GET /model-pricing: deprecated, removed, and"),
        (("doc", "doc"), (404, "doc"), OVER, ["PASSED", "PASSED"], "0 breaking changes"),
        # It went before.
        ((410, "doc"), (410, "doc"), OVER, ["PASSED", "PASSED"], "/v1.json of blue answered 410: nothing in it"),
        # Neither colour ever had it.
        ((404, "doc"), (404, "doc"), OVER, ["INCONCLUSIVE", "PASSED"], "/v1.json of green answered 404"),
        # Nothing is there at all.
        (("doc", "doc"), (404, 404), OVER, ["INCONCLUSIVE", "INCONCLUSIVE"], "/v1.json of green answered 404"),
    ],
)
async def test_a_document_for_each_version(  # noqa: PLR0913, PLR0917 - what each colour answers, and what is found
    document: Document,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    blue: tuple[Any, Any],
    green: tuple[Any, Any],
    headers: Mapping[str, str],
    outcomes: list[str],
    seen: str,
) -> None:
    """Each is compared by itself, and a version may come, or go when its time is over."""
    command(monkeypatch, tmp_path, "echo '[]'")
    answers = {
        f"{colour}/v{number}.json": document if each == "doc" else each
        for colour, of in (("blue", blue), ("green", green))
        for number, each in enumerate(of, 1)
    }
    doors = Several(answers, headers)
    found = [
        verdict
        for plan in (V1, V2)
        for verdict in await contract.measure(doors, "backend", GREEN, BLUE, plan)
        if "changes" in verdict.gate
    ]
    assert [each.gate for each in found] == ["contract.changes.v1", "contract.changes.v2"]
    assert [each.outcome.value for each in found] == outcomes
    assert any(seen in each.seen for each in found)


async def test_before_the_first_release_a_document_has_to_be_there() -> None:
    """Nothing is compared then, and a wrong path is found at once."""
    doors = Several({"green/v1.json": 404, "green/v2.json": {"openapi": "3.1.0", "paths": {"/": {"get": {}}}}})
    for live in (None, GREEN):
        first, second = await contract.measure(doors, "backend", GREEN, live, V1)
        assert (first.outcome, second.outcome) == (Outcome.PASSED, Outcome.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("sunset", "outcome", "seen"),
    [
        ("2099-12-31T23:59:59Z", Outcome.FAILED, "POST /cost-estimate: api path removed before the sunset date"),
        ("2019-12-31T23:59:59Z", Outcome.PASSED, "/api/v1/openapi.json of blue answered 410: nothing in it could"),
        ("", Outcome.FAILED, "POST /cost-estimate: api path removed without deprecation"),
    ],
)
@pytest.mark.usefixtures("oasdiff")
async def test_the_reference_services_former_version_goes_after_its_sunset_alone(
    sunset: str, outcome: Outcome, seen: str
) -> None:
    """Operations that cannot be tried, because they have effects, say it in the document."""
    paths = [f"/api/{each}/openapi.json" for each in ("v1", "v2")]
    async with asking(API_V1_SUNSET=sunset) as service:
        answers = {path: await service.get(path) for path in paths}
        headers = {key.lower(): each for key, each in (await service.get("/api/v1/model-pricing")).headers.items()}
    live = {f"blue{path}": each.json() if each.status_code == 200 else 410 for path, each in answers.items()}
    idle = {f"green{paths[0]}": 404, f"green{paths[1]}": answers[paths[1]].json()}
    plan = ContractPlan(path=paths[0], name="v1", others=paths[1:])
    found, _ = await contract.measure(Several(live | idle, headers), "backend", GREEN, BLUE, plan)
    assert found.outcome is outcome
    assert seen in found.seen
