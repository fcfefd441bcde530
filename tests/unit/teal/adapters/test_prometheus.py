"""Asking Prometheus: what is an answer, and what means that nobody could look."""

import asyncio
import hmac
import json
import math
from base64 import b64encode
from functools import partial
from hashlib import sha256
from typing import Any

import pytest

from teal.adapters import prometheus
from teal.adapters.prometheus import Prometheus, PrometheusAccess
from teal.gates.samples import Queried, Series
from teal.model.addresses import keeps_a_secret
from teal.spec.credentials import NOBODY, Credentials, SigV4
from tests.unit.teal.serving import Asked, Said, refused, serving

TOKEN = Credentials(token="SECRET")  # noqa: S106 - a test's
AWS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI", "AWS_SESSION_TOKEN": "AQoDY"}


async def query(url: str, who: Credentials = NOBODY, *, timeout: float = 5) -> Queried:  # noqa: ASYNC109 - the setting
    """Ask one query."""
    access = PrometheusAccess(url=url, credentials=who, timeout_seconds=timeout)
    async with Prometheus.connect(access) as found:
        return await found.query("up == 0 or vector(1)")


async def answered(status: int, body: Any) -> Queried:  # noqa: ANN401 - JSON, or what is none
    """Ask a Prometheus that answers so."""

    async def handler(_: Asked) -> Said:
        return Said(status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode())

    async with serving(handler) as url:
        return await query(url)


def vector(*elements: tuple[dict[str, str], str]) -> dict[str, Any]:
    """An instant vector as Prometheus answers it."""
    result = [{"metric": labels, "value": [1435781451.781, value]} for labels, value in elements]
    return {"status": "success", "data": {"resultType": "vector", "result": result}, "warnings": ["some"]}


async def test_an_instant_vector_is_series() -> None:
    """Labels and numbers, as they are."""
    found = await answered(200, vector(({"colour": "green"}, "0.25"), ({"colour": "blue"}, "1e3")))
    assert found == Queried(
        series=(Series(labels={"colour": "green"}, value=0.25), Series(labels={"colour": "blue"}, value=1000))
    )


@pytest.mark.parametrize(("text", "value"), [("+Inf", math.inf), ("-Inf", -math.inf)])
async def test_infinity_is_a_value(text: str, value: float) -> None:
    """Which the gate judges."""
    assert (await answered(200, vector(({}, text)))).series[0].value == value


async def test_nan_is_a_value() -> None:
    """Which the gate judges as well."""
    assert math.isnan((await answered(200, vector(({}, "NaN")))).series[0].value)


async def test_nothing_is_an_answer() -> None:
    """No data, and no error."""
    assert await answered(200, vector()) == Queried()


async def test_a_scalar_is_one_series_without_labels() -> None:
    """As `scalar(...)` answers."""
    body = {"status": "success", "data": {"resultType": "scalar", "result": [1435781451.781, "3"]}}
    assert await answered(200, body) == Queried(series=(Series(labels={}, value=3),))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (
            503,
            {"status": "error", "errorType": "timeout", "error": "query timed out in expression evaluation"},
            "answered 503 timeout: query timed out",
        ),
        (400, {"status": "error", "errorType": "bad_data", "error": "parse error"}, "answered 400 bad_data: parse"),
        (422, {"status": "error", "errorType": "execution", "error": "many-to-many"}, "answered 422 execution"),
        (401, b"Unauthorized", "answered 401, neither with numbers"),
        (302, b"", "answered 302, neither"),
        (200, b"<html>a login page</html>", "answered 200, neither"),
        (200, {"status": "success", "data": {"resultType": "matrix", "result": []}}, "neither with numbers"),
        (200, {"status": "success", "data": {"resultType": "string", "result": [1, "a"]}}, "neither with numbers"),
        (200, vector(({}, "many")), "neither with numbers"),
        (200, {"status": "success"}, "neither with numbers"),
        (200, b"", "neither with numbers"),
    ],
)
async def test_what_is_no_number_is_an_error(status: int, body: Any, error: str) -> None:  # noqa: ANN401 - as above
    """It names whom was asked."""
    found = await answered(status, body)
    assert found.series == ()
    assert found.error is not None
    assert error in found.error
    assert found.error.startswith("Prometheus http://127.0.0.1:")


async def test_a_prometheus_that_hangs_is_given_up() -> None:
    """Within its timeout, whatever it is doing."""
    never = asyncio.Event()

    async def handler(_: Asked) -> Said | None:
        await never.wait()
        return None

    async with serving(handler) as url:
        found = await query(url, timeout=0.05)
        never.set()
    assert found.error == f"Prometheus {url} did not answer within 0.05 s"


