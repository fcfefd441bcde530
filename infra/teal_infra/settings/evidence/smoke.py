"""Settings of the smoke gate: requests to the idle colour through its preview door."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from teal.gates.replies import JsonValue, Request, SmokeCheck
from teal_infra.settings.base import Model, Name, clash, wrong
from teal_infra.settings.numbers import Patience, bounds

READINESS = "readiness"
"""The name of the smoke request that is always made."""

_RESERVED_HEADERS = re.compile(
    r"(authorization|connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade"
    r"|impersonate-.*|proxy-.*|x-remote-.*)",
    re.IGNORECASE,
)
"""The headers that the API server, whose proxy passes the requests on, would act on, or drop."""


def _contained(path: str) -> str:
    if not Request(path=path).contained:
        raise PydanticCustomError("path", "it leaves the service: a path has neither . nor .. as a segment")
    return path


def _passes_the_proxy(name: str) -> str:
    if _RESERVED_HEADERS.fullmatch(name):
        raise PydanticCustomError(
            "header", "the API server, which passes the request on, keeps {name} for itself", {"name": name}
        )
    return name


def passing(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers without those that the API server, which passes the request on, keeps for itself."""
    return {name: each for name, each in headers.items() if not _RESERVED_HEADERS.fullmatch(name)}


DoorPath = Annotated[str, StringConstraints(pattern=r"^/[^\s#]*$", max_length=2000), AfterValidator(_contained)]
AnyHeader = Annotated[str, StringConstraints(pattern=r"^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")]
HeaderName = Annotated[AnyHeader, AfterValidator(_passes_the_proxy)]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\t\x20-\x7e]*$")]
Pointer = Annotated[str, StringConstraints(pattern=r"^(/([^~/]|~[01])*)*$", max_length=500)]


class SmokeRequest(Model):
    """One request to the idle colour, through its preview door, and what has to come of it."""

    path: DoorPath = Field(
        description="The path that is asked for, with its query.",
        json_schema_extra=wrong("no flip could pass: the preview door has no such path"),
        examples=["/pricing"],
    )
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = Field(
        default="GET",
        description="The method of the request.",
        json_schema_extra=wrong("the service would be asked for something else"),
    )
    headers: Mapping[HeaderName, HeaderValue] = Field(
        repr=False,
        default_factory=dict[str, str],
        description="The headers that are sent. `Authorization` cannot be: the API server's proxy keeps it for itself.",
        json_schema_extra=wrong("the request would not be the one that was meant"),
        examples=["text"],
    )
    body: str | None = Field(
        repr=False,
        default=None,
        description="The body that is sent, as JSON unless the headers name another `Content-Type`.",
        json_schema_extra=wrong("the request would not be the one that was meant"),
        examples=["'{}'"],
    )
    status: Annotated[int, Field(ge=100, le=599, json_schema_extra=bounds("HTTP"))] = Field(
        default=200,
        description="The status that the answer has to have.",
        json_schema_extra=wrong("a broken answer would pass, or a good one never", source="HTTP", unit="status"),
    )
    contains: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="Text that the answer has to hold.",
        json_schema_extra=wrong("a broken answer would pass, or a good one never"),
        examples=["text"],
    )
    values: Mapping[Pointer, JsonValue] = Field(
        default_factory=dict[str, JsonValue],
        description="What the answer, which is JSON then, has to hold at each JSON pointer (RFC 6901).",
        json_schema_extra=wrong("a broken answer would pass, or a good one never"),
        examples=['\'{"/models/0/name": "small"}\''],
    )
    within_seconds: Patience = Field(
        default=2,
        description="How long the answer may take, the way through the API server included.",
        json_schema_extra=wrong(
            "a slow answer would pass, or a good one be given up too soon",
            source="the delivery guide, for its 95th percentile",
        ),
    )

    def check(self, name: str, *, tls: bool = False) -> SmokeCheck:
        """Return the request as it is sent, over TLS or not, and judged."""
        headers = dict(self.headers)
        if self.body is not None and "content-type" not in {each.lower() for each in headers}:
            headers["Content-Type"] = "application/json"
        return SmokeCheck(
            name=name,
            request=Request(path=self.path, method=self.method, headers=headers, body=self.body, tls=tls),
            status=self.status,
            contains=self.contains,
            values=self.values,
            within_seconds=self.within_seconds,
        )


class Smoke(Model):
    """Requests through the preview door. The readiness probe's path, if it has one, has to answer 200 in any case."""

    readiness_seconds: Patience = Field(
        default=2,
        description="How long the answer to the readiness probe's path may take.",
        json_schema_extra=wrong(
            "a slow answer would pass, or a good one be given up too soon",
            source="the delivery guide, for its 95th percentile",
        ),
    )
    requests: Mapping[Name, SmokeRequest] = Field(
        default_factory=dict[str, SmokeRequest],
        description="Further requests, by name.",
        json_schema_extra=wrong("a broken release would pass"),
        examples=['\'{"prices": {"path": "/pricing"}}\''],
    )

    @model_validator(mode="after")
    def _names(self) -> Self:
        if READINESS in self.requests:
            what = f"{READINESS} is the request that is always made; its bound is readinessSeconds"
            raise clash(f"requests.{READINESS}", what, mend={f"requests.{READINESS}": None})
        return self

    def checks(self, readiness: Request | None, *, tls: bool = False) -> Iterator[SmokeCheck]:
        """Yield all requests, over TLS or not, first the one for readiness where there is one."""
        if readiness is not None:
            yield SmokeCheck(name=READINESS, request=readiness, within_seconds=self.readiness_seconds)
        for name, each in self.requests.items():
            yield each.check(name, tls=tls)
