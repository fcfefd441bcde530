"""Settings of the metrics gates: which Prometheus is asked, what for, and by which bounds."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, FiniteFloat, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from infra.settings.base import Model, Name
from infra.settings.smoke import DoorPath
from teal.gates.samples import MetricCheck, MetricsPlan, SyntheticTraffic
from teal.prometheus import PrometheusAccess
from teal.queries import Queries

_PLACEHOLDERS = {"colour", "live", "pods", "service", "namespace", "window"}
_BUILT_IN = {"availability", "requests", "errors", "p95"}

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^@\s?#]+$")]
Times = Annotated[float, Field(gt=0, le=1000)]


class Prometheus(Model):
    """The Prometheus that scrapes both colours. Its certificate is verified; no proxy of the environment is used."""

    url: Url = Field(
        description="nothing would be known of either colour's traffic (a password in it would be shown: use token)",
        examples=["https://prometheus.example"],
    )
    """As the machine that runs the update reaches it, without `/api/v1`."""
    token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")] | None = Field(
        repr=False, default=None, description="Prometheus would not answer", examples=["--secret"]
    )
    """Sent as a bearer token; encrypt it in the stack file (`config set --path --secret`)."""
    ca_file: str | None = Field(
        default=None, description="its certificate would not be believed", examples=["/etc/ssl/certs/ca.pem"]
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        default=5, description="a query would be given up too soon, or hold the update", examples=["5"]
    )
    """For one query."""

    def access(self) -> PrometheusAccess:
        """How to reach it."""
        return PrometheusAccess(
            url=self.url, token=self.token, ca_file=self.ca_file, timeout_seconds=self.timeout_seconds
        )


class Metric(Model):
    """A number of the stack's own, by colour, and its bounds: a business metric, say.

    `query` is PromQL. Its result has one series a colour, with the label
    `colour`; or the text holds `{colour}`, is asked once a colour, and its result is
    a single series. `{pods}` becomes a regular expression for the ready pods that
    are meant: an idle colour had others a moment ago, of another release.
    `{live}`, `{service}`, `{namespace}` and `{window}` are replaced as well. No
    series and NaN are no data, and two series of a colour are an error: neither
    lets traffic move.
    """

    query: Annotated[str, Field(min_length=1)] = Field(
        description="Prometheus would be asked for nothing",
        examples=["'sum by (colour) (increase(orders_total{pod=~\"{pods}\"}[2m]))'"],
    )
    at_least: FiniteFloat | None = Field(default=None, description="a bad release would pass", examples=["1"])
    below: FiniteFloat | None = Field(default=None, description="a bad release would pass", examples=["1"])
    """The bound itself does not pass."""
    at_least_times_live: Times | None = Field(default=None, description="a bad release would pass", examples=["0.9"])
    at_most_times_live: Times | None = Field(default=None, description="a bad release would pass", examples=["1.5"])
    floor: Annotated[FiniteFloat, Field(ge=0)] = Field(
        default=0, description="next to nothing would be too much where live has nothing", examples=["0"]
    )
    """What live is taken for at least by `atMostTimesLive`: no multiple of 0 means anything."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        unknown = {*re.findall(r"\{([a-z_]+)\}", self.query)} - _PLACEHOLDERS
        if unknown:
            raise PydanticCustomError(
                "clash",
                "there is no placeholder {unknown}; known are {known}",
                {"field": "query", "unknown": min(unknown), "known": ", ".join(sorted(_PLACEHOLDERS))},
            )
        bounds = {self.at_least, self.below, self.at_least_times_live, self.at_most_times_live}
        if bounds == {None}:
            raise PydanticCustomError("clash", "it has no bound, so it would always pass", {"field": "atLeast"})
        return self

    def check(self, name: str, text: Mapping[str, str]) -> MetricCheck:
        """The number as it is asked for and judged; `text` is what the placeholders stand for."""
        query = self.query
        for placeholder, value in text.items():
            query = query.replace(f"{{{placeholder}}}", value)
        return MetricCheck(
            name=name,
            query=query,
            at_least=self.at_least,
            below=self.below,
            at_least_times_live=self.at_least_times_live,
            at_most_times_live=self.at_most_times_live,
            floor=self.floor,
        )


class Traffic(Model):
    """Test traffic, where a colour has too few requests: GETs through its preview door.

    To the idle colour; to the live one as well where something is compared with
    it and it has too few. A tenth more than `samples` is sent, once. 50 requests
    are the delivery guide's.
    """

    enabled: bool = Field(default=True, description="an idle colour would never have enough data", examples=["true"])
    paths: Annotated[tuple[DoorPath, ...], Field(min_length=1)] = Field(
        default=("/",), description="the service would not count the requests", examples=["'[\"/pricing\"]'"]
    )
    """Asked in turn. Probes and `/deployment/*` are not counted (docs/contract.md)."""
    per_second: Annotated[float, Field(gt=0, le=100)] = Field(
        default=20, description="the test traffic would take too long, or be a burden", examples=["20"]
    )


