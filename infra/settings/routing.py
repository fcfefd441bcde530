"""Settings of routing: which requests are a service's, and who of its clients gets the idle colour."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from infra.settings.base import Model

Host = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=128)]
Prefix = Annotated[str, StringConstraints(pattern=r"^/[-A-Za-z0-9._~/]*$", max_length=120)]
Token = Annotated[str, StringConstraints(pattern=r"^[-!#$%&'*+.^_`|~0-9A-Za-z]+$", max_length=40)]
Value = Annotated[str, StringConstraints(pattern=r"^[-A-Za-z0-9._~]+$", max_length=100)]
VALUES = 5
"""That the conditions of a listener rule may have at most, all together: AWS's limit."""

RULES = 3
"""Priorities that a service's rules take: its own, the one before and the one after."""

Percent = Annotated[int, Field(ge=0, le=100)]


class Routing(Model):
    """Which of the requests to a load balancer or a gateway are this service's. For `router: alb` and `gateway`."""

    hosts: tuple[Host, ...] = Field(
        default=(), description="requests of another host would reach the service", examples=["shop.example"]
    )
    """Without any, those of every host."""
    paths: Annotated[tuple[Prefix, ...], Field(min_length=1)] = Field(
        default=("/",), description="requests of other paths would reach the service", examples=["'[\"/api\"]'"]
    )
    """Prefixes, by whole segments."""
    priority: Annotated[int, Field(ge=2, le=49999)] | None = Field(
        default=None, description="another service's rule would take the requests first", examples=["100"]
    )
    """Of the listener rule: the lowest is asked first. The one before it is for chosen clients, the one after it is
    taken on the test listener. A stack of one service needs none."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """The paths as a load balancer matches them: a prefix by whole segments is itself, and all below it."""
        return tuple(
            pattern
            for each in self.paths
            for pattern in (("/*",) if each == "/" else (each.rstrip("/"), f"{each.rstrip('/')}/*"))
        )

    @property
    def values(self) -> int:
        """Of the conditions of its rule."""
        return len(self.hosts) + len(self.patterns)


class CanaryMatch(Model):
    """Clients that get the idle colour, whatever `teal:canaryWeight` is: by a header, or by a cookie, of this value."""

    header: Token | None = Field(default=None, description="nobody would be chosen", examples=["X-Canary"])
    cookie: Token | None = Field(default=None, description="nobody would be chosen", examples=["canary"])
    value: Value = Field(description="nobody would be chosen", examples=["always"])

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.header is None) == (self.cookie is None):
            raise PydanticCustomError(
                "clash", "it takes either a header or a cookie to know a client by", {"field": "header"}
            )
        return self

    def __str__(self) -> str:
        """Who is meant, as it is recorded."""
        return f"header {self.header}: {self.value}" if self.header else f"cookie {self.cookie}={self.value}"
