"""Settings of the numbers of a service that a bake asks for, beside its errors."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, FiniteFloat

from teal.spec.bake import BakeMetric, Slowness
from teal_infra.settings.base import wrong
from teal_infra.settings.evidence.metrics import Metrics
from teal_infra.settings.evidence.own_metrics import Number, Times, filled


class BakeMetricSettings(Number):
    """A number of the stack's own that the bake asks Prometheus for (`teal:prometheus`): a business metric, say.

    `query` has the same placeholders as that of `gates.metrics.own`: `{window}` is `bake.windowSeconds`, and `{live}`
    is the colour that traffic has left. The number before the flip is that of this colour's pods at the moment at which
    the flip was allowed. A number that leaves its bounds puts traffic back at once; a number that nobody knows leaves
    the flip `UNPROVEN`.
    """

    at_least_times_before: Times | None = Field(
        default=None,
        description="The multiple of what the number was before the flip that it must not fall below.",
        json_schema_extra=wrong("a bad release would stay"),
        examples=["0.5"],
    )
    at_most_times_before: Times | None = Field(
        default=None,
        description="The multiple of what the number was before the flip that it must not exceed.",
        json_schema_extra=wrong("a bad release would stay"),
        examples=["1.5"],
    )
    floor: Annotated[FiniteFloat, Field(ge=0)] = Field(
        default=0,
        description=(
            "What the number before the flip counts as at least for `atMostTimesBefore`: no multiple of 0 means "
            "anything."
        ),
        json_schema_extra=wrong(
            "the smallest number would be too much where it was 0 before",
            source="teal: no floor",
            unit="as `query`",
        ),
    )


def own(
    settings: Mapping[str, BakeMetricSettings], *, service: str, namespace: str, window: int
) -> Mapping[str, BakeMetric]:
    """Return the numbers as they are stored with a flip; `window` is the bake's, in seconds."""
    text = {"service": service, "namespace": namespace, "window": f"{window}s"}
    return {
        name: BakeMetric.model_validate({**each.model_dump(), "query": filled(each.query, text)})
        for name, each in settings.items()
    }


def slowness(metrics: Metrics | None) -> Slowness | None:
    """Return the bounds of the gates, relative to what was live before; None where no gate asks for them."""
    if metrics is None:
        return None
    return Slowness(
        seconds=metrics.p95_seconds, times_before=metrics.p95_times_live, floor_seconds=metrics.p95_floor_seconds
    )