class Metrics(Model):
    """The delivery guide's canary analysis, by Prometheus (`teal:prometheus`).

    Every pod up; less than 5 % of the requests answered 5xx, and at most twice
    live's share; a 95th percentile below 2 s, and at most 1.5 times live's;
    over 2 minutes and 50 requests: its figures. It says nothing of a live colour
    without errors or with answers of a few milliseconds, of which the slightest
    difference is a multiple. So live is taken for at least 0.5 % (twice that is
    the 1 % from which the service's guide alerts) and for at least 0.1 s (what
    nobody notices); 0 compares without a floor.
    """

    window_seconds: Annotated[int, Field(ge=10, le=3600)] = Field(
        default=120, description="the numbers would be of another release, or of too little", examples=["120"]
    )
    samples: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=50, description="a share of errors would rest on nothing", examples=["50"]
    )
    """Requests within the window that a colour needs before it is judged."""
    wait_seconds: Annotated[int, Field(ge=0, le=1800)] = Field(
        default=90, description="no scrape would be waited for, or one that never comes", examples=["90"]
    )
    """For data that is still to come: one and a half of Prometheus' default scrape interval of a minute."""
    error_percent: Annotated[float, Field(gt=0, le=100)] = Field(
        default=5, description="a release that fails would pass", examples=["5"]
    )
    error_times_live: Times = Field(default=2, description="a release that fails would pass", examples=["2"])
    error_floor_percent: Annotated[float, Field(ge=0, le=100)] = Field(
        default=0.5, description="a single error would be too many, or many few enough", examples=["0.5"]
    )
    p95_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=2, description="a slow release would pass", examples=["2"]
    )
    p95_times_live: Times = Field(default=1.5, description="a slow release would pass", examples=["1.5"])
    p95_floor_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=0.1, description="a millisecond would be too much, or a slow release pass", examples=["0.1"]
    )
    own: Mapping[Name, Metric] = Field(
        default_factory=dict[str, Metric],
        description="a release that is bad for business would pass",
        examples=['\'{"orders": {"query": "sum by (colour) (rate(orders_total[2m]))", "atLeastTimesLive": 0.9}}\''],
    )
    traffic: Traffic = Traffic()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        taken = _BUILT_IN & self.own.keys()
        if taken:
            raise PydanticCustomError(
                "clash", "{name} is one of the built-in metrics", {"field": f"own.{min(taken)}", "name": min(taken)}
            )
        sending = self.samples / self.traffic.per_second if self.traffic.enabled else 0
        if sending + self.wait_seconds > self.window_seconds:
            raise PydanticCustomError(
                "clash",
                "windowSeconds {window} is shorter than the {sending} s of test traffic and waitSeconds {wait}: what "
                "was sent first would be out of it before it is scraped",
                {
                    "field": "windowSeconds",
                    "window": self.window_seconds,
                    "sending": f"{sending:g}",
                    "wait": self.wait_seconds,
                },
            )
        return self

    def plan(self, *, service: str, namespace: str) -> MetricsPlan:
        """What is asked, and what for."""
        queries = Queries(service=service, namespace=namespace, pods="{pods}")
        window = f"{self.window_seconds}s"
        text = {"service": service, "namespace": namespace, "window": window}
        return MetricsPlan(
            up=queries.pods_up,
            counts=queries.counted(window),
            checks=[
                MetricCheck(
                    name="errors",
                    title=f"the share of requests answered 5xx within {window}",
                    query=queries.counted_error_share(window),
                    unit="%",
                    below=self.error_percent / 100,
                    at_most_times_live=self.error_times_live,
                    floor=self.error_floor_percent / 100,
                ),
                MetricCheck(
                    name="p95",
                    title=f"the 95th percentile of the requests' time within {window}",
                    query=queries.counted_p95_seconds(window),
                    unit="s",
                    below=self.p95_seconds,
                    at_most_times_live=self.p95_times_live,
                    floor=self.p95_floor_seconds,
                ),
                *(each.check(name, text) for name, each in self.own.items()),
            ],
            samples=self.samples,
            window=window,
            traffic=SyntheticTraffic(paths=self.traffic.paths, per_second=self.traffic.per_second)
            if self.traffic.enabled
            else None,
            wait_seconds=self.wait_seconds,
        )
