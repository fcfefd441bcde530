"""What time it is by the API server: machines whose clocks differ write times that can be compared."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from teal.adapters.kubernetes import server_clock
from teal.adapters.kubernetes.server_clock import ServerClock
from teal.history.model import History
from teal.history.store import Records

NOW = datetime(2026, 11, 21, 12, 0, 0, 700_000, tzinfo=UTC)
"""By the API server."""


class Machine:
    """A machine whose clock differs from the API server's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
        """Patch the clock."""
        self.passed, self._ahead = timedelta(), ahead
        monkeypatch.setattr(server_clock, "machine", lambda: NOW + self.passed + self._ahead)

    def ask(self, clock: ServerClock, took: timedelta = timedelta()) -> None:
        """A request that takes so long, and is answered when it arrives."""
        asked = server_clock.machine()
        self.passed += took
        clock.hear(asked, answer(NOW + self.passed))


def answer(at: datetime | None) -> httpx2.Response:
    """An answer of the API server's, dated as HTTP dates it."""
    return httpx2.Response(200, headers={"date": format_datetime(at, usegmt=True)} if at else {})


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(milliseconds=-600), timedelta(milliseconds=200)])
def test_a_clock_that_may_be_right_is_left_alone(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    """An answer's date has no fractions, and those of a machine that is right are kept."""
    machine, clock = Machine(monkeypatch, ahead), ServerClock()
    machine.ask(clock)
    assert datetime.fromisoformat(clock.now("microseconds")) == NOW + ahead


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_wrong_is_corrected(monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    """To a second, and no answer that took long makes it worse."""
    machine, clock = Machine(monkeypatch, timedelta(minutes=minutes)), ServerClock()
    machine.ask(clock)
    machine.ask(clock, timedelta(seconds=20))
    machine.passed += timedelta(minutes=5)
    off = datetime.fromisoformat(clock.now("microseconds")) - (NOW + machine.passed)
    assert abs(off) <= timedelta(seconds=1)


def test_a_date_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy may write `-0000` where an API server writes `GMT`."""
    Machine(monkeypatch, timedelta(minutes=10))
    clock, dated = ServerClock(), {"date": format_datetime(NOW).replace("+0000", "-0000")}
    clock.hear(server_clock.machine(), httpx2.Response(200, headers=dated))
    assert abs(datetime.fromisoformat(clock.now("microseconds")) - NOW) <= timedelta(seconds=1)


@pytest.mark.parametrize("response", [answer(None), httpx2.Response(200, headers={"date": "yesterday"})])
def test_an_answer_without_a_date_says_nothing(monkeypatch: pytest.MonkeyPatch, response: httpx2.Response) -> None:
    """What stands before the API server may take it away; then the machine's clock is all there is."""
    machine, clock = Machine(monkeypatch, timedelta(minutes=10)), ServerClock()
    clock.hear(NOW, response)
    assert datetime.fromisoformat(clock.now("microseconds")) == server_clock.machine()
    machine.ask(clock)
    clock.hear(NOW, response)
    assert datetime.fromisoformat(clock.now("microseconds")) < NOW + timedelta(seconds=1)


async def test_records_are_dated_by_the_api_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever machine writes them."""
    Machine(monkeypatch, timedelta(minutes=10))
    missing = httpx2.MockTransport(lambda _: httpx2.Response(404, headers=answer(NOW).headers))
    async with httpx2.AsyncClient(transport=missing, base_url="https://api.test") as http:
        records = Records(http, "teal")
        assert (await records.load()).history == History()
    assert abs(datetime.fromisoformat(records.now()) - NOW) <= timedelta(seconds=1)
