"""What a Prometheus says of live traffic: a colour's numbers, none where there was none, else an error."""

import pytest

from teal.adapters.prometheus import Prometheus
from teal.flip.watching.live_metrics import LiveMetrics
from teal.gates.samples import Queried, Series
from teal.model.colours import Colour
from teal.model.errors import UnreachableError


class Told(Prometheus):
    """A Prometheus that answers each query in turn."""

    def __init__(self, *answers: Queried) -> None:
        """Answer these."""
        self.answers = list(answers)
        self.asked: list[str] = []

    async def query(self, promql: str, at: str = "") -> Queried:
        """The next answer."""
        assert not at
        self.asked.append(promql)
        return self.answers.pop(0)


def colours(**values: float) -> Queried:
    """An instant vector by colour."""
    return Queried(series=[Series(labels={"colour": name}, value=value) for name, value in values.items()])


async def test_the_numbers_are_those_of_the_colour() -> None:
    """The other colour's are in the answer, too."""
    told = Told(colours(blue=0.5, green=0.02), colours(blue=7, green=300))
    assert await LiveMetrics(told, "teal").traffic("backend", Colour.GREEN, 60, ["backend-green-a"]) == (0.02, 300)


async def test_only_the_ready_pods_are_asked_about() -> None:
    """Within the window the colour may have had pods of another release."""
    told = Told(colours(), colours())
    await LiveMetrics(told, "teal").traffic("backend", Colour.GREEN, 1.5, ["backend-green-a", "backend-green-b"])
    of_pods = 'pod=~"backend-green-a|backend-green-b"'
    assert all(of_pods in promql and "offset 1500ms" in promql for promql in told.asked)


async def test_no_traffic_is_no_number() -> None:
    """Neither a share nor a request."""
    told = Told(colours(blue=0.5), colours(blue=7))
    assert await LiveMetrics(told, "teal").traffic("backend", Colour.GREEN, 60, ["backend-green-a"]) == (None, 0.0)


async def test_a_prometheus_that_cannot_say_is_an_error() -> None:
    """Not a zero."""
    unable = Queried(error="it did not answer")
    for answers in ((unable, colours(green=300)), (colours(green=0.02), unable)):
        with pytest.raises(UnreachableError, match="did not answer"):
            await LiveMetrics(Told(*answers), "teal").traffic("backend", Colour.GREEN, 60, ["a"])
