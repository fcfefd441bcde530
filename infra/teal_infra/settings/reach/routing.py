"""Settings of routing: which requests are a service's, and which of its clients get the idle colour."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from teal_infra.settings.base import DNS, Model, ObjectName, clash, wrong
from teal_infra.settings.numbers import bounds


def _named(host: str) -> str:
    if re.fullmatch(r"[0-9.]+", host):
        raise PydanticCustomError("host", "an address is no name of a host")
    return host


HostName = Annotated[str, StringConstraints(pattern=rf"^(\*\.)?{DNS}$", max_length=253), AfterValidator(_named)]
"""The name of a host, or of all hosts in a domain (`*.shop.example`), as Kubernetes has it."""
Host = Annotated[HostName, StringConstraints(max_length=128)]
"""The same for a load balancer, which takes shorter ones."""
Prefix = Annotated[str, StringConstraints(pattern=r"^/[-A-Za-z0-9._~/]*$", max_length=120)]
Token = Annotated[str, StringConstraints(pattern=r"^[-!#$%&'*+.^_`|~0-9A-Za-z]+$", max_length=40)]
Value = Annotated[str, StringConstraints(pattern=r"^[-A-Za-z0-9._~]+$", max_length=100)]
Duration = Annotated[str, StringConstraints(pattern=r"^([0-9]{1,5}(h|m|s|ms)){1,4}$")]
Percent = Annotated[int, Field(ge=0, le=100)]

_MILLISECONDS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


class RouteTimeouts(Model):
    """How long a gateway waits, as the Gateway API writes durations: `30s`, `5m`. `0s` is for ever."""

    request: Duration | None = Field(
        default=None,
        description="The time for the whole of a request, retries included. Without it, the gateway's default holds.",
        json_schema_extra=wrong("the API server would refuse the HTTPRoute"),
        examples=["30s"],
    )
    backend_request: Duration | None = Field(
        default=None,
        description="The time for one request to a pod; at most as long as `request`.",
        json_schema_extra=wrong("the API server would refuse the HTTPRoute"),
        examples=["10s"],
    )

    @model_validator(mode="after")
    def _within(self) -> Self:
        whole, one = (_lasts(each) for each in (self.request, self.backend_request))
        if whole and one > whole:
            what = f"backendRequest {self.backend_request} is longer than request {self.request}"
            raise clash("backendRequest", what, remedy=self.request)
        return self


def _lasts(duration: str | None) -> int:
    """Return the milliseconds of a duration; 0 where there is none, or it is for ever."""
    parts: list[tuple[str, str]] = re.findall(r"([0-9]+)(h|ms|m|s)", duration or "")
    return sum(int(number) * _MILLISECONDS[unit] for number, unit in parts)


class BackendTls(Model):
    """How a Gateway knows pods that speak TLS: teal makes a BackendTLSPolicy for the Services of both colours."""

    hostname: Annotated[str, StringConstraints(pattern=rf"^{DNS}$", max_length=253)] | None = Field(
        default=None,
        description="The name in the pods' certificates, for which the Gateway asks and by which it verifies them.",
        json_schema_extra=wrong("the Gateway would take no pod for the service's, and answer 5xx"),
        examples=["backend.shop.svc"],
    )
    ca_config_map: ObjectName | None = Field(
        default=None,
        description=(
            "The ConfigMap that has, as `ca.crt`, the certificate of who signed them. Without it, the authorities that "
            "the Gateway's own system trusts are meant."
        ),
        json_schema_extra=wrong("the Gateway would take no pod for the service's, and answer 5xx"),
        examples=["backend-ca"],
    )
    external: bool = Field(
        default=False,
        description="Whether the policy is somebody else's, in whatever kind the Gateway has for it: teal makes none.",
        json_schema_extra=wrong("the Gateway would speak plain HTTP to pods that speak TLS"),
        examples=["true"],
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = self.hostname or self.ca_config_map
        if (self.external and given) or not (self.external or self.hostname):
            what = "a Gateway verifies pods by either a hostname or a policy that is external"
            raise clash("hostname", what, mend={"external": None} if self.external else {"hostname": ...})
        return self


class Routing(Model):
    """Which of the requests to a load balancer or a gateway are this service's. For `router: alb` and `gateway`."""

    hosts: tuple[Host, ...] = Field(
        default=(),
        description="The hosts whose requests are the service's. Without any, those of every host are.",
        json_schema_extra=wrong("requests of another host would reach the service"),
        examples=["shop.example"],
    )
    paths: Annotated[tuple[Prefix, ...], Field(min_length=1)] = Field(
        default=("/",),
        description="The prefixes of paths, by whole segments, whose requests are the service's.",
        json_schema_extra=wrong("requests of other paths would reach the service"),
        examples=["'[\"/api\"]'"],
    )
    priority: (
        Annotated[int, Field(ge=2, le=49999, json_schema_extra=bounds("AWS, with room for a neighbour at both ends"))]
        | None
    ) = Field(
        default=None,
        description=(
            "The priority of the listener rule, of which the lowest is asked first. The one before it is for chosen "
            "clients, the one after it is taken on the test listener. A stack of one service needs none."
        ),
        json_schema_extra=wrong("another service's rule would take the requests first", unit="place in the order"),
        examples=["100"],
    )

    filters: tuple[Mapping[str, JsonValue], ...] = Field(
        default=(),
        description=(
            "What a gateway does with each request and answer, as the Gateway API's own list of HTTPRouteFilter has "
            "it; for `router: gateway`."
        ),
        json_schema_extra=wrong("the API server would refuse the HTTPRoute"),
        examples=[
            '\'[{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["X-Internal"]}}]\'',
        ],
    )
    timeouts: RouteTimeouts | None = Field(
        default=None, description="How long a gateway waits for the pods, for `router: gateway`."
    )
    backend_tls: BackendTls | None = Field(
        default=None, description="How a gateway verifies pods that speak TLS, for `router: gateway`."
    )

    @property
    def patterns(self) -> tuple[str, ...]:
        """The paths as a load balancer matches them: a prefix of whole segments is itself, and everything below it."""
        return tuple(
            pattern
            for each in self.paths
            for pattern in (("/*",) if each == "/" else (each.rstrip("/"), f"{each.rstrip('/')}/*"))
        )

    @property
    def values(self) -> int:
        """The number of values in the conditions of its rule."""
        return len(self.hosts) + len(self.patterns)

    @property
    def wildcards(self) -> int:
        """The number of characters * in these values."""
        return sum(each.count("*") for each in (*self.hosts, *self.patterns))


