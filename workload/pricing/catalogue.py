"""The models that are priced, and what follows from their prices. All names and numbers are invented."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Model:
    """A language model on offer.

    Attributes:
        name: what callers ask for.
        provider: who offers it.
        input_cost: USD per input token.
        output_cost: USD per output token.
        throughput: tokens per second.
        latency_ms: to the first token.
        context_window: tokens.
        best_for: one phrase.
        use_cases: what it suits.
        strengths: what it is good at.
    """

    name: str
    provider: str
    input_cost: float
    output_cost: float
    throughput: float
    latency_ms: float
    context_window: int
    best_for: str
    use_cases: tuple[str, ...]
    strengths: tuple[str, ...]

    def cost(self, input_tokens: int, output_tokens: int) -> tuple[float, float]:
        """USD for the input and for the output."""
        return input_tokens * self.input_cost, output_tokens * self.output_cost

    @property
    def cost_per_token(self) -> float:
        """USD per token, input and output in equal parts."""
        return (self.input_cost + self.output_cost) / 2

    @property
    def cost_tier(self) -> str:
        """`low`, `medium` or `high`: below 1, below 5, from 5 USD per million tokens."""
        per_million = self.cost_per_token * 1e6
        return "low" if per_million < 1 else "medium" if per_million < 5 else "high"  # noqa: PLR2004 - said above


def _family(provider: str, *sizes: tuple[str, float, float, float, float, int]) -> list[Model]:
    texts = {
        "small": ("high volume at low cost", ("classification", "extraction"), ("cost", "latency")),
        "medium": ("everyday assistance", ("chat", "summaries"), ("balance",)),
        "large": ("hard problems", ("reasoning", "code"), ("quality", "long context")),
    }
    return [
        Model(
            name=f"{provider.lower()}-{size}",
            provider=provider,
            input_cost=input_per_million / 1e6,
            output_cost=output_per_million / 1e6,
            throughput=throughput,
            latency_ms=latency,
            context_window=context,
            best_for=texts[size][0],
            use_cases=texts[size][1],
            strengths=texts[size][2],
        )
        for size, input_per_million, output_per_million, throughput, latency, context in sizes
    ]


MODELS: tuple[Model, ...] = (
    *_family(
        "Alder",
        ("small", 0.10, 0.40, 210, 180, 128_000),
        ("medium", 0.80, 3.20, 120, 320, 200_000),
        ("large", 4.00, 16.00, 60, 640, 200_000),
    ),
    *_family("Birch", ("small", 0.15, 0.60, 190, 210, 128_000), ("large", 2.50, 10.00, 80, 480, 400_000)),
    *_family("Cedar", ("medium", 0.50, 1.50, 150, 260, 1_000_000), ("large", 1.25, 5.00, 95, 410, 2_000_000)),
)
BY_NAME = {model.name: model for model in MODELS}
PROVIDERS = tuple(sorted({model.provider for model in MODELS}))


def offered_by(provider: str | None) -> list[Model]:
    """The models of `provider`, in whatever case it is written; all of them for None."""
    return [model for model in MODELS if provider is None or model.provider.lower() == provider.lower()]
