"""Tells people and machines, from a process of its own that is ended when its time is over.

A library that speaks to dozens of services by calls that wait has no place in the event loop that puts traffic back.
The process reads one JSON object, which holds all URLs: no command line, no file and no log has them.
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
"""For all receivers of one stage together. Half a second of it is the process's own start."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is told."""

    title: str
    body: str
    mood: str
    """As Apprise has it: `info`, `success`, `warning` or `failure`."""
    event: Mapping[str, Any]
    """The same for machines, as a CloudEvent."""


async def tell(message: Message, people: Mapping[str, str], machines: Mapping[str, str]) -> frozenset[str]:
    """Tell all receivers at once.

    Args:
        message: what they are told.
        people: receivers' Apprise URLs by their names.
        machines: URLs that get the event, by their names.

    Returns:
        The names of those who have taken it within `SECONDS`.
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
