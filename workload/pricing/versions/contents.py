"""The table of contents at `/`, which every version of the API shares."""

from fastapi import APIRouter, Response

from workload.pricing.business import answer
from workload.pricing.catalogue import MODELS
from workload.pricing.schemas import EndpointInfo, ServerInfo


def routes(version: str) -> APIRouter:
    """The route of the table of contents of release `version`."""

    async def index() -> Response:
        """Server information and the list of endpoints."""
        return answer(
            ServerInfo(
                name="LLM pricing",
                version=version,
                description="Invented prices of language models: teal's reference service.",
                endpoints=[
                    EndpointInfo(path=path, method=method, description=description)
                    for path, method, description in _CONTENTS
                ],
                sample_models=[model.name for model in MODELS[:3]],
            )
        )

    router = APIRouter()
    router.add_api_route("/", index, methods=["GET"], response_model=ServerInfo)
    return router


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
