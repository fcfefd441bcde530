"""Recording an approval: who and when are the API server's word."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from teal.adapters.kubernetes.cluster import Cluster
from teal.gates.approvals import Approval
from teal.history.approval import approve, approve_what_runs, said
from teal.model.colours import Colour
from teal.model.errors import ChangedError, NotThereError, UnreachableError
from tests.unit.teal.serving import Asked, Handler, Said, refused, serving

VERSIONS = {"backend": "1.1.0"}
RELEASES = {"backend": "digest"}
REVIEW: dict[str, Any] = {
    "metadata": {"creationTimestamp": "2026-11-21T12:00:00Z"},
    "status": {"userInfo": {"username": "anna@example", "groups": ["shop"]}},
}


def api_server(seen: list[Asked], *, review: object = REVIEW, reviewed: int = 201, written: int = 200) -> Handler:
    """An API server that knows who asks, and takes what is written."""

    async def handler(asked: Asked) -> Said:
        seen.append(asked)
        if asked.target.endswith("/selfsubjectreviews"):
            return Said(status=reviewed, body=json.dumps(review).encode())
        return Said(status=written)

    return handler


async def record(url: str) -> Approval:
    """Approve green."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        return await approve(http, "shop", Colour.GREEN, VERSIONS, RELEASES)


async def test_an_approval_is_dated_and_signed_by_the_api_server() -> None:
    """Whatever the approver's machine says of itself; one ConfigMap holds it."""
    seen: list[Asked] = []
    async with serving(api_server(seen)) as url:
        given = await record(url)
    assert given == Approval(
        colour=Colour.GREEN,
        versions=VERSIONS,
        releases=RELEASES,
        by="anna@example",
        at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    )
    _, write = seen
    assert write.method == "PATCH"
    assert write.target == "/api/v1/namespaces/shop/configmaps/teal-approval?fieldManager=teal&force=true"
    assert Approval.read(json.loads(write.body)["data"]) == given


@pytest.mark.parametrize(
    ("options", "asked", "text"),
    [
        ({"reviewed": 401}, 1, "answered 401 to POST .*Next: kubectl auth whoami"),
        ({"review": {"status": REVIEW["status"]}}, 1, "did not say who this is"),
        ({"review": {"metadata": REVIEW["metadata"]}}, 1, "did not say who this is"),
        ({"review": "?"}, 1, "did not say who this is"),
        ({"written": 403}, 2, "answered 403 to PATCH .*nothing is approved.*kubectl auth can-i"),
    ],
)
async def test_what_is_not_vouched_for_is_not_approved(options: dict[str, Any], asked: int, text: str) -> None:
    """Nothing is written for somebody whom the API server does not know."""
    seen: list[Asked] = []
    async with serving(api_server(seen, **options)) as url:
        with pytest.raises(UnreachableError, match=text):
            await record(url)
    assert len(seen) == asked


async def test_an_api_server_that_is_away_is_named() -> None:
    """With the next command."""
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1.*nothing is approved.*kubectl cluster-info"):
        await record(refused())


def running(seen: list[Asked]) -> Handler:
    """The same, where green runs backend 1.1.0."""
    labels = {"app.kubernetes.io/name": "backend", "teal/colour": "green", "app.kubernetes.io/version": "1.1.0"}
    metadata = {"name": "backend-green", "labels": labels, "annotations": {"teal/slot-digest": "digest"}}
    there = {"items": [{"metadata": {**metadata, "resourceVersion": "1"}, "spec": {"replicas": 2}, "status": {}}]}
    takes = api_server(seen)

    async def handler(asked: Asked) -> Said | None:
        if "/deployments" in asked.target:
            return Said(body=json.dumps(there).encode())
        return Said(status=404) if asked.method == "GET" else await takes(asked)

    return handler


@pytest.mark.parametrize("of", [{}, {"version": "1.1.0"}, {"releases": {"backend": "digest"}}])
async def test_what_runs_is_approved(of: dict[str, Any]) -> None:
    """Whatever it is, or if it is what somebody has named, or was shown."""
    seen: list[Asked] = []
    async with serving(running(seen)) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        given, vouched = await approve_what_runs(Cluster(http, "shop"), Colour.GREEN, **of)
    assert (given.versions, given.releases) == (VERSIONS, RELEASES)
    assert said(given, vouched).startswith("anna@example approves green (backend 1.1.0) for one flip, 2026-11-21T12:00")
    assert "the name is self-declared (there is no " in said(given, vouched)
    assert [asked.method for asked in seen] == ["POST", "PATCH"]


@pytest.mark.parametrize(
    ("colour", "of", "text"),
    [
        (Colour.GREEN, {"version": "1.2.0"}, "green runs backend 1.1.0, not 1.2.0: nothing was approved"),
        (Colour.BLUE, {}, "blue runs nothing: nothing was approved"),
        (Colour.GREEN, {"releases": {"backend": "before"}}, "backend of green has been changed since it was shown"),
        (Colour.GREEN, {"releases": {**RELEASES, "jobs": "d"}}, "jobs of green has been changed since it was shown"),
        (Colour.GREEN, {"releases": {}}, "backend of green has been changed since it was shown"),
    ],
)
async def test_what_is_not_what_was_meant_is_not_approved(colour: Colour, of: dict[str, Any], text: str) -> None:
    """Nothing is written."""
    seen: list[Asked] = []
    async with serving(running(seen)) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        with pytest.raises((NotThereError, ChangedError), match=text):
            await approve_what_runs(Cluster(http, "shop"), colour, **of)
    assert not seen
