"""Notifies people and machines from a separate process, which is ended after `SECONDS`.

The notification library makes blocking calls to dozens of services, so it stays out of the event loop that puts traffic
back. The process reads one JSON object that holds all URLs, so that no command line, file or log has them.
"""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

SECONDS = 6.0
"""How long all receivers of one stage may take together. The process's start takes half a second of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a receiver is told."""

    title: str
    body: str
    mood: str
    """One of Apprise's types: `info`, `success`, `warning` or `failure`."""
    event: Mapping[str, Any]
    """The same message as a CloudEvent, for machines."""


async def tell(message: Message, people: Mapping[str, str], machines: Mapping[str, str]) -> frozenset[str]:
    """Notify all receivers at once.

    Args:
        message: what the receivers are told.
        people: the receivers' Apprise URLs, by name.
        machines: the URLs that get the event, by name.

    Returns:
        The names of the receivers that accepted it within `SECONDS`.
    """
    asked = {"people": {**people}, "machines": {**machines}, "title": message.title, "body": message.body}
    text = json.dumps({**asked, "mood": message.mood, "event": {**message.event}})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    taken: set[str] = set()
    try:
        async with asyncio.timeout(SECONDS):
            assert process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
            assert process.stdout is not None  # noqa: S101 - as above
            process.stdin.write(text.encode())
            process.stdin.close()
            async for line in process.stdout:
                taken.add(line.decode().strip())
    except TimeoutError:
        pass
    finally:
        with suppress(ProcessLookupError):  # it has ended
            process.kill()
        await process.wait()
    return frozenset(taken)
