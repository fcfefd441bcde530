"""Settings of the gates: what a colour has to show before live traffic may move to it.

Capacity and version are not here. They have no bounds to set, and nothing switches them off, since a flip may lose
requests without them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, create_model, model_validator

from teal.gates import GATES
from teal.gates.approvals import ApprovalPlan
from teal.gates.documents import ContractPlan
from teal.gates.registration import Asked, Skippable
from teal.gates.replies import Request
from teal.gates.usage import UsagePlan
from teal.monitoring.queries import Queries
from teal.spec.gates import GatePlan
from teal.spec.request_metrics import DEFAULT, LabelName, MetricName, RequestMetrics
from teal_infra.settings.base import Model, superfluous, wrong
from teal_infra.settings.evidence.metrics import Metrics, series_plan
from teal_infra.settings.evidence.smoke import DoorPath, Smoke, passing
from teal_infra.settings.numbers import Count, bounds

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
_Unless = Reason | None
DocumentName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=40)]

NO_FLIP = "no flip could pass"


class Usage(Model):
    """How the requests of each version of the API are counted, by Prometheus (`teal:prometheus`).

    A flip to a release that does not offer a version any more is refused while clients use it.
    """

    metric: MetricName = Field(
        default="api_requests_total",
        description="The counter of requests.",
        json_schema_extra=wrong("nobody would know which versions are used"),
    )
    label: LabelName = Field(
        default="api_version",
        description="Its label that holds the version, by the names that `paths` has.",
        json_schema_extra=wrong("nobody would know which versions are used"),
    )
    window_hours: Annotated[int, Field(ge=1, le=8760, json_schema_extra=bounds("teal, a year"))] = Field(
        default=168,
        description=(
            "How long ago the last request may be for a version to count as used. Prometheus has to keep its data for "
            "as long."
        ),
        json_schema_extra=wrong(
            "clients that come rarely would lose their version, or clients that are gone would keep one",
            source="teal: a week, for clients that come rarely",
        ),
    )
    at_most: Count = Field(
        default=0,
        description=(
            "How many requests within the window do not count as use. A service that counts teal's own, which have the "
            "User-Agent `teal`, needs some: each flip and each preview tries what is deprecated."
        ),
        json_schema_extra=wrong(
            "clients would be left without their version, or teal's own requests taken for them",
            source="teal: every request is use",
            unit="requests",
        ),
    )

    def plan(self, paths: Mapping[str, str], *, service: str, namespace: str) -> UsagePlan:
        """Return what is asked about the versions whose documents are at these paths."""
        window = f"{self.window_hours}h"
        return UsagePlan(
            metric=self.metric,
            label=self.label,
            window=window,
            query=Queries(service=service, namespace=namespace).used(self.metric, self.label, window),
            at_most=self.at_most,
            paths=paths,
            service_key=f"teal:services.{service}.gates.contract.paths",
        )


class Contract(Model):
    """How the idle colour's API is compared with the live one's, by their OpenAPI documents and `oasdiff` on PATH.

    A change breaks clients if oasdiff calls it an error or a warning, or if it takes a field out of an answer. A
    deprecated operation of the idle colour has to answer with `Deprecation` and `Sunset`, and may not go before that
    date.
    """

    path: DoorPath = Field(
        default="/openapi.json",
        description="The path at which pods answer with their OpenAPI document, as JSON.",
        json_schema_extra=wrong("there would be nothing to compare"),
    )
    paths: Mapping[DocumentName, DoorPath] = Field(
        default_factory=dict[str, str],
        description=(
            "The paths of several documents in place of `path`, by name: one for each version of the API, say. Each is "
            "compared by itself, and its verdicts have its name. A document that the live colour does not have, or "
            "answers 410, breaks nobody; of one that the idle colour does not have, all operations count as removed."
        ),
        json_schema_extra=wrong("there would be nothing to compare"),
        examples=["/api/v1/openapi.json"],
    )
    allowed: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")], ...] = Field(
        default=(),
        description=(
            "The ids of changes that may break clients, as oasdiff has them and a refusal names them. They are to be "
            "removed once the release is live."
        ),
        json_schema_extra=wrong("a change that breaks clients would pass"),
        examples=["'[\"request-parameter-removed\"]'"],
    )

    usage: Usage | None = Field(
        default=None,
        description="How the use of each version in `paths` is counted. Without it, nobody asks whether one is used.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.usage is not None and not self.paths:
            raise superfluous("usage", "usage is set, and paths names no version", "no version would be known to stay")
        if self.paths and "path" in self.model_fields_set:
            raise superfluous("path", "path and paths are both set", "it would be unclear what is compared")
        return self

    def plans(self) -> Sequence[ContractPlan]:
        """Return what is compared, document by document."""
        allowed = frozenset(self.allowed)
        if not self.paths:
            return (ContractPlan(path=self.path, allowed=allowed),)
        return [
            ContractPlan(
                path=path,
                allowed=allowed,
                name=name,
                others=[other for each, other in self.paths.items() if each != name],
            )
            for name, path in self.paths.items()
        ]


class Gates(Model):
    """What a service's idle colour has to show before live traffic moves to it, beside capacity and version."""

    smoke: Smoke = Field(default=Smoke(), description="The requests that the idle colour has to answer well.")
    contract: Contract | None = Field(
        default=None,
        description="How the idle colour's API is compared with the live one's. Without it, nothing is compared.",
    )
    metrics: Metrics | None = Field(
        default=None,
        description="What Prometheus has to say of the idle colour. Without it, it is not asked before a flip.",
    )

    def plan(  # noqa: PLR0913 - what the service and its slot are declared to be
        self,
        *,
        service: str,
        namespace: str,
        version: str,
        version_path: str | None,
        image: str,
        readiness_path: str | None,
        headers: Mapping[str, str] | None = None,
        tls: bool = False,
        counted: RequestMetrics | None = DEFAULT,
        scraped: bool = True,
        watched: bool = False,
        skip: Collection[str] = (),
    ) -> GatePlan:
        """Return what is measured of one service.

        Args:
            service: the service's name.
            namespace: the stack's namespace.
            version: the version that its slot declares.
            version_path: where its pods report their version; None where they cannot be asked.
            image: the image that its slot declares.
            readiness_path: the path of its readiness probe; None where only the kubelet can ask that.
            headers: those that the readiness probe sends.
            tls: whether the service's own port speaks TLS.
            counted: how its requests are counted; None where they are not.
            scraped: whether Prometheus scrapes its pods.
            watched: whether the bake judges it by its requests.
            skip: the names of the gates that the stack switches off.
        """
        asked: list[Asked] = [
            *self.smoke.checks(
                Request(path=readiness_path, headers=passing(headers or {}), tls=tls) if readiness_path else None,
                tls=tls,
            )
        ]
        if self.contract is not None:
            asked += [replace(each, tls=tls) for each in self.contract.plans()]
            if self.contract.usage is not None:
                asked.append(self.contract.usage.plan(self.contract.paths, service=service, namespace=namespace))
        if self.metrics is not None:
            plan = self.metrics.plan(service=service, namespace=namespace, counted=counted)
            if plan.traffic is not None:
                plan = replace(plan, traffic=replace(plan.traffic, tls=tls))
            asked.append(plan if scraped else replace(plan, up=""))
        elif watched and counted is not None:  # the canary analysis would notice missing series itself
            asked.append(series_plan(service=service, namespace=namespace, counted=counted))
        kept = tuple(each for each in asked if each.entry.family not in skip)
        return GatePlan(version=version, version_path=version_path, tls=tls, image=image, asked=kept)