async def test_a_prometheus_that_is_down_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not an exception, and not for long."""
    monkeypatch.setattr(prometheus, "RETRY_SECONDS", 0.1)
    found = await query(refused())
    assert found.error is not None
    assert "cannot be reached: ConnectError" in found.error


async def test_a_connection_that_was_dropped_is_tried_again() -> None:
    """A Prometheus that restarts in between is no reason to refuse a flip."""
    asked = 0

    async def handler(_: Asked) -> Said | None:
        nonlocal asked
        asked += 1
        return None if asked == 1 else Said(body=json.dumps(vector(({}, "1"))).encode())

    async with serving(handler) as url:
        assert await query(url) == Queried(series=(Series(labels={}, value=1),))


async def test_the_query_its_timeout_and_the_token_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody's proxy or .netrc has a say."""
    monkeypatch.setenv("http_proxy", refused())
    seen: list[Asked] = []

    async def handler(asked: Asked) -> Said:
        seen.append(asked)
        return Said(body=json.dumps(vector()).encode())

    async with serving(handler) as url:
        await query(f"{url}/prefix/", TOKEN, timeout=2.5)
    (asked,) = seen
    assert (asked.method, asked.target) == ("POST", "/prefix/api/v1/query")
    assert asked.body == b"query=up+%3D%3D+0+or+vector%281%29&timeout=2.5s"
    assert asked.headers["authorization"] == "Bearer SECRET"


def _elsewhere(url: str, _: str) -> bool:
    return keeps_a_secret(url)


async def shown(who: Credentials, monkeypatch: pytest.MonkeyPatch, url: str = "") -> Asked:
    """What a Prometheus gets to see; elsewhere than on this machine without TLS, nothing may."""
    seen: list[Asked] = []

    async def handler(asked: Asked) -> Said:
        seen.append(asked)
        return Said(body=json.dumps(vector()).encode())

    async with serving(handler) as own:
        if url:  # as it would be on the way to another machine
            monkeypatch.setattr(prometheus, "keeps_a_secret", partial(_elsewhere, url))
        await query(own, who)
    (asked,) = seen
    return asked


async def test_a_user_and_headers_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """By basic authentication; a tenant's name beside it."""
    who = Credentials(user="teal", password="s3:cret", headers={"X-Scope-OrgID": "shop"})  # noqa: S106 - a test's
    asked = await shown(who, monkeypatch)
    assert asked.headers["authorization"] == "Basic " + b64encode(b"teal:s3:cret").decode()
    assert asked.headers["x-scope-orgid"] == "shop"


async def test_a_query_is_signed_as_aws_verifies_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its body, its day, its region and its service; what AWS would compute of what arrived is the same."""
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    asked = await shown(Credentials(sig_v4=SigV4(region="eu-central-1")), monkeypatch)
    day = asked.headers["x-amz-date"][:8]
    scope = f"{AWS['AWS_ACCESS_KEY_ID']}/{day}/eu-central-1/aps/aws4_request"
    assert asked.headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-")
    assert asked.headers["x-amz-security-token"] == AWS["AWS_SESSION_TOKEN"]
    assert asked.headers["authorization"].endswith(f"Signature={signature(asked)}")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


def signature(asked: Asked) -> str:
    """As AWS documents it: of the method, the path, the signed headers and the body (Signature Version 4)."""
    signed = asked.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    lines = [f"{name}:{asked.headers[name]}" for name in signed]
    body = sha256(asked.body).hexdigest()
    canonical = "\n".join([asked.method, asked.target, "", *lines, "", ";".join(signed), body])
    day, scope = asked.headers["x-amz-date"][:8], "eu-central-1/aps/aws4_request"
    digest = sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", asked.headers["x-amz-date"], f"{day}/{scope}", digest])
    key = b"AWS4" + AWS["AWS_SECRET_ACCESS_KEY"].encode()
    for part in (day, *scope.split("/")):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


async def test_without_credentials_of_aws_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error that says so, not an exception."""
    for name in AWS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    found = await query(refused(), Credentials(sig_v4=SigV4(region="eu-central-1")))
    assert found.error is not None
    assert "AWS has no credentials for it" in found.error


@pytest.mark.parametrize(
    "who",
    [
        Credentials(token="SECRET"),  # noqa: S106 - a test's
        Credentials(user="teal", password="SECRET"),  # noqa: S106 - a test's
        Credentials(headers={"X-Key": "SECRET"}),
        Credentials(sig_v4=SigV4(region="eu-central-1")),
    ],
)
async def test_what_others_could_read_is_not_shown(who: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is."""
    asked = await shown(who, monkeypatch, url="http://prometheus.example")
    assert not {"authorization", "x-key"} & {*asked.headers}
    assert "SECRET" not in repr(PrometheusAccess(url="u", credentials=who))


async def test_the_token_is_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor in what a log may print of the settings."""
    monkeypatch.setattr(prometheus, "RETRY_SECONDS", 0.1)
    assert "SECRET" not in str(await query(refused(), TOKEN))
