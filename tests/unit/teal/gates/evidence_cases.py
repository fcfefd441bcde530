"""What tests of several gates' words have in common."""

from teal.gates.documents import ContractPlan
from teal.gates.replies import Request, SmokeCheck
from teal.gates.samples import MetricsPlan
from teal.gates.series import SeriesPlan
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict

BLUE, GREEN = Colour.BLUE, Colour.GREEN
PASSED, FAILED, INCONCLUSIVE, ERROR = Outcome
CONTRACT = ContractPlan(path="/openapi.json")
CHECK = SmokeCheck(
    name="price",
    request=Request(path="/price?key=secret"),
    contains="a" * 70,
    values={"/a": 1, "/b": "ü", "/c": True},
    within_seconds=2,
)
SERIES = SeriesPlan(requests="http_requests_total", status="code", every="", with_status="", others={})
METRICS = MetricsPlan(up="", counts="", checks=(), samples=20, window="60s", traffic=None, wait_seconds=0)


def spoken(verdict: Verdict) -> tuple[Outcome, str, str, str]:
    """All that it says."""
    return verdict.outcome, verdict.seen, verdict.needed, verdict.asked
