"""The former version of the API, v1: its requests become those of the current version, whose answers become its own.

The business knows the current version alone. What differs is here, and so it goes with v1.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, create_model
from pydantic_core import to_json

from workload.pricing.business import BusinessApi, Endpoint
from workload.pricing.schemas import (
    Answer,
    BatchEstimate,
    CostEstimate,
    PricingList,
    Schema,
    Tokens,
    now,
)
from workload.pricing.schemas import BatchRequest as CurrentBatchRequest
from workload.pricing.schemas import CostRequest as CurrentCostRequest

ALIAS = "/model-pricing"
"""The path that is deprecated beside all others: another name of `/pricing`."""

BREAKING = {
    "v2": [
        "answers: timestamp is metadata.timestamp",
        "POST /cost-estimate, POST /cost-estimate/batch: currency is required",
        "GET /model-pricing: gone, GET /pricing answers the same",
    ]
}
"""What each version of the API breaks of the one before it. A test compares it with both versions' documents."""


class CostRequest(Schema):
    """What `POST /cost-estimate` is asked."""

    model_name: str
    input_tokens: Tokens
    output_tokens: Tokens


class BatchRequest(Schema):
    """What `POST /cost-estimate/batch` is asked."""

    model_names: Annotated[list[str], Field(min_length=1, max_length=100)]
    input_tokens: Tokens
    output_tokens: Tokens


def written(content: Answer) -> bytes:
    """An answer of the current version as v1 writes it."""
    kept = {name: value for name, value in content if name != "metadata"}
    return to_json({**kept, "timestamp": content.metadata.timestamp})


class FormerApi:
    """The business endpoints of v1."""

    def __init__(self, current: BusinessApi) -> None:
        """Have `current` answer."""
        self._current = current
        self._instead = {"/cost-estimate": self.cost_estimate, "/cost-estimate/batch": self.cost_estimate_batch}

    def endpoints(self) -> Sequence[Endpoint]:
        """Which path is answered by which method."""
        return (
            *(
                replace(each, handler=self._instead.get(each.path, each.handler), shape=_shape(each.shape))
                for each in self._current.endpoints()
            ),
            Endpoint(ALIAS, self.model_pricing, _shape(PricingList), deprecated=True),
        )

    async def model_pricing(self) -> PricingList:
        """The former name of `/pricing`."""
        return await self._current.pricing()

    async def cost_estimate(self, asked: CostRequest) -> CostEstimate:
        """What a request to one model costs."""
        return await self._current.cost_estimate(CurrentCostRequest(**dict(asked), currency="USD"))

    async def cost_estimate_batch(self, asked: BatchRequest) -> BatchEstimate:
        """What the same request costs with each of several models."""
        return await self._current.cost_estimate_batch(CurrentBatchRequest(**dict(asked), currency="USD"))


def _shape(current: type[Any]) -> type[Schema]:
    """An answer's shape in v1, under the same name."""
    kept = {name: (each.annotation, each) for name, each in current.model_fields.items() if name != "metadata"}
    given: dict[str, Any] = {**kept, "timestamp": (datetime, Field(default_factory=now))}
    return create_model(current.__name__, __base__=Schema, __doc__=current.__doc__, **given)
