"""People and machines are told by a process of its own: each on its own, within a bound, and with no trace of a URL."""

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from teal.adapters import receivers
from teal.adapters.receivers import Message

MESSAGE = Message(title="a title", body="a body", mood="failure", event={"specversion": "1.0", "id": "1"})


class Hook:
    """A webhook on loopback."""

    def __init__(self) -> None:
        """Let it listen."""
        self.posted: list[tuple[str, str, bytes]] = []
        self.statuses: list[int] = []
        self.hangs = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.posted.append((self.path, self.headers["Content-Type"], body))
                if "slow" in self.path:
                    hook.hangs.wait(30)
                status = 307 if "moved" in self.path else hook.statuses.pop() if hook.statuses else 200
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.at = f"127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """One that answers."""
    made = Hook()
    yield made
    made.hangs.set()
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


async def test_people_and_machines_are_told(hook: Hook) -> None:
    """By Apprise the one, as a CloudEvent in its structured mode the other."""
    told = await receivers.tell(MESSAGE, {"chat": f"json://{hook.at}/chat"}, {"events": f"http://{hook.at}/events"})
    assert told == {"chat", "events"}
    posted: dict[str, tuple[str, bytes]] = {path: (kind, body) for path, kind, body in hook.posted}
    assert b"a title" in posted["/chat"][1]
    assert b'"type": "failure"' in posted["/chat"][1]
    assert posted["/events"] == ("application/cloudevents+json; charset=utf-8", b'{"specversion": "1.0", "id": "1"}')


async def test_one_that_cannot_be_told_keeps_nobody_else_from_it(hook: Hook) -> None:
    """Nothing listens there, or the URL is none that is let through."""
    people = {
        "gone": "json://127.0.0.1:1/",
        "odd": f"json://{hook.at}/odd?template=/etc/passwd",
        "other": "syslog://",
        "chat": f"json://{hook.at}/chat",
    }
    assert await receivers.tell(MESSAGE, people, {}) == {"chat"}
    assert [path for path, _, _ in hook.posted] == ["/chat"]


async def test_what_fails_is_tried_again_once(hook: Hook) -> None:
    """A receiver that restarts is told at the second try; one that always fails is not told."""
    hook.statuses = [503]
    assert await receivers.tell(MESSAGE, {"chat": f"json://{hook.at}/chat"}, {}) == {"chat"}
    hook.statuses = [500] * 9
    assert await receivers.tell(MESSAGE, {}, {"events": f"http://{hook.at}/events"}) == frozenset()
    assert len(hook.posted) == 4


async def test_nobody_is_led_elsewhere(hook: Hook) -> None:
    """A redirect is no answer: what is posted is for whom the URL names."""
    people, machines = {"chat": f"json://{hook.at}/moved"}, {"events": f"http://{hook.at}/moved"}
    assert await receivers.tell(MESSAGE, people, machines) == frozenset()
    assert {path for path, _, _ in hook.posted} == {"/moved"}


async def test_who_does_not_answer_is_given_up(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is ended, and those who answered count as told."""
    monkeypatch.setattr(receivers, "SECONDS", 15.0)  # for a process to start on a machine that does much else
    people = {"slow": f"json://{hook.at}/slow?rto=60", "chat": f"json://{hook.at}/chat"}
    assert await receivers.tell(MESSAGE, people, {}) == {"chat"}
    assert not children()


async def test_no_command_line_has_a_url(hook: Hook) -> None:
    """Whoever lists processes on the machine reads no token."""
    seen, over = list[str](), threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.extend(children())
            time.sleep(0.05)

    watching = threading.Thread(target=look)
    watching.start()
    await receivers.tell(MESSAGE, {"chat": f"json://{hook.at}/T0K3N"}, {})
    over.set()
    watching.join()
    assert seen
    assert not [each for each in seen if "T0K3N" in each or hook.at in each]


def children() -> list[str]:
    """Command lines of this process's own children that tell."""
    found: list[str] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent: Any = stat.read_text().rpartition(")")[2].split()[1]
            line = (stat.parent / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == os.getpid() and "receivers" in line:
            found.append(line)
    return found
