"""Settings of the bake: how a flip is watched, and when it is undone."""

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.base import Model

ErrorPercent = Annotated[float, Field(ge=0, le=100)]


class Bake(Model):
    """The watch after a flip.

    Five minutes, and back beyond 5 % errors: the delivery guide's monitoring
    after a promotion. The window is the one of its canary queries.
    """

    seconds: Annotated[int, Field(ge=0, le=86400)] = Field(
        default=300, description="a bad release would be confirmed too soon, or never", examples=["300"]
    )
    """0 asks once."""
    error_percent: ErrorPercent = Field(
        default=5, description="a bad release would stay, or a good one be undone", examples=["5"]
    )
    """Above which traffic goes back: of the front door's answers, and of live traffic where there is a Prometheus."""
    samples: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=10, description="an error rate would rest on nothing", examples=["10"]
    )
    """Requests of live traffic within the window that the error rate has to rest on."""
    window_seconds: Annotated[int, Field(ge=2, le=3600)] = Field(
        default=120, description="the error rate would be of another time than the bake's", examples=["120"]
    )
    """At least four of Prometheus' scrape intervals, or a missed scrape leaves no rate."""


class Watch(Model):
    """A CronJob that goes on with a flip whose `pulumi up` died: it bakes, confirms, or puts traffic back."""

    image: str = Field(description="nothing could run in the cluster", examples=["registry.example/teal@sha256:..."])
    """Of teal itself (`Dockerfile`), by digest outside rehearsals."""
    schedule: str = Field(
        default="* * * * *", description="the API server would refuse the CronJob", examples=["'* * * * *'"]
    )
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field(
        default="IfNotPresent", description="the API server would refuse the pods", examples=["IfNotPresent"]
    )
