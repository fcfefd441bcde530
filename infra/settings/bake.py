"""Settings of the bake: how a flip is watched, and when it is undone."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic_core import PydanticCustomError

from infra.settings.base import Image, Model, Name
from infra.settings.metrics import Prometheus, Url
from infra.settings.network import CLUSTER_DNS, BackingPeer, Peer
from infra.settings.pod import ResourceAmounts, Resources

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
    """A CronJob that goes on with a flip whose `pulumi up` died: it bakes, confirms, or puts traffic back.

    From the death of an update until somebody goes on with it: the schedule, and the 12 s for which its keeper shows
    no sign of life. The resources: a bake was seen to take 53 MiB.
    """

    image: Image = Field(description="nothing could run in the cluster", examples=["registry.example/teal@sha256:..."])
    """Of teal itself (`teal/Dockerfile`), by digest outside rehearsals."""
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field(
        default="IfNotPresent", description="the API server would refuse the pods", examples=["IfNotPresent"]
    )
    schedule: Annotated[str, StringConstraints(pattern=r"^(@[a-z]+|\S+( \S+){4})$")] = Field(
        default="* * * * *", description="the API server would refuse the CronJob", examples=["'* * * * *'"]
    )
    resources: Resources = Resources(
        requests=ResourceAmounts(cpu="50m", memory="96Mi"), limits=ResourceAmounts(cpu="500m", memory="192Mi")
    )
    prometheus_url: Url | None = Field(
        default=None,
        description="the bake in the cluster could not tell how live traffic fares",
        examples=["http://prometheus.monitoring:9090"],
    )
    """Where Prometheus is for pods of this cluster; default: where it is for `pulumi up`."""
    egress: Mapping[Name, BackingPeer] = Field(
        default_factory=dict[str, BackingPeer],
        description="the watch could not connect to it: a flip whose update died would stay as it is",
    )
    """Whom it may connect to where network policies hold: the API server, as policies see it (behind its Service, so
    its own address and port), and Prometheus."""
    dns: Peer | None = Field(default=CLUSTER_DNS, description="the watch could not find Prometheus by its name")

    def require_way_out(self, *, policies: bool) -> None:
        """Refuse a watch that the stack's policies would keep from the API server.

        Raises:
            PydanticCustomError: it names nobody whom it may connect to; its field is where to say so.
        """
        if policies and not self.egress:
            raise PydanticCustomError(
                "clash",
                "egress names nobody, and policies deny what is not named: the API server, too",
                {"field": "watch.egress.api-server.cidrs[0]"},
            )

    def require_believable(self, prometheus: Prometheus | None) -> None:
        """Refuse a Prometheus whose certificate only the machine that runs `pulumi up` can verify.

        Raises:
            PydanticCustomError: says so; its field is where to name the way for pods.
        """
        if prometheus is not None and prometheus.ca_file and not self.prometheus_url:
            raise PydanticCustomError(
                "clash",
                "prometheus.caFile {file} is a file of the machine that runs `pulumi up`; pods have no such file",
                {"field": "watch.prometheusUrl", "file": prometheus.ca_file},
            )
