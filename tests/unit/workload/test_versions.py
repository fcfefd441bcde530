"""Two versions of the API beside each other: who asks for which, what each looks like, and how the former one ends."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from starlette.datastructures import Headers

from tests.unit.workload.service import asking, serving
from workload.pricing.versions.choice import choose

LATER = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
OVER = datetime.now(UTC) - timedelta(days=1)
ENDING = {"API_V1_SUNSET": LATER.isoformat()}
ESTIMATE = {"model_name": "alder-small", "input_tokens": 10, "output_tokens": 10}
ANNOUNCED = {"deprecation", "sunset", "link", "warning"}


@pytest.mark.parametrize(
    ("path", "header", "query", "version", "rest"),
    [
        ("/pricing", "", "", "v1", "/pricing"),
        ("/pricing", "v2", "", "v2", "/pricing"),
        ("/pricing", "", "provider=Alder&api_version=v2", "v2", "/pricing"),
        ("/pricing", "v1", "api_version=v2", "v1", "/pricing"),
        ("/api/v2/pricing", "v1", "api_version=v1", "v2", "/pricing"),
        ("/api/v1/pricing", "v2", "api_version=v2", "v1", "/pricing"),
        ("/api/v10/pricing", "", "", "v10", "/pricing"),
        ("/pricing", "v3", "", "v3", "/pricing"),
        ("/api/versions", "", "", "v1", "/api/versions"),
        ("/api/v1", "v2", "", "v2", "/api/v1"),
    ],
)
def test_the_path_decides_then_the_header_then_the_query(
    path: str, header: str, query: str, version: str, rest: str
) -> None:
    """Who names no version gets the one that was there before there were several."""
    headers = {"x-api-version": header} if header else {}
    assert choose(path, Headers(headers), query) == (version, rest)


async def test_each_version_looks_as_it_was_promised() -> None:
    """The former one has no metadata; the current one has its timestamp there. What else they say is the same."""
    async with asking() as client:
        old = [await client.get(path) for path in ("/models", "/api/v1/models", "/models?api_version=v1")]
        new = [await client.get("/api/v2/models"), await client.get("/models", headers={"X-API-Version": "v2"})]
    shapes = [{*each.json()} for each in (*old, *new)]
    assert (
        shapes
        == [{"models", "total_models", "providers", "timestamp"}] * 3
        + [{"models", "total_models", "providers", "metadata"}] * 2
    )
    assert {*new[0].json()["metadata"]} == {"version", "timestamp"}
    assert old[0].json()["models"] == new[0].json()["models"] != []
    assert [each.headers["X-API-Version"] for each in (*old, *new)] == ["v1"] * 3 + ["v2"] * 2
    assert {each.headers["Vary"] for each in (*old, *new)} == {"X-API-Version"}


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/cost-estimate", {}, 200),
        ("/api/v1/cost-estimate", {}, 200),
        ("/api/v2/cost-estimate", {}, 422),
        ("/api/v2/cost-estimate", {"currency": "USD"}, 200),
        ("/api/v2/cost-estimate", {"currency": "EUR"}, 422),
    ],
)
async def test_a_former_request_becomes_a_current_one(path: str, more: dict[str, str], status: int) -> None:
    """A client of v1 was never asked for a currency, and means the one that there was."""
    async with asking() as client:
        answer = await client.post(path, json=ESTIMATE | more)
    assert answer.status_code == status
    if status == 200:
        assert (answer.json()["currency"], answer.json()["total_cost"] > 0) == ("USD", True)


async def test_a_batch_of_a_former_client_is_compared() -> None:
    """As a single estimate is."""
    asked = {"model_names": ["alder-small"], "input_tokens": 1, "output_tokens": 1}
    async with asking() as client:
        old, new = [await client.post(f"/api/{each}/cost-estimate/batch", json=asked) for each in ("v1", "v2")]
    assert (old.json()["cheapest_model"], new.status_code) == ("alder-small", 422)


async def test_a_version_that_never_was_is_refused() -> None:
    """By its name, with those that there are; a path that never was is not found."""
    async with asking() as client:
        named = await client.get("/models", headers={"X-API-Version": "v9"})
        path = await client.get("/api/v9/models")
        gone = await client.get("/model-pricing", headers={"X-API-Version": "v2"})
    assert named.status_code == 400
    assert named.json()["detail"] == (
        "the API has no version 'v9': nothing was done. X-API-Version and api_version take v1 and v2"
    )
    assert (path.status_code, gone.status_code) == (404, 404)


async def test_what_has_no_versions_is_asked_without() -> None:
    """Probes and reports are as they were, whatever a client sends along."""
    async with asking(API_V1_SUNSET=OVER.isoformat()) as client:
        for path in ("/", "/health/ready", "/deployment/metadata", "/openapi.json", "/api/versions", "/metrics"):
            answer = await client.get(path, headers={"X-API-Version": "v9"})
            assert answer.status_code == 200
            assert "X-API-Version" not in answer.headers


async def test_a_deprecated_version_says_so_and_what_comes_after_it() -> None:
    """On each of its answers, errors too; the document marks it, and the current version says nothing of it."""
    async with asking(**ENDING) as client:
        old, unnamed = await client.get("/api/v1/pricing"), await client.get("/pricing")
        wrong = await client.post("/api/v1/cost-estimate", json={})
        alias = await client.get("/api/v1/model-pricing")
        new = await client.get("/api/v2/pricing")
        versions = (await client.get("/api/versions")).json()
        documents = {each: (await client.get(f"/api/{each}/openapi.json")).json() for each in ("v1", "v2")}
        whole = (await client.get("/openapi.json")).json()
    for answer in (old, unnamed):
        assert answer.status_code == 200
        assert answer.headers["Deprecation"] == "true"
        assert parsedate_to_datetime(answer.headers["Sunset"]) == LATER
        assert answer.headers["Link"] == (
            '<https://docs.example.com/migration>; rel="deprecation", </api/v2/pricing>; rel="successor-version"'
        )
        assert answer.headers["Warning"] == (
            f'299 - "version v1 of the API is deprecated and ends on {LATER:%Y-%m-%d}: ask version v2"'
        )
    assert (wrong.status_code, wrong.headers["Deprecation"]) == (422, "true")
    assert parsedate_to_datetime(alias.headers["Sunset"]) == LATER  # and not a year from now, when v1 is gone
    assert alias.headers["Link"].endswith('</api/v2>; rel="successor-version"')
    assert not ANNOUNCED & {name.lower() for name in new.headers}
    assert versions["deprecated_versions"] == ["v1"]
    assert {flags(documents["v1"]), flags(documents["v2"])} == {frozenset({True}), frozenset({False})}
    assert whole["paths"]["/pricing"]["get"]["deprecated"] is True


def flags(document: dict[str, Any]) -> frozenset[bool]:
    """Whether the operations of a document are deprecated."""
    return frozenset(bool(each.get("deprecated")) for item in document["paths"].values() for each in item.values())


async def test_a_version_is_gone_after_its_sunset() -> None:
    """However it is asked for; the answer says whom to ask instead, and nobody is counted as served."""
    async with asking(API_V1_SUNSET=OVER.isoformat()) as client:
        paths = ("/api/v1/pricing", "/pricing", "/pricing?api_version=v1", "/api/v1/openapi.json")
        answers = [await client.get(path) for path in paths]
        new = await client.get("/pricing", headers={"X-API-Version": "v2"})
        versions = (await client.get("/api/versions")).json()
        metadata = (await client.get("/deployment/metadata")).json()
        metrics = (await client.get("/metrics")).text
    assert [each.status_code for each in answers] == [410] * 4
    assert answers[0].json()["detail"] == (
        f"version v1 of the API ended on {OVER:%Y-%m-%d}: nothing was done. Ask version v2 (/api/v2, or "
        "X-API-Version: v2); https://docs.example.com/migration says what differs"
    )
    assert 'rel="successor-version"' in answers[0].headers["Link"]
    assert new.status_code == 200
    assert (versions["all_versions"], versions["deprecated_versions"]) == (["v2"], [])
    assert metadata["api_versions"] == ["v2"]
    assert served(metrics) == {"v1": 0, "v2": 1}


async def test_requests_are_counted_by_the_version_that_they_ask_for() -> None:
    """From nought, since nobody's asking is an answer too; documents and probes are not use."""
    async with asking() as client:
        before = (await client.get("/metrics")).text
        for path in ("/pricing", "/api/v1/models", "/api/v2/models", "/", "/api/v1/openapi.json", "/health", "/nope"):
            await client.get(path)
        await client.get("/api/v1/models", headers={"User-Agent": "teal"})  # a gate is no client
        after = (await client.get("/metrics")).text
    assert (served(before), served(after)) == ({"v1": 0, "v2": 0}, {"v1": 2, "v2": 1})
    assert 'path="/api/v1/models"' in after
    assert 'path="unmatched",status="200"' not in after


