"""Settings of the stack's own numbers: their queries, and the bounds by which a gate judges them."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, FiniteFloat, model_validator

from teal.gates.samples import MetricCheck
from teal_infra.settings.base import Model, clash, wrong
from teal_infra.settings.numbers import SLIP

_PLACEHOLDERS = {"colour", "live", "pods", "service", "namespace", "window"}

Times = Annotated[float, Field(gt=0, le=1000, json_schema_extra=SLIP)]


def require_placeholders(query: str) -> None:
    """Refuse a query with an unknown placeholder.

    Raises:
        PydanticCustomError: it has one; the message names the first.
    """
    unknown = {*re.findall(r"\{([a-z_]+)\}", query)} - _PLACEHOLDERS
    if unknown:
        known = ", ".join(sorted(_PLACEHOLDERS))
        raise clash("query", f"there is no placeholder {min(unknown)}; known are {known}")


def filled(query: str, text: Mapping[str, str]) -> str:
    """Return a query with its placeholders replaced."""
    for placeholder, value in text.items():
        query = query.replace(f"{{{placeholder}}}", value)
    return query


class Number(Model):
    """A number of the stack's own, and its fixed bounds."""

    query: Annotated[str, Field(min_length=1)] = Field(
        description="The PromQL query of the number.",
        json_schema_extra=wrong("Prometheus would be asked for nothing"),
        examples=["'sum(increase(orders_total{pod=~\"{pods}\"}[2m]))'"],
    )
    at_least: FiniteFloat | None = Field(
        default=None,
        description="The value that the number must not fall below.",
        json_schema_extra=wrong("a bad release would pass, or stay", unit="as `query`"),
        examples=["1"],
    )
    below: FiniteFloat | None = Field(
        default=None,
        description="The value that the number must stay below; the value itself does not pass.",
        json_schema_extra=wrong("a bad release would pass, or stay", unit="as `query`"),
        examples=["1"],
    )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        require_placeholders(self.query)
        if {getattr(self, name) for name in type(self).model_fields if name not in {"query", "floor"}} == {None}:
            raise clash("atLeast", "it has no bound, so it would always pass")
        return self


class Metric(Number):
    """A number of the stack's own, by colour, and its bounds: a business metric, say.

    `query` is PromQL. With `{pods}` in it, a regular expression for the ready pods of one colour, or with `{colour}`,
    it is asked once for each colour, and its result is a single series. Without either, each series of its result needs
    a label `colour`; a series without one proves nothing. `{live}`, `{service}`, `{namespace}` and `{window}` are
    replaced as well. A result without a series, or of NaN, is no data, and two series of a colour are an error: neither
    lets traffic move.
    """

    at_least_times_live: Times | None = Field(
        default=None,
        description="The multiple of the live colour's number that it must not fall below.",
        json_schema_extra=wrong("a bad release would pass"),
        examples=["0.9"],
    )
    at_most_times_live: Times | None = Field(
        default=None,
        description="The multiple of the live colour's number that it must not exceed.",
        json_schema_extra=wrong("a bad release would pass"),
        examples=["1.5"],
    )
    floor: Annotated[FiniteFloat, Field(ge=0)] = Field(
        default=0,
        description=(
            "What the live colour's number counts as at least for `atMostTimesLive`: no multiple of 0 means anything."
        ),
        json_schema_extra=wrong(
            "the smallest number would be too much where the live colour has 0",
            source="teal: no floor",
            unit="as `query`",
        ),
    )

    def check(self, name: str, text: Mapping[str, str]) -> MetricCheck:
        """Return the number as it is asked for and judged; `text` has the values of placeholders."""
        return MetricCheck(
            name=name,
            query=filled(self.query, text),
            at_least=self.at_least,
            below=self.below,
            at_least_times_live=self.at_least_times_live,
            at_most_times_live=self.at_most_times_live,
            floor=self.floor,
        )
