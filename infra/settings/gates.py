"""Settings of the gates: what a colour has to show before live traffic may move to it.

Capacity and version are not here: they have no bounds to set, and nothing
switches them off, since without them a flip may lose requests.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from infra.settings.base import Model
from infra.settings.metrics import Metrics
from infra.settings.smoke import DoorPath, Smoke
from teal.gates.approvals import ApprovalPlan
from teal.gates.documents import ContractPlan
from teal.gates.plan import GatePlan

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]


class Contract(Model):
    """The API of the idle colour against the live one's, by their OpenAPI documents and `oasdiff` on PATH.

    What breaks is oasdiff's to say: its errors and its warnings, and any field
    of an answer that goes. What is deprecated in the idle colour has to answer with
    `Deprecation` and `Sunset`, and is not to go before that date.
    """

    path: DoorPath = Field(
        default="/openapi.json", description="there would be nothing to compare", examples=["/openapi.json"]
    )
    """Answers the document as JSON."""
    allowed: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")], ...] = Field(
        default=(),
        description="a change that breaks clients would pass",
        examples=["'[\"request-parameter-removed\"]'"],
    )
    """oasdiff's ids of changes that may be, as a refusal names them. Remove them once the release is live."""

    def plan(self) -> ContractPlan:
        """What is compared."""
        return ContractPlan(path=self.path, allowed=frozenset(self.allowed))


class Gates(Model):
    """What a service's idle colour has to show before live traffic moves to it, beside capacity and version."""

    smoke: Smoke = Smoke()
    contract: Contract | None = None
    """Without it nothing is compared."""
    metrics: Metrics | None = None
    """Without it nothing is asked of Prometheus."""

    def plan(  # noqa: PLR0913 - what the service and its slot are declared to be
        self,
        *,
        service: str,
        namespace: str,
        version: str,
        version_path: str,
        readiness_path: str,
        skip: Collection[str] = (),
    ) -> GatePlan:
        """What is measured of one service; `skip` names the gates that the stack switches off."""
        return GatePlan(
            version=version,
            version_path=version_path,
            smoke=() if "smoke" in skip else tuple(self.smoke.checks(readiness_path)),
            contract=self.contract.plan() if self.contract and "contract" not in skip else None,
            metrics=self.metrics.plan(service=service, namespace=namespace)
            if self.metrics and "metrics" not in skip
            else None,
        )


class Approval(Model):
    """A person has to say yes to each flip, to its very colour and versions, before `pulumi up` moves traffic.

    Whoever may write ConfigMap `teal-approval` in the stack's namespace may say it.
    """

    max_age_seconds: Annotated[int, Field(ge=1, le=30 * 86400)] = Field(
        default=3600, description="a yes of long ago would still count, or none in time", examples=["3600"]
    )
    """An hour: who says yes today does not mean tomorrow. 30 days is the longest that GitHub waits for a reviewer."""

    def plan(self) -> ApprovalPlan:
        """What a yes has to be."""
        return ApprovalPlan(max_age=timedelta(seconds=self.max_age_seconds))


class SkipGates(Model):
    """Gates that are switched off on purpose, for the whole flip set, each with a reason that the history keeps.

    Capacity and version cannot be: without them a flip may lose requests.
    Remove the setting afterwards: it holds for every flip as long as it is there.
    """

    smoke: Reason | None = Field(
        default=None, description="nobody could say later why nobody looked", examples=["'the preview door is down'"]
    )
    contract: Reason | None = Field(
        default=None, description="nobody could say later why nobody looked", examples=["'the break is agreed'"]
    )
    metrics: Reason | None = Field(
        default=None, description="nobody could say later why nobody looked", examples=["'Prometheus is down'"]
    )

    approval: Reason | None = Field(
        default=None, description="nobody could say later why nobody was asked", examples=["'an emergency: INC-1'"]
    )

    @property
    def reasons(self) -> Mapping[str, str]:
        """Why each is switched off, by its name."""
        return {name: str(reason) for name, reason in self.model_dump(exclude_none=True).items()}
