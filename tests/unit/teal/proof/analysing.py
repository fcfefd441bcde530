"""The canary analysis asks a Prometheus and two doors."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from teal.gates.replies import Reply, Request
from teal.gates.samples import MetricCheck, MetricsPlan, Queried, Series, SyntheticTraffic
from teal.model.colours import Colour
from teal.model.live import Endpoint
from teal.model.verdict import Outcome
from teal.proof.metrics import Analysis

GREEN, BLUE = Colour.GREEN, Colour.BLUE
PASSED, FAILED, INCONCLUSIVE, ERROR = Outcome
PLAN = MetricsPlan(
    up="up",
    counts="counts",
    checks=(MetricCheck(name="errors", query="errors", below=0.05, at_most_times_live=2, floor=0.005),),
    samples=10,
    window="120s",
    traffic=SyntheticTraffic(paths=("/pricing", "/models"), per_second=1000),
    wait_seconds=5,
)


def by_colour(**values: float) -> Queried:
    """An instant vector."""
    return Queried(series=[Series(labels={"colour": colour}, value=value) for colour, value in values.items()])


PODS = {GREEN: ["green-1", "green-2"], BLUE: ["blue-1"]}


class World:
    """A Prometheus and two doors: what arrives is counted, and scraped some looks later."""

    def __init__(
        self,
        *,
        scraped_after: int = 0,
        reply: Reply | None = None,
        pods: Mapping[Colour, Sequence[str]] = PODS,
        **counts: float,
    ) -> None:
        """Start with these counts; nothing is answered 5xx."""
        self.pods: dict[Colour, Sequence[str]] = dict(pods)
        self.counts = Counter(counts)
        self.arrived: Counter[str] = Counter()
        self.paths: list[str] = []
        self.answers = {
            "up": Queried(series=[Series(labels={"pod": pod}, value=1) for pod in PODS[GREEN]]),
            "errors": by_colour(green=0, blue=0),
        }
        self.asked: list[str] = []
        self._reply = reply or Reply(status=200)
        self._scraped_after = scraped_after

    async def query(self, promql: str, at: str = "") -> Queried:
        """Answer from the table, counts from what was scraped."""
        assert not at
        self.asked.append(promql)
        if promql in self.answers:
            return self.answers[promql]
        seen = self.arrived if self.asked.count("counts") > self._scraped_after + 1 else Counter[str]()
        return by_colour(**{colour: self.counts[colour] + seen[colour] for colour in Colour})

    async def endpoints(self, workers: Collection[str] = ()) -> Mapping[str, Sequence[Endpoint]]:
        """Those of both colours, which are ready."""
        del workers
        return {f"backend-{colour}": [Endpoint(pod=pod, port=8000) for pod in of] for colour, of in self.pods.items()}

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """Count it."""
        assert within > 0
        self.arrived[service.removeprefix("backend-")] += 1
        self.paths.append(wanted.path)
        return self._reply


async def outcomes(
    world: World,
    plan: MetricsPlan = PLAN,
    *,
    live: Colour | None = BLUE,
    wait: bool = True,
) -> dict[str, Outcome]:
    """Measure, and say what came of each gate."""
    verdicts = await Analysis(plan, "backend", GREEN, live=live).measure(world, world, wait=wait)
    assert {each.gate for each in verdicts} == plan.gates
    return {each.gate.removeprefix("metrics."): each.outcome for each in verdicts}
