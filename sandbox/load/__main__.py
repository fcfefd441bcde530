"""`python -m sandbox.load`: one bounded open-loop load, recorded request by request."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations at run time

import cyclopts

from sandbox.load.generator import Generator, LoadError, Plan, flush_regularly
from sandbox.load.priority import first_in_line
from sandbox.load.records import End, Mode, Writer

app = cyclopts.App(name="python -m sandbox.load", help=__doc__)


@app.default
def main(  # noqa: PLR0913 - one parameter per option of the command line
    *,
    url: str,
    out: Path,
    seconds: float,
    mode: Mode = Mode.NEW_CONNECTIONS,
    rate: int = 200,
    connections: int = 16,
    host: str = "",
) -> int:
    """Send requests at fixed instants and record each in a file.

    SIGTERM ends it early: what is in flight is waited for and recorded. Exit status 0 means that the load ran, not
    that nothing was lost.

    Args:
        url: Where to, an address of 127.0.0.0/8.
        out: The file of records; overwritten.
        seconds: How long, at most 1800.
        mode: A new connection per request, or kept-alive connections that take turns.
        rate: Requests per second.
        connections: Kept-alive connections to hold.
        host: What to name as the host, if not the URL's: for a door that several services share.
    """
    try:
        plan = Plan(url=url, mode=mode, rate=rate, connections=connections, seconds=seconds, host=host)
    except LoadError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    end = asyncio.run(_load(plan, out))
    sys.stdout.write(end.model_dump_json() + "\n")
    if end.late:
        sys.stderr.write(
            f"warning: {end.late} of {end.requests} requests left more than {end.late_ms:g} ms late (at most "
            f"{end.max_lag_ms:.0f} ms): this machine was too busy, so do not take their latency for the service's\n"
        )
    return 0


async def _load(plan: Plan, out: Path) -> End:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    first_in_line()
    gc.freeze()  # what was imported lives on: spares each collection the walk over it
    with out.open("w", encoding="utf-8") as file:
        writer = Writer(file, plan.header())
        flushing = asyncio.create_task(flush_regularly(writer))
        end = await Generator(plan, writer.write).run(stop)
        flushing.cancel()
        writer.end(end)
    return end


if __name__ == "__main__":
    app()
