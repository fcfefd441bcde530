"""The shapes of the business API's requests and answers in its current version, as its OpenAPI document shows them.

A field here is a promise as long as the version is served: fields may be added, never removed or retyped
(docs/contract.md). What the former version has in place of some of them is in versions/former.py.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Tokens = Annotated[int, Field(ge=0, le=10**12)]


def now() -> datetime:
    """The time an answer carries."""
    return datetime.now(UTC)


class Schema(BaseModel):
    """Base of all shapes: fields may begin with `model_`."""

    model_config = ConfigDict(protected_namespaces=())


class Metadata(Schema):
    """What every answer of the business API says of itself."""

    version: str = "2.0"
    timestamp: datetime = Field(default_factory=now)


class Answer(Schema):
    """Base of what the business API answers."""

    metadata: Metadata = Field(default_factory=Metadata)


class EndpointInfo(Schema):
    """One line of the server's table of contents."""

    path: str
    method: str
    description: str


class ServerInfo(Schema):
    """What `GET /` answers."""

    name: str
    version: str
    description: str
    endpoints: list[EndpointInfo]
    sample_models: list[str]


class ModelList(Answer):
    """What `GET /models` answers."""

    models: list[str]
    total_models: int
    providers: list[str]


class ModelPricing(Schema):
    """A model with its prices."""

    model_name: str
    provider: str
    cost_per_input_token: float
    cost_per_output_token: float
    throughput: float | None
    latency_ms: float | None
    context_window: int | None
    currency: str = "USD"
    unit: str = "per_token"


class ProviderStatus(Schema):
    """Whether a provider's prices could be had."""

    provider_name: str
    is_available: bool
    models_count: int
    error_message: str | None = None


class PricingList(Answer):
    """What `GET /pricing` answers."""

    models: list[ModelPricing]
    total_models: int
    provider_status: list[ProviderStatus]


class CostRequest(Schema):
    """What `POST /cost-estimate` is asked."""

    model_name: str
    input_tokens: Tokens
    output_tokens: Tokens
    currency: Literal["USD"]


class CostEstimate(Answer):
    """What `POST /cost-estimate` answers; costs in USD."""

    model_name: str
    provider: str
    input_tokens: int
    output_tokens: int
    input_cost: float
    output_cost: float
    total_cost: float
    currency: str = "USD"


class BatchRequest(Schema):
    """What `POST /cost-estimate/batch` is asked."""

    model_names: Annotated[list[str], Field(min_length=1, max_length=100)]
    input_tokens: Tokens
    output_tokens: Tokens
    currency: Literal["USD"]


class ComparedCost(Schema):
    """One model of a comparison; an unknown one is listed as not available."""

    model_name: str
    provider: str | None
    input_cost: float | None
    output_cost: float | None
    total_cost: float | None
    is_available: bool
    error_message: str | None = None


class BatchEstimate(Answer):
    """What `POST /cost-estimate/batch` answers."""

    input_tokens: int
    output_tokens: int
    models: list[ComparedCost]
    cheapest_model: str | None
    most_expensive_model: str | None
    currency: str = "USD"


class ModelPerformance(Schema):
    """How fast a model is, and what that costs."""

    model_name: str
    provider: str
    throughput: float
    latency_ms: float
    context_window: int
    performance_score: float


class PerformanceList(Answer):
    """What `GET /performance` answers."""

    models: list[ModelPerformance]
    total_models: int
    best_throughput: str | None
    lowest_latency: str | None
    largest_context: str | None


class ModelUseCases(Schema):
    """What a model suits."""

    model_name: str
    provider: str
    best_for: str
    use_cases: list[str]
    strengths: list[str]
    context_window: int
    cost_tier: str


class UseCaseList(Answer):
    """What `GET /use-cases` answers."""

    models: list[ModelUseCases]
    total_models: int
    providers: list[str]
