"""The endpoints the service exists for: models, prices, estimates, comparisons; in the API's current version."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import ParamSpec

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel

from workload.pricing.catalogue import BY_NAME, MODELS, PROVIDERS, Model, offered_by
from workload.pricing.records import Records
from workload.pricing.schemas import (
    Answer,
    BatchEstimate,
    BatchRequest,
    ComparedCost,
    CostEstimate,
    CostRequest,
    ModelList,
    ModelPerformance,
    ModelPricing,
    ModelUseCases,
    PerformanceList,
    PricingList,
    ProviderStatus,
    UseCaseList,
)

_PRICES = [
    ModelPricing(
        model_name=model.name,
        provider=model.provider,
        cost_per_input_token=model.input_cost,
        cost_per_output_token=model.output_cost,
        throughput=model.throughput,
        latency_ms=model.latency_ms,
        context_window=model.context_window,
    )
    for model in MODELS
]


def answer(content: BaseModel, status: int = 200) -> Response:
    """A JSON answer. FastAPI would validate the model it is given a second time before it writes it."""
    return Response(content.model_dump_json(), status, media_type="application/json")


@dataclass(frozen=True)
class Endpoint:
    """One operation of a version of the API."""

    path: str
    handler: Callable[..., Awaitable[Answer]]
    shape: type[BaseModel]
    """What its answer looks like in that version."""
    method: str = "GET"
    deprecated: bool = False


def routes(
    endpoints: Sequence[Endpoint], written: Callable[[Answer], bytes], ends: datetime | None = None
) -> APIRouter:
    """The routes of a version of the API.

    Args:
        endpoints: its operations.
        written: what becomes of the current version's answers.
        ends: when it ends; None as long as it is not deprecated. Its document says so, too: of an operation that needs
            parameters or has an effect, nobody can ask for the headers.
    """
    router = APIRouter()
    sunset = {"x-sunset": f"{ends.astimezone(UTC):%Y-%m-%d}"} if ends else None
    for each in endpoints:
        router.add_api_route(
            each.path,
            _writing(each.handler, written),
            methods=[each.method],
            response_model=each.shape,
            deprecated=each.deprecated or sunset is not None or None,
            openapi_extra=sunset,
        )
    return router


_Asked = ParamSpec("_Asked")


def _writing(
    handler: Callable[_Asked, Awaitable[Answer]], written: Callable[[Answer], bytes]
) -> Callable[_Asked, Awaitable[Response]]:
    @wraps(handler)
    async def answering(*args: _Asked.args, **kwargs: _Asked.kwargs) -> Response:
        return Response(written(await handler(*args, **kwargs)), media_type="application/json")

    return answering


class BusinessApi:
    """The business endpoints of one instance."""

    def __init__(self, records: Records) -> None:
        """Note in `records` what was asked for."""
        self._records = records

    def endpoints(self) -> Sequence[Endpoint]:
        """Which path is answered by which method."""
        return (
            Endpoint("/models", self.models, ModelList),
            Endpoint("/pricing", self.pricing, PricingList),
            Endpoint("/cost-estimate", self.cost_estimate, CostEstimate, method="POST"),
            Endpoint("/cost-estimate/batch", self.cost_estimate_batch, BatchEstimate, method="POST"),
            Endpoint("/performance", self.performance, PerformanceList),
            Endpoint("/use-cases", self.use_cases, UseCaseList),
        )

    async def models(self, provider: str | None = None) -> ModelList:
        """The names of all models, or of one provider's."""
        offered = offered_by(provider)
        return ModelList(models=[model.name for model in offered], total_models=len(offered), providers=list(PROVIDERS))

    async def pricing(self, provider: str | None = None) -> PricingList:
        """Prices of all models, or of one provider's."""
        names = {model.name for model in offered_by(provider)}
        listed = [price for price in _PRICES if price.model_name in names]
        counts = {name: sum(price.provider == name for price in listed) for name in PROVIDERS}
        return PricingList(
            models=listed,
            total_models=len(listed),
            provider_status=[
                ProviderStatus(provider_name=name, is_available=True, models_count=count)
                for name, count in counts.items()
            ],
        )

    async def cost_estimate(self, asked: CostRequest) -> CostEstimate:
        """What a request to one model costs."""
        model = BY_NAME.get(asked.model_name)
        if model is None:
            raise HTTPException(404, f"no model is called {asked.model_name!r}; GET /models lists them")
        costs = model.cost(asked.input_tokens, asked.output_tokens)
        self._records.asked_for(model, sum(costs))
        return CostEstimate(
            model_name=model.name,
            provider=model.provider,
            input_tokens=asked.input_tokens,
            output_tokens=asked.output_tokens,
            input_cost=costs[0],
            output_cost=costs[1],
            total_cost=sum(costs),
        )

    async def cost_estimate_batch(self, asked: BatchRequest) -> BatchEstimate:
        """What the same request costs with each of several models."""
        compared: list[ComparedCost] = []
        for name in asked.model_names:
            model = BY_NAME.get(name)
            one = _compare(name, model, asked)
            if model is not None:
                self._records.asked_for(model, one.total_cost or 0)
            compared.append(one)
        ranked = sorted((one.total_cost, one.model_name) for one in compared if one.total_cost is not None)
        return BatchEstimate(
            input_tokens=asked.input_tokens,
            output_tokens=asked.output_tokens,
            models=compared,
            cheapest_model=ranked[0][1] if ranked else None,
            most_expensive_model=ranked[-1][1] if ranked else None,
        )

    async def performance(self, provider: str | None = None) -> PerformanceList:
        """How fast the models are."""
        offered = offered_by(provider)
        return PerformanceList(
            models=[
                ModelPerformance(
                    model_name=model.name,
                    provider=model.provider,
                    throughput=model.throughput,
                    latency_ms=model.latency_ms,
                    context_window=model.context_window,
                    performance_score=round(model.throughput / (model.cost_per_token * 1e6), 2),
                )
                for model in offered
            ],
            total_models=len(offered),
            best_throughput=max(offered, key=lambda model: model.throughput).name if offered else None,
            lowest_latency=min(offered, key=lambda model: model.latency_ms).name if offered else None,
            largest_context=max(offered, key=lambda model: model.context_window).name if offered else None,
        )

    async def use_cases(self, provider: str | None = None) -> UseCaseList:
        """What the models suit."""
        offered = offered_by(provider)
        return UseCaseList(
            models=[
                ModelUseCases(
                    model_name=model.name,
                    provider=model.provider,
                    best_for=model.best_for,
                    use_cases=list(model.use_cases),
                    strengths=list(model.strengths),
                    context_window=model.context_window,
                    cost_tier=model.cost_tier,
                )
                for model in offered
            ],
            total_models=len(offered),
            providers=sorted({model.provider for model in offered}),
        )


def _compare(name: str, model: Model | None, asked: BatchRequest) -> ComparedCost:
    if model is None:
        return ComparedCost(
            model_name=name,
            provider=None,
            input_cost=None,
            output_cost=None,
            total_cost=None,
            is_available=False,
            error_message=f"no model is called {name!r}",
        )
    costs = model.cost(asked.input_tokens, asked.output_tokens)
    return ComparedCost(
        model_name=name,
        provider=model.provider,
        input_cost=costs[0],
        output_cost=costs[1],
        total_cost=sum(costs),
        is_available=True,
    )
