"""Settings of the bake: how a flip is watched, and when it is undone."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from teal.model.addresses import keeps_a_secret
from teal_infra.settings.base import Image, Model, Name, clash, wrong
from teal_infra.settings.evidence.prometheus import Prometheus, Url
from teal_infra.settings.numbers import MOST_SECONDS, SLIP, AnyPercent, Count, WorkSeconds
from teal_infra.settings.pod import Limits, PullPolicy, ResourceAmounts, Resources
from teal_infra.settings.reach.network import CLUSTER_DNS, BackingPeer, Peer


class Bake(Model):
    """The watch after a flip."""

    seconds: WorkSeconds = Field(
        default=300,
        description="How long a flip is watched before it is confirmed. At 0 everything is asked once.",
        json_schema_extra=wrong("a bad release would be confirmed too soon, or never", source="the delivery guide"),
    )
    error_percent: AnyPercent = Field(
        default=5,
        description=(
            "The percentage above which traffic goes back: of the front door's answers that failed, of pods that "
            "turned unready or crashed without being asked to end, and, where there is a Prometheus, of live requests "
            "that were answered with an error."
        ),
        json_schema_extra=wrong("a bad release would stay, or a good one be undone", source="the delivery guide"),
    )
    samples: Count = Field(
        default=10,
        description="How many requests of live traffic within the window the error rate has to rest on.",
        json_schema_extra=wrong(
            "an error rate would rest on nothing", source="teal: fewer say nothing of a percentage"
        ),
    )
    window_seconds: Annotated[int, Field(ge=2, le=MOST_SECONDS, json_schema_extra=SLIP)] = Field(
        default=120,
        description=(
            "The time over which Prometheus counts requests and errors. It has to hold four scrape intervals at "
            "least, or a missed scrape leaves no rate."
        ),
        json_schema_extra=wrong("the error rate would be of another time than the bake's", source="the delivery guide"),
    )


class Watch(Model):
    """A CronJob that goes on with a flip whose `pulumi up` died: it bakes, confirms, or puts traffic back.

    Where the stack says so (`retireAfterMinutes`, `onRefusal`), it ends the pods of the idle colour, too.
    """

    image: Image = Field(
        description="The image of teal itself (`teal/Dockerfile`), by digest outside rehearsals.",
        json_schema_extra=wrong("nothing could run in the cluster"),
        examples=["registry.example/teal:1.4.2"],
    )
    image_pull_policy: PullPolicy = "IfNotPresent"
    schedule: Annotated[str, StringConstraints(pattern=r"^(@[a-z]+|\S+( \S+){4})$")] = Field(
        default="* * * * *",
        description=(
            "When the CronJob looks for a flip that nobody keeps, as cron has it. It takes over once the flip's owner "
            "has shown no sign of life for 12 s."
        ),
        json_schema_extra=wrong("the API server would refuse the CronJob", source="teal: no CronJob comes more often"),
    )
    resources: Resources = Field(
        default=Resources(
            requests=ResourceAmounts(cpu="50m", memory="96Mi"), limits=Limits(cpu="500m", memory="192Mi")
        ),
        description="What a pod of the watch asks for, and what it may use at most.",
        json_schema_extra=wrong(source="measured: a bake took 53 MiB; of processor time, teal's guess"),
    )
    prometheus_url: Url | None = Field(
        default=None,
        description="Where pods of this cluster reach Prometheus. By default it is where `pulumi up` does.",
        json_schema_extra=wrong("the bake in the cluster could not tell how live traffic fares"),
        examples=["https://prometheus.monitoring:9090"],
    )
    egress: Mapping[Name, BackingPeer] = Field(
        default_factory=dict[str, BackingPeer],
        description=(
            "Whom the watch may connect to where network policies hold: the API server, as policies see it (behind its"
            " Service, so its own address and port), and Prometheus."
        ),
        json_schema_extra=wrong("the watch could not connect to it: a flip whose update died would stay as it is"),
    )
    dns: Peer | None = Field(
        default=CLUSTER_DNS,
        description="The cluster DNS, which the watch may ask for names.",
        json_schema_extra=wrong("the watch could not find Prometheus by its name"),
    )

    def require_way_out(self, *, policies: bool) -> None:
        """Refuse a watch that the stack's policies would keep from the API server.

        Raises:
            PydanticCustomError: it names no peers; its field is where to name them.
        """
        if policies and not self.egress:
            raise clash(
                "watch.egress.api-server.cidrs[0]",
                "egress names nobody, and policies deny what is not named: the API server, too",
                mend={"watch.egress.api-server": {"cidrs": ["192.0.2.10/32"], "ports": [6443]}},
            )

    def require_believable(self, prometheus: Prometheus | None) -> None:
        """Refuse a Prometheus whose certificate only the machine that runs `pulumi up` can verify.

        Raises:
            PydanticCustomError: it does; its field is where to name the URL for pods.
        """
        if prometheus is not None and prometheus.ca_file and not self.prometheus_url:
            file = f"prometheus.caFile {prometheus.ca_file} is a file of the machine that runs `pulumi up`"
            raise clash("watch.prometheusUrl", f"{file}; pods have no such file")
        require_sealed("watch.prometheusUrl", self.prometheus_url, prometheus)


def require_sealed(field: str, url: str | None, prometheus: Prometheus | None) -> None:
    """Refuse a URL to which a credential would be sent without encryption.

    Raises:
        PydanticCustomError: there is one, and the URL is http and not of this machine.
    """
    if url and prometheus is not None and prometheus.confidential and not keeps_a_secret(url):
        sent = f"prometheus.{prometheus.confidential.replace('sig_v4', 'sigV4')} would be sent there"
        what = f"{url} is not https, and {sent} for everybody on the way to read"
        raise clash(field, what, remedy=f"https{url.removeprefix('http')}")
