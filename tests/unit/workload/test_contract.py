"""What docs/contract.md promises of every instance, asked over HTTP."""

import pytest

from tests.unit.workload.service import asking

IDENTITY = {
    "ENV": "production",
    "DEPLOYMENT_GROUP": "blue",
    "REGION": "us-east-1",
    "AVAILABILITY_ZONE": "us-east-1a",
    "INSTANCE_ID": "i-0123456789abcdef0",
    "DEPLOYMENT_TIMESTAMP": "2024-02-17T14:30:00Z",
    "VERSION": "1.4.2",
}
FIELDS = {
    "/": {"name", "version", "endpoints"},
    "/models": {"models", "total_models", "timestamp"},
    "/pricing": {"models", "total_models", "provider_status", "timestamp"},
    "/performance": {"models", "total_models", "timestamp"},
    "/use-cases": {"models", "total_models", "timestamp"},
    "/health": {"ok", "app", "status", "version"},
    "/health/live": {"alive"},
    "/health/ready": {"ready", "reason", "checks"},
    "/health/detailed": {"status", "uptime_seconds", "services", "metrics", "environment"},
    "/deployment/info": {
        "environment",
        "deployment_group",
        "region",
        "availability_zone",
        "instance_id",
        "deployment_timestamp",
        "service_uptime_seconds",
    },
    "/deployment/metadata": {"version", "deployment_group", "breaking_changes", "api_versions"},
    "/deployment/shutdown/status": {"shutting_down", "active_requests", "drain_timeout_seconds", "started_at"},
    "/api/versions": {"current_version", "all_versions", "deprecated_versions", "migration_guide_url"},
    "/telemetry": {"overall_stats", "endpoints", "provider_adoption"},
}
"""The fields of the contract; an answer may have more."""


async def test_answers_have_their_fields() -> None:
    """Each endpoint answers 200 with at least the contract's fields."""
    async with asking(**IDENTITY) as client:
        answers = {path: await client.get(path) for path in FIELDS}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(FIELDS, 200)
    missing = {path: fields - set(answers[path].json()) for path, fields in FIELDS.items()}
    assert missing == {path: set[str]() for path in FIELDS}


async def test_every_answer_says_who_gave_it() -> None:
    """Colour and version are on every answer, on errors (404, 405) too."""
    paths = [*FIELDS, "/metrics", "/openapi.json", "/no-such-path", "/cost-estimate"]
    async with asking(**IDENTITY) as client:
        headers = {path: (await client.get(path)).headers for path in paths}
    said = {path: (of["X-Colour"], of["X-Version"]) for path, of in headers.items()}
    assert said == dict.fromkeys(paths, ("blue", "1.4.2"))


async def test_identity_is_the_environments() -> None:
    """An instance says of itself what its environment says."""
    async with asking(**IDENTITY) as client:
        info = (await client.get("/deployment/info")).json()
        metadata = (await client.get("/deployment/metadata")).json()
    assert info.pop("service_uptime_seconds") >= 0
    assert info == {
        "environment": "production",
        "deployment_group": "blue",
        "region": "us-east-1",
        "availability_zone": "us-east-1a",
        "instance_id": "i-0123456789abcdef0",
        "deployment_timestamp": "2024-02-17T14:30:00Z",
    }
    assert (metadata["version"], metadata["deployment_group"]) == ("1.4.2", "blue")


async def test_the_colour_that_answers_says_so_in_plain_text() -> None:
    """For whoever asks the front door what is live."""
    async with asking(**IDENTITY) as client:
        assert (await client.get("/active-colour")).text == "blue\n"


async def test_health_is_ok() -> None:
    """Who only knows `/health` finds `ok`."""
    async with asking() as client:
        assert (await client.get("/health")).json()["ok"] is True


async def test_estimates_multiply_prices() -> None:
    """An estimate is tokens times the price that /pricing names."""
    async with asking() as client:
        price = (await client.get("/pricing")).json()["models"][0]
        asked = {"model_name": price["model_name"], "input_tokens": 2000, "output_tokens": 500}
        estimate = (await client.post("/cost-estimate", json=asked)).json()
    assert estimate["input_cost"] == pytest.approx(2000 * price["cost_per_input_token"])  # pyright: ignore[reportUnknownMemberType]  # pytest 9.0 does not say its type
    assert estimate["total_cost"] == pytest.approx(estimate["input_cost"] + 500 * price["cost_per_output_token"])  # pyright: ignore[reportUnknownMemberType]  # pytest 9.0 does not say its type


async def test_batch_ranks_models_and_marks_unknown_ones() -> None:
    """A comparison names the cheapest and the dearest; an unknown model does not spoil it."""
    async with asking() as client:
        asked = {"model_names": ["alder-large", "nobody", "alder-small"], "input_tokens": 10, "output_tokens": 10}
        batch = (await client.post("/cost-estimate/batch", json=asked)).json()
    assert (batch["cheapest_model"], batch["most_expensive_model"]) == ("alder-small", "alder-large")
    assert [model["is_available"] for model in batch["models"]] == [True, False, True]


async def test_unknown_model_is_not_found() -> None:
    """An estimate for a model that does not exist is a 404 that names it."""
    async with asking() as client:
        asked = {"model_name": "nobody", "input_tokens": 1, "output_tokens": 1}
        answer = await client.post("/cost-estimate", json=asked)
    assert answer.status_code == 404
    assert "nobody" in answer.json()["detail"]


async def test_deprecated_endpoint_says_so() -> None:
    """A deprecated endpoint still works, says until when, and what to read; others say nothing of it."""
    async with asking() as client:
        old, new = await client.get("/model-pricing"), await client.get("/pricing")
        document = (await client.get("/openapi.json")).json()
    assert old.status_code == 200
    assert old.headers["Deprecation"] == "true"
    assert old.headers["Sunset"].endswith("GMT")
    assert old.headers["Link"].endswith('; rel="deprecation"')
    assert not {"Deprecation", "Sunset", "Link"} & {name.title() for name in new.headers}
    assert document["paths"]["/model-pricing"]["get"]["deprecated"] is True


async def test_openapi_lists_what_the_index_lists() -> None:
    """The index, the contract and the OpenAPI document agree on what there is."""
    async with asking() as client:
        index = (await client.get("/")).json()
        paths = (await client.get("/openapi.json")).json()["paths"]
    assert all(entry["method"].lower() in paths[entry["path"]] for entry in index["endpoints"])
    assert set(FIELDS) | {"/deployment/shutdown", "/cost-estimate", "/cost-estimate/batch"} <= set(paths)


@pytest.mark.parametrize("path", ["/deployment/shutdown", "/deployment/connections/close"])
@pytest.mark.parametrize(("caller", "status"), [("10.1.2.3", 403), ("127.0.0.1", 200), ("::1", 200)])
async def test_only_the_machine_itself_may_drain(path: str, caller: str, status: int) -> None:
    """What takes an instance out of service is not open to callers of the front door."""
    async with asking(caller=caller) as client:
        answer = await client.post(path, headers={"X-Forwarded-For": "127.0.0.1"})
        after = await client.get("/health")
    assert answer.status_code == status
    assert (after.headers.get("Connection") == "close") is (status == 200)
