"""Documents of several versions of an API are compared each by itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from teal.gates.documents import ContractPlan
from teal.model.verdict import Outcome
from teal.proof import contract
from tests.unit.teal.proof.contract.doors import BLUE, GREEN, MARKED, OVER, Document, Several, command
from tests.unit.workload.service import asking

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
