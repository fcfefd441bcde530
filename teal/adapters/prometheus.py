"""Asks a Prometheus server instant queries and returns the answers; it judges nothing.

Errors are returned in the answer and not raised: they are evidence, and mean that nobody could look. An answer without
any series is an answer.
"""

import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Literal, Self

import httpx2
import stamina
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from teal.gates.samples import Queried, Series
from teal.model.addresses import keeps_a_secret
from teal.spec.credentials import NOBODY, Credentials

RETRY_SECONDS = 2.0
"""How long all attempts of one query may take: enough for a dropped connection, not for a Prometheus that is down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrometheusAccess:
    """Which Prometheus to ask, and with which credentials."""

    url: str
    """The base URL, without `/api/v1`."""
    credentials: Credentials = NOBODY
    """The credentials, which are sent over TLS or on this machine only."""
    ca_file: str | None = None
    """A file of certificates to trust; default: those of the HTTP client."""
    timeout_seconds: float = 5.0
    """How long one query may take, for the client and for the server."""


class _Element(BaseModel):
    model_config = ConfigDict(frozen=True)

    metric: Mapping[str, str]
    value: tuple[float, float]
    """The time and the value, a number as text, which may be `NaN` or `+Inf`."""


class _Vector(BaseModel):
    result_type: Literal["vector"] = Field(alias="resultType")
    result: Sequence[_Element]


class _Scalar(BaseModel):
    result_type: Literal["scalar"] = Field(alias="resultType")
    result: tuple[float, float]


class _Success(BaseModel):
    status: Literal["success"]
    data: Annotated[_Vector | _Scalar, Field(discriminator="result_type")]


class _Failure(BaseModel):
    status: Literal["error"]
    kind: str = Field(alias="errorType")
    error: str


_ANSWER: TypeAdapter[_Success | _Failure] = TypeAdapter(Annotated[_Success | _Failure, Field(discriminator="status")])


class Prometheus:
    """A connection to a Prometheus server. Open it with `Prometheus.connect`."""

    def __init__(self, http: httpx2.AsyncClient, access: PrometheusAccess) -> None:
        """Wrap an HTTP client."""
        self._http = http
        self._access = access

    @classmethod
    @asynccontextmanager
    async def connect(cls, access: PrometheusAccess) -> AsyncGenerator[Self]:
        """Open a connection; no query is sent yet.

        Raises:
            OSError: the CA file cannot be read.
            ssl.SSLError: the CA file holds no certificate.
            ModuleNotFoundError: requests are to be signed for AWS, and boto3 is not installed.
        """
        shown = access.credentials if keeps_a_secret(access.url) else NOBODY
        async with httpx2.AsyncClient(
            timeout=access.timeout_seconds,
            trust_env=False,  # the credentials are shown to no proxy, and no .netrc of the user is read
            verify=_verified(access),
            headers={**shown.headers, **({"Authorization": f"Bearer {shown.token}"} if shown.token else {})},
            auth=_auth(shown),
        ) as http:
            yield cls(http, access)

    async def query(self, promql: str, at: str = "") -> Queried:
        """Evaluate one instant query, now or as of a time in RFC 3339."""
        patiently = stamina.AsyncRetryingCaller(timeout=RETRY_SECONDS, attempts=None)
        wanted = {"query": promql, "timeout": f"{self._access.timeout_seconds:g}s", **({"time": at} if at else {})}
        try:
            # It is sent by POST: a query that names forty pods a dozen times is too long for a URL.
            response = await patiently(
                (httpx2.NetworkError, httpx2.RemoteProtocolError),
                self._http.post,
                f"{self._access.url.rstrip('/')}/api/v1/query",
                data=wanted,
            )
        except httpx2.TimeoutException:
            return self._unanswered(f"did not answer within {self._access.timeout_seconds:g} s")
        except httpx2.HTTPError as error:
            return self._unanswered(f"cannot be reached: {type(error).__name__} {error}")
        return self._read(response)

    def _read(self, response: httpx2.Response) -> Queried:
        try:
            answer = _ANSWER.validate_json(response.content)
        except ValidationError:
            return self._unanswered(
                f"answered {response.status_code}, neither with numbers nor with an error as Prometheus has it"
            )
        if isinstance(answer, _Failure):
            return self._unanswered(f"answered {response.status_code} {answer.kind}: {answer.error}")
        if isinstance(answer.data, _Scalar):
            return Queried(series=(Series(labels={}, value=answer.data.result[1]),))
        return Queried(series=tuple(Series(labels=each.metric, value=each.value[1]) for each in answer.data.result))

    def _unanswered(self, why: str) -> Queried:
        return Queried(error=f"Prometheus {self._access.url} {why}")


def _auth(credentials: Credentials) -> httpx2.Auth | None:
    """Return the signature or the user and password that authenticate a request; None where neither is set."""
    if credentials.sig_v4 is not None:
        # It is imported by name, since boto3 takes long to import and no other Prometheus needs it.
        auth: httpx2.Auth = import_module("teal.adapters.aws.signing").Signed(credentials.sig_v4)
        return auth
    return httpx2.BasicAuth(credentials.user, credentials.password) if credentials.user is not None else None


def _verified(access: PrometheusAccess) -> ssl.SSLContext | Literal[True]:
    """Return how the server's certificate is verified.

    Without TLS there is no certificate. Then the system's authorities are not read, which would take about 0.1 s on two
    busy cores at the start of every bake.
    """
    if not access.url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ssl.create_default_context(cafile=access.ca_file) if access.ca_file else True