class Approval(Model):
    """A person has to say yes to each flip, to its very colour and releases, before `pulumi up` moves traffic.

    Whoever may write ConfigMap `teal-approval` in the stack's namespace may say it, once for each flip. Who that was is
    the API server's word where the stack has `teal:admission`; elsewhere it is self-declared, and verdicts say so.
    """

    max_age_seconds: Annotated[
        int, Field(ge=1, le=30 * 86400, json_schema_extra=bounds("GitHub waits 30 days for a reviewer"))
    ] = Field(
        default=3600,
        description="How old an approval may be when its flip begins.",
        json_schema_extra=wrong(
            "an approval of long ago would still count, or a recent one would not",
            source="teal: who approves today does not mean tomorrow",
        ),
    )

    another: bool = Field(
        default=False,
        description="Whether it has to be given by somebody else than who runs the update.",
        json_schema_extra=wrong("whoever runs the update could approve it alone, or nobody could"),
        examples=["true"],
    )

    def plan(self, releases: Mapping[str, str]) -> ApprovalPlan:
        """Return the conditions for an approval of these releases, by service."""
        return ApprovalPlan(max_age=timedelta(seconds=self.max_age_seconds), releases=releases, another=self.another)


def _reason(of: Skippable) -> Any:  # noqa: ANN401 - pydantic's fields are of no type of their own
    return Field(default=None, description=of.description, json_schema_extra=wrong(of.wrong), examples=[of.example])


_FIELDS: Mapping[str, Any] = {
    each.family: (_Unless, _reason(each.skippable)) for each in GATES if each.skippable is not None
}
_Reasons = create_model("_Reasons", __base__=Model, **_FIELDS)
"""One field for each gate that can be switched off."""


class SkipGates(_Reasons):
    """Gates that are switched off on purpose, for the whole flip set, each with a reason that the history keeps.

    Capacity and version cannot be: without them a flip may lose requests.
    Remove the setting afterwards: it holds for every flip as long as it is there.
    """

    @property
    def reasons(self) -> Mapping[str, str]:
        """The reason why each gate is switched off, by its name."""
        return {name: str(reason) for name, reason in self.model_dump(exclude_none=True).items()}