def served(metrics: str) -> dict[str, float]:
    """The requests by version of the API."""
    lines = [each for each in metrics.splitlines() if each.startswith("api_requests_total{")]
    return {each.split('api_version="')[1].split('"')[0]: float(each.split()[-1]) for each in lines}


async def test_each_version_has_a_document_of_its_own() -> None:
    """With its own shapes; the one at the root is of those who name no version."""
    async with asking() as client:
        documents = [(await client.get(f"{each}/openapi.json")).json() for each in ("", "/api/v1", "/api/v2")]
    properties = [{*each["components"]["schemas"]["PricingList"]["properties"]} for each in documents]
    assert ["timestamp" in each for each in properties] == [True, True, False]
    assert ["metadata" in each for each in properties] == [False, False, True]
    assert [each["servers"][0]["url"] for each in documents[1:]] == ["/api/v1", "/api/v2"]
    assert {*documents[1]["paths"]} - {*documents[2]["paths"]} == {"/model-pricing"}
    assert {*documents[1]["paths"]} < {*documents[0]["paths"]}


async def test_what_has_another_name_ends_a_year_after_its_release() -> None:
    """So a promise does not move with each restart, and no date in the code comes due."""
    async with asking(DEPLOYMENT_TIMESTAMP="2030-02-17T14:30:00Z") as client:
        aliased = await client.get("/model-pricing")
    async with asking() as client:
        unknown = await client.get("/model-pricing")
    assert aliased.headers["Sunset"] == "Mon, 17 Feb 2031 14:30:00 GMT"
    assert parsedate_to_datetime(unknown.headers["Sunset"]) > datetime.now(UTC) + timedelta(days=364)
    assert "Warning" not in aliased.headers


async def test_a_frontend_passes_on_which_version_is_asked_for_and_what_is_said_of_it() -> None:
    """The backend decides, and its warnings reach the client."""
    async with serving(**ENDING) as backend, serving(BACKEND_URL=f"http://127.0.0.1:{backend.port}") as frontend:
        old = await frontend.client.get("/models")
        new = await frontend.client.get("/models", headers={"X-API-Version": "v2"})
        await frontend.client.get("/models", headers={"User-Agent": "teal"})
        metrics = (await backend.client.get("/metrics")).text
    assert (old.headers["X-API-Version"], new.headers["X-API-Version"]) == ("v1", "v2")
    assert {each for each in ANNOUNCED if each in old.headers} == ANNOUNCED
    assert "metadata" in new.json()
    assert served(metrics) == {"v1": 1, "v2": 1}
