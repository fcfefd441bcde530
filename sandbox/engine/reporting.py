"""Who is told of a run: the display that the flags ask for, and whoever listens to the events (`--event-log`)."""

from __future__ import annotations

import os
import queue
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator

    from sandbox.engine.stackconfig import ConfigValues

_LAST_EVENTS: Final = 10.0
"""Seconds that a listener gets to take the last events."""


@contextmanager
def reporter_for(args: argparse.Namespace, values: ConfigValues | None) -> Generator[Any]:
    """The reporter for a command; all events have been handed over at its end."""
    shown = dict(values.plain) if values else {}
    shown.update(dict.fromkeys(values.secret_keys if values else (), "[secret]"))
    display = _display(args, shown)
    if not args.event_log:
        yield display
        return
    from sandbox.engine.jsondisplay import Events  # noqa: PLC0415 - the Automation API's

    with _listener(args.event_log) as emit:
        yield _Everybody(display, Events(shown, emit))


def _display(args: argparse.Namespace, config: dict[str, str]) -> Any:  # noqa: ANN401 - one of three
    if args.json:
        from sandbox.engine.jsondisplay import Digest, Events  # noqa: PLC0415 - one of the two

        streaming = os.environ.get("PULUMI_ENABLE_STREAMING_JSON_PREVIEW", "").lower() in ("1", "true")
        if args.kind != "preview" or streaming:
            return Events(config)
        return Digest(config, show_sames=args.show_sames)
    from sandbox.engine.display import Terminal  # noqa: PLC0415 - one of the two

    colour = getattr(args, "color", "auto")
    return Terminal(
        colour=colour == "always" or (colour == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")),
        show_diff=args.diff,
        show_secrets=args.show_secrets,
        show_sames=args.show_sames,
        progress=not args.suppress_progress,
        outputs=not args.suppress_outputs,
    )


class _Everybody:
    """Tells several reporters the same."""

    def __init__(self, *reporters: Any) -> None:  # noqa: ANN401 - reporters, and `begin`
        self._reporters = reporters

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any of a reporter's methods
        def tell(*args: object, **kwargs: object) -> None:
            for reporter in self._reporters:
                getattr(reporter, name)(*args, **kwargs)

        return tell


@contextmanager
def _listener(address: str) -> Generator[Callable[[str], None]]:
    """Where events go as lines of JSON: a file, or the service `pulumirpc.Events` at `tcp://HOST:PORT`."""
    if not address.startswith("tcp://"):
        with Path(address).open("a", encoding="utf-8") as file:
            yield lambda event: print(event, file=file, flush=True)
        return
    import grpc  # noqa: PLC0415 - as its stubs
    from pulumi.runtime.proto import events_pb2, events_pb2_grpc  # noqa: PLC0415 - the Automation API's

    events: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    with grpc.insecure_channel(address.removeprefix("tcp://")) as channel:
        stub: Any = events_pb2_grpc.EventsStub(channel)
        taken = stub.StreamEvents.future(events_pb2.EventRequest(event=event) for event in iter(events.get, None))
        try:
            yield events.put
        finally:
            events.put(None)
            taken.result(timeout=_LAST_EVENTS)
