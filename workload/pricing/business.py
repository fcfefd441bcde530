"""The endpoints the service exists for: models, prices, estimates, comparisons."""

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel

from workload.pricing.catalogue import BY_NAME, MODELS, PROVIDERS, Model, offered_by
from workload.pricing.records import Records
from workload.pricing.schemas import (
    BatchEstimate,
    BatchRequest,
    ComparedCost,
    CostEstimate,
    CostRequest,
    EndpointInfo,
    ModelList,
    ModelPerformance,
    ModelPricing,
    ModelUseCases,
    PerformanceList,
    PricingList,
    ProviderStatus,
    ServerInfo,
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


class BusinessApi:
    """The business endpoints of one instance."""

    def __init__(self, version: str, records: Records) -> None:
        """Answer as `version`, and note in `records` what was asked for."""
        self._version = version
        self._records = records

    def routes(self) -> APIRouter:
        """Which path is answered by which method."""
        router = APIRouter()
        router.add_api_route("/", self.index, methods=["GET"], response_model=ServerInfo)
        router.add_api_route("/models", self.models, methods=["GET"], response_model=ModelList)
        router.add_api_route("/pricing", self.pricing, methods=["GET"], response_model=PricingList)
        router.add_api_route(
            "/model-pricing", self.model_pricing, methods=["GET"], response_model=PricingList, deprecated=True
        )
        router.add_api_route("/cost-estimate", self.cost_estimate, methods=["POST"], response_model=CostEstimate)
        router.add_api_route(
            "/cost-estimate/batch", self.cost_estimate_batch, methods=["POST"], response_model=BatchEstimate
        )
        router.add_api_route("/performance", self.performance, methods=["GET"], response_model=PerformanceList)
        router.add_api_route("/use-cases", self.use_cases, methods=["GET"], response_model=UseCaseList)
        return router

    async def index(self) -> Response:
        """Server information and the list of endpoints."""
        return answer(
            ServerInfo(
                name="LLM pricing",
                version=self._version,
                description="Invented prices of language models: teal's reference service.",
                endpoints=[
                    EndpointInfo(path=path, method=method, description=description)
                    for path, method, description in _CONTENTS
                ],
                sample_models=[model.name for model in MODELS[:3]],
            )
        )

    async def models(self, provider: str | None = None) -> Response:
        """The names of all models, or of one provider's."""
        offered = offered_by(provider)
        return answer(
            ModelList(models=[model.name for model in offered], total_models=len(offered), providers=list(PROVIDERS))
        )

    async def pricing(self, provider: str | None = None) -> Response:
        """Prices of all models, or of one provider's."""
        names = {model.name for model in offered_by(provider)}
        listed = [price for price in _PRICES if price.model_name in names]
        counts = {name: sum(price.provider == name for price in listed) for name in PROVIDERS}
        return answer(
            PricingList(
                models=listed,
                total_models=len(listed),
                provider_status=[
                    ProviderStatus(provider_name=name, is_available=True, models_count=count)
                    for name, count in counts.items()
                ],
            )
        )

    async def model_pricing(self) -> Response:
        """The former name of `/pricing`."""
        return await self.pricing()

    async def cost_estimate(self, asked: CostRequest) -> Response:
        """What a request to one model costs."""
        model = BY_NAME.get(asked.model_name)
        if model is None:
            raise HTTPException(404, f"no model is called {asked.model_name!r}; GET /models lists them")
        costs = model.cost(asked.input_tokens, asked.output_tokens)
        self._records.asked_for(model, sum(costs))
        return answer(
            CostEstimate(
                model_name=model.name,
                provider=model.provider,
                input_tokens=asked.input_tokens,
                output_tokens=asked.output_tokens,
                input_cost=costs[0],
                output_cost=costs[1],
                total_cost=sum(costs),
            )
        )

    async def cost_estimate_batch(self, asked: BatchRequest) -> Response:
        """What the same request costs with each of several models."""
        compared: list[ComparedCost] = []
        for name in asked.model_names:
            model = BY_NAME.get(name)
            one = _compare(name, model, asked)
            if model is not None:
                self._records.asked_for(model, one.total_cost or 0)
            compared.append(one)
        ranked = sorted((one.total_cost, one.model_name) for one in compared if one.total_cost is not None)
        return answer(
            BatchEstimate(
                input_tokens=asked.input_tokens,
                output_tokens=asked.output_tokens,
                models=compared,
                cheapest_model=ranked[0][1] if ranked else None,
                most_expensive_model=ranked[-1][1] if ranked else None,
            )
        )

    async def performance(self, provider: str | None = None) -> Response:
        """How fast the models are."""
        offered = offered_by(provider)
        return answer(
            PerformanceList(
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
        )

    async def use_cases(self, provider: str | None = None) -> Response:
        """What the models suit."""
        offered = offered_by(provider)
        return answer(
            UseCaseList(
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


_CONTENTS = (
    ("/models", "GET", "names of the models"),
    ("/pricing", "GET", "prices of the models"),
    ("/cost-estimate", "POST", "cost of a request to one model"),
    ("/cost-estimate/batch", "POST", "cost of a request with several models"),
    ("/performance", "GET", "speed of the models"),
    ("/use-cases", "GET", "what the models suit"),
    ("/health", "GET", "basic health; /health/live, /health/ready and /health/detailed for machines"),
    ("/deployment/info", "GET", "where this instance runs"),
    ("/deployment/metadata", "GET", "which release this instance is"),
    ("/api/versions", "GET", "versions of the API"),
    ("/telemetry", "GET", "usage since the start"),
    ("/metrics", "GET", "the same for Prometheus"),
)
