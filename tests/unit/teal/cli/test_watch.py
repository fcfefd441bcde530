"""`python -m teal watch`, as its pod runs it: with what the stack declares in its environment."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from teal.cli import flips
from teal.cli.flips import Where
from teal.history.model import History, Stage
from teal.notifications import notifier
from teal.notifications.audience import DECLARED, Audience, Receiver
from teal.spec.bake import DECLARED as PLAN
from teal.spec.ending import DECLARED as ENDINGS
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.ending.resting import DECLARED as ENDS
from tests.unit.teal.flip.ending.resting import rest
from tests.unit.teal.flip.moving import move
from tests.unit.teal.notifications.flips import flip

CONFIG_MAPS = "/api/v1/namespaces/teal/configmaps"


def test_an_end_that_nobody_told_is_told_by_the_watch(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real process tells real receivers on loopback; what one of them does not take is a line without its URL."""
    posted: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((self.path, json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    monkeypatch.setattr(notifier, "LEFT_SECONDS", 0.1)
    monkeypatch.setattr(notifier, "OVER_SECONDS", 60)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    at = f"127.0.0.1:{server.server_address[1]}"
    ended = History(flips=(flip(Stage.CONFIRMED, allowed_at=""),)).stored()
    metadata = {"resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    for name, data in (("teal-history", {"flips.json": ended}), ("teal-told", {})):
        answer = {"metadata": {"name": name, **metadata}, "data": data}
        api_server.answers[f"{CONFIG_MAPS}/{name}"] = (200, answer)
    audience = Audience(
        stack="production",
        receivers={
            "chat": Receiver(url=f"json://{at}/chat", stages=(Stage.CONFIRMED,)),
            "gone": Receiver(url="json://127.0.0.1:1/T0K3N", stages=(Stage.CONFIRMED,)),
        },
        events_url=f"http://{at}/events",
    )
    monkeypatch.setenv(DECLARED, audience.model_dump_json())
    try:
        flips.watch(Where(namespace="teal", kubeconfig=api_server.kubeconfig))
        flips.watch(Where(namespace="teal", kubeconfig=api_server.kubeconfig))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert sorted(path for path, _ in posted) == ["/chat", "/events"]
    bodies = dict(posted)
    assert bodies["/chat"]["title"] == "production: flip 7 to green 1.1.0 is confirmed"
    assert bodies["/events"]["type"] == "teal.flip.confirmed"
    said = capsys.readouterr()
    assert "gone of teal:notify could not be told that flip 7 is CONFIRMED" in said.out
    assert "T0K3N" not in said.out + said.err
    assert api_server.answers[f"{CONFIG_MAPS}/teal-told"][1]["data"] == {"7.CONFIRMED": flip().begun}


def test_the_watch_ends_what_is_idle_where_the_stack_tells_it_to(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a flip that is over; by hand, where nobody tells it what the stack declares, it ends nothing."""
    asyncio.run(rest(api_server))
    where = Where(namespace="teal", kubeconfig=api_server.kubeconfig)
    flips.watch(where)
    assert "nothing to do" in capsys.readouterr().out
    monkeypatch.setenv(ENDINGS, ENDS.model_dump_json(by_alias=True))
    monkeypatch.setenv(PLAN, move().bake.model_dump_json(by_alias=True))
    flips.watch(where)
    said = capsys.readouterr().out
    assert "pods of backend-blue end: flip 2 was CONFIRMED" in said
    assert "nothing to do" not in said


def test_what_cannot_be_read_is_said_without_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It holds URLs."""
    monkeypatch.setenv(DECLARED, '{"receivers": {"chat": {"url": 5, "stages": ["T0K3N"]}}}')
    with pytest.raises(SystemExit):
        flips.watch()
    said = " ".join(capsys.readouterr().err.split())
    assert "TEAL_NOTIFY cannot be read" in said
    assert "T0K3N" not in said
