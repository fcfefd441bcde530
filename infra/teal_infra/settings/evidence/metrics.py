"""Settings of the metrics gates: what Prometheus is asked for, and within which bounds."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from teal.gates import shares
from teal.gates.samples import MetricCheck, MetricsPlan, SyntheticTraffic
from teal.gates.series import SeriesPlan
from teal.monitoring.queries import Queries
from teal.proof.metrics import MARGIN
from teal.spec.request_metrics import DEFAULT, PRESETS, RequestMetrics
from teal_infra.settings.base import TWICE, Model, Name, clash, superfluous, wrong
from teal_infra.settings.evidence.own_metrics import Metric, Times
from teal_infra.settings.evidence.smoke import DoorPath
from teal_infra.settings.numbers import MOST_SECONDS, SLIP, AnyPercent, Duration, SomePercent

_BUILT_IN = {"availability", "requests", "errors", "p95"}


class Traffic(Model):
    """The test traffic for a colour that has too few requests: GET requests through its preview door.

    The idle colour gets it; the live one does as well, where something is compared with it and it has too few requests
    itself. A tenth more than is needed is sent, and as many again where the errors are too near to a bound to tell, as
    long as the window has time.
    """

    enabled: bool = Field(
        default=True,
        description="Whether test traffic is sent. Otherwise what is missing is only waited for.",
        json_schema_extra=wrong("an idle colour would never have enough data"),
    )
    paths: Annotated[tuple[DoorPath, ...], Field(min_length=1)] = Field(
        default=("/",),
        description=(
            "The paths that are asked in turn. They have to be ones that the service counts; probes and "
            "`/deployment/*` are not (docs/contract.md)."
        ),
        json_schema_extra=wrong("the service would not count the requests"),
        examples=["'[\"/pricing\"]'"],
    )
    per_second: Annotated[float, Field(gt=0, le=100, json_schema_extra=SLIP)] = Field(
        default=20,
        description="How many requests are sent a second.",
        json_schema_extra=wrong(
            "the test traffic would take too long, or be a burden",
            source="teal: what is needed, and as many again, are sent within the window",
            unit="requests a second",
        ),
    )


class Metrics(Model):
    """The delivery guide's canary analysis, by Prometheus (`teal:prometheus`).

    Every pod has to be up. The guide says nothing of a live colour without errors or with answers of a few
    milliseconds, of which the slightest difference is a multiple. So live is taken for at least `errorFloorPercent`
    and `p95FloorSeconds`; 0 compares without a floor.
    """

    window_seconds: Annotated[int, Field(ge=10, le=MOST_SECONDS, json_schema_extra=SLIP)] = Field(
        default=120,
        description="The time over which requests, errors and durations are counted.",
        json_schema_extra=wrong(
            "the numbers would be of another release, or of too little", source="the delivery guide"
        ),
    )
    samples: Annotated[int, Field(ge=1, le=10_000, json_schema_extra=SLIP)] = Field(
        default=50,
        description=(
            "How many requests within the window a colour needs at least before it is judged. It needs more where so "
            "few could not tell a share of errors from its bounds (Wilson's interval, 95 %): 268 without any error, "
            "for the 1 % that comes of `errorTimesLive` and `errorFloorPercent`. What is missing is sent as test "
            "traffic."
        ),
        json_schema_extra=wrong("a share of errors would rest on nothing", source="the delivery guide"),
    )
    wait_seconds: Annotated[int, Field(ge=0, le=1800, json_schema_extra=SLIP)] = Field(
        default=90,
        description="How long data that is still to come is waited for.",
        json_schema_extra=wrong(
            "the gate would not wait for a scrape, or would wait for one that never comes",
            source="Prometheus: one and a half of its default interval, a minute, and not the delivery guide's 20 s",
        ),
    )
    error_percent: SomePercent = Field(
        default=5,
        description="The percentage of requests answered with an error that the idle colour has to stay below.",
        json_schema_extra=wrong("a release that fails would pass", source="the delivery guide"),
    )
    error_times_live: Times = Field(
        default=2,
        description="The multiple of the live colour's percentage of errors that the idle colour must not exceed.",
        json_schema_extra=wrong("a release that fails would pass", source="the delivery guide"),
    )
    error_floor_percent: AnyPercent = Field(
        default=0.5,
        description="What the live colour's percentage of errors counts as at least, for `errorTimesLive`.",
        json_schema_extra=wrong(
            "a single error would count as too many, or many errors as few enough",
            source="the service guide: twice it is the 1 % from which it alerts",
        ),
    )
    p95_seconds: Duration = Field(
        default=2,
        description="The 95th percentile of durations that the idle colour has to stay below.",
        json_schema_extra=wrong("a slow release would pass", source="the delivery guide"),
    )
    p95_times_live: Times = Field(
        default=1.5,
        description="The multiple of the live colour's 95th percentile that the idle colour must not exceed.",
        json_schema_extra=wrong("a slow release would pass", source="the delivery guide"),
    )
    p95_floor_seconds: Annotated[float, Field(ge=0, le=MOST_SECONDS, json_schema_extra=SLIP)] = Field(
        default=0.1,
        description="What the live colour's 95th percentile counts as at least, for `p95TimesLive`.",
        json_schema_extra=wrong(
            "a millisecond more would count as too slow, or a slow release would pass",
            source="teal: a difference that nobody notices",
        ),
    )
    own: Mapping[Name, Metric] = Field(
        default_factory=dict[str, Metric],
        description="Numbers of the stack's own, by name.",
        json_schema_extra=wrong("a release that is bad for business would pass"),
        examples=[
            '\'{"orders": {"query": "sum(rate(orders_total{pod=~\\"{pods}\\"}[2m]))", "atLeastTimesLive": 0.9}}\''
        ],
    )
    traffic: Traffic = Field(
        default=Traffic(), description="The test traffic that is sent to a colour that has too few requests."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        taken = _BUILT_IN & self.own.keys()
        if taken:
            raise superfluous(f"own.{min(taken)}", f"{min(taken)} is one of the built-in metrics", TWICE)
        sending = MARGIN * self.needed / self.traffic.per_second if self.traffic.enabled else 0
        if sending + self.wait_seconds > self.window_seconds:
            longer = math.ceil(sending) + self.wait_seconds
            raise clash(
                "windowSeconds",
                f"windowSeconds {self.window_seconds} is shorter than the {sending:.3g} s of test traffic and "
                f"waitSeconds {self.wait_seconds}: what was sent first would be out of it before it is scraped",
                mend={"windowSeconds": longer}
                if longer <= MOST_SECONDS
                else {"traffic.enabled": False, "windowSeconds": MOST_SECONDS},
            )
        return self

    @property
    def needed(self) -> int:
        """The requests that a colour needs: `samples`, or as many as tell no error at all from the strictest bound."""
        bound = min(self.error_percent, self.error_times_live * self.error_floor_percent or self.error_percent) / 100
        return max(self.samples, shares.needed(bound))

    @property
    def spare(self) -> int:
        """The requests beyond these for which the window has time."""
        sending = self.window_seconds - self.wait_seconds
        return max(0, int(self.traffic.per_second * sending - MARGIN * self.needed)) if self.traffic.enabled else 0

    def plan(self, *, service: str, namespace: str, counted: RequestMetrics | None = DEFAULT) -> MetricsPlan:
        """Return what is asked, and with which bounds; nothing about requests where they are not counted."""
        queries = Queries(service=service, namespace=namespace, pods="{pods}", metrics=counted)
        window = f"{self.window_seconds}s"
        text = {"service": service, "namespace": namespace, "window": window}
        return MetricsPlan(
            up=queries.pods_up,
            counts=queries.counted(window) if counted else "",
            checks=[
                *(self._built_in(queries, window) if counted else ()),
                *(each.check(name, text) for name, each in self.own.items()),
            ],
            samples=self.needed if counted else self.samples,
            window=window,
            traffic=SyntheticTraffic(paths=self.traffic.paths, per_second=self.traffic.per_second)
            if self.traffic.enabled
            else None,
            spare=self.spare,
            wait_seconds=self.wait_seconds,
        )

    def _built_in(self, queries: Queries, window: str) -> Iterator[MetricCheck]:
        """Yield the check of errors, and that of the slowest requests where there is a histogram."""
        yield MetricCheck(
            name="errors",
            title=f"the share of requests that failed within {window}",
            query=queries.counted_error_share(window),
            unit="%",
            below=self.error_percent / 100,
            at_most_times_live=self.error_times_live,
            floor=self.error_floor_percent / 100,
            share=True,
        )
        if queries.metrics is not None and queries.metrics.duration is not None:
            yield MetricCheck(
                name="p95",
                title=f"the 95th percentile of the requests' time within {window}",
                query=queries.counted_p95_seconds(window, self.p95_seconds),
                unit="s",
                below=self.p95_seconds,
                at_most_times_live=self.p95_times_live,
                floor=self.p95_floor_seconds,
            )


def series_plan(*, service: str, namespace: str, counted: RequestMetrics) -> SeriesPlan:
    """Return what is asked to find out whether a service has the series that its bake will need."""
    queries = Queries(service=service, namespace=namespace, metrics=counted)
    same = (counted.requests, counted.status)
    others = {preset: each for preset, each in PRESETS.items() if (each.requests, each.status) != same}
    return SeriesPlan(
        requests=counted.requests,
        status=counted.status,
        every=queries.series(counted.requests),
        with_status=queries.series(counted.requests, counted.status),
        others={preset: queries.series(each.requests, each.status) for preset, each in others.items()},
    )
