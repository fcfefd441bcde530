"""`python -m tests.simulation --seeds 0:3000`: simulates seeds, and ends with status 1 at the first violation.

A seed that violates something is shrunk, and printed as a script of what happened; the same seed does the same again.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from tests.simulation.run import Outcome, shrunk, simulate, spare

AT_ONCE = 8
"""How many seeds a process is given at a time."""


def main() -> int:
    """Run what is asked for, and return the exit status."""
    given = _arguments().parse_args()
    first, _, end = given.seeds.partition(":")
    seeds = range(int(first), int(end) if end else int(first) + 1)
    begun, violated = time.monotonic(), 0
    more = {name: getattr(given, name) for name in ("tells", "retires", "scrapes", "balances")}
    for outcome in _outcomes(seeds, given.jobs, **more):
        if given.script:
            sys.stdout.write("\n".join(outcome.script) + "\n")
        if outcome.violations and not given.all:
            _tell(shrunk(outcome, outcome.violations[0], **more))
            return 1
        if outcome.violations:
            violated += 1
            sys.stdout.write(f"seed {outcome.seed}: {outcome.violations[0]}\n")
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{outcome.seed + 1 - seeds.start} of {len(seeds)} seeds")
    sys.stdout.write(f"{len(seeds)} seeds in {time.monotonic() - begun:.1f} s, {violated} of them with a violation\n")
    return 1 if violated else 0


def _arguments() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    options.add_argument("--seeds", default="0:300", help="FIRST:END, or one seed")
    options.add_argument("--jobs", type=int, default=1, help="processes")
    options.add_argument("--all", action="store_true", help="go on after a violation, and list them")
    options.add_argument("--tells", action="store_true", help="people are told of what happens")
    options.add_argument("--scrapes", action="store_true", help="a Prometheus knows what live traffic meets")
    options.add_argument("--retires", action="store_true", help="the watch ends the pods of what is idle")
    options.add_argument("--balances", action="store_true", help="a load balancer of AWS directs the traffic")
    options.add_argument("--script", action="store_true", help="print what happened in every seed")
    return options


def _outcomes(seeds: range, jobs: int, **more: bool) -> Iterator[Outcome]:
    one = partial(simulate, **more)
    if jobs == 1:
        spare()
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=spare) as pool:
        yield from pool.map(one, seeds, chunksize=AT_ONCE)


def _tell(outcome: Outcome) -> None:
    lines = [*outcome.script, *map(str, outcome.violations), f"again: make simulate SEEDS={outcome.seed}"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # otherwise each process walks sets of text in another order
        os.environ["PYTHONHASHSEED"] = "0"
        # A process that dies between making a coroutine and running it leaves that one unawaited.
        python = [sys.executable, "-W", "ignore:coroutine:RuntimeWarning"]
        os.execv(sys.executable, [*python, "-m", "tests.simulation", *sys.argv[1:]])  # noqa: S606 - ourselves
    sys.exit(main())