class RouterSettings(Model):
    """The settings of one router, as far as a move needs any of them."""

    @property
    def without(self) -> frozenset[str]:
        """The names of the router's own gates that have nothing to ask for with these settings."""
        return frozenset()

    @property
    def reached_at(self) -> str | None:
        """The URL at which the machine that runs `pulumi up` reaches live traffic; None where it may not."""
        return None


class CanaryMatch(Model):
    """Clients that get the idle colour, whatever `teal:canaryWeight` is: by a header, or by a cookie, of this value."""

    header: Token | None = Field(
        default=None,
        description="The name of the header by which a client is known.",
        json_schema_extra=wrong("nobody would be chosen"),
        examples=["X-Canary"],
    )
    cookie: Token | None = Field(
        default=None,
        description="The name of the cookie by which a client is known.",
        json_schema_extra=wrong("nobody would be chosen"),
        examples=["canary"],
    )
    value: Value = Field(
        description="The value that the header or the cookie has to have.",
        json_schema_extra=wrong("nobody would be chosen"),
        examples=["always"],
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.header is None) == (self.cookie is None):
            mend = {"cookie": None} if self.cookie else {"header": ...}
            raise clash("header", "it takes either a header or a cookie to know a client by", mend=mend)
        return self

    def __str__(self) -> str:
        """Return which clients are meant, as it is recorded."""
        return f"header {self.header}: {self.value}" if self.header else f"cookie {self.cookie}={self.value}"
