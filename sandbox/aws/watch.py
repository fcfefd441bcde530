"""`python -m sandbox.aws.watch`: record when AWS took each move of a service's live traffic.

The instants are the journal's own (`sandbox.aws.journal`): asking for it twice a second blurs none of them.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations at run time
from typing import Any, Final

import cyclopts

from sandbox.aws import journal, rules
from sandbox.load.writes import Write

_LOOK_S: Final = 0.5

app = cyclopts.App(name="python -m sandbox.aws.watch", help=__doc__)


@app.default
def main(*, out: Path) -> None:
    """Follow the journal until SIGTERM; an AWS that is away is asked again.

    Args:
        out: The file of writes; overwritten.
    """
    elb, seen, began_ns = rules.client(), 0, time.monotonic_ns()
    with out.open("w", encoding="utf-8", buffering=1) as file:
        while True:
            try:
                moves = _moves()
            except OSError as error:
                sys.stderr.write(f"the journal does not answer, asking again: {error}\n")
                moves = []
            if len(moves) > seen:
                named = {
                    rules.short(rule.arn): rule for rule in rules.read(elb) if rule.role in {rules.LIVE, rules.BARE}
                }
                for move in moves[seen:]:
                    if rule := named.get(move["rule"]):
                        file.write(_write(rule, move, began_ns).model_dump_json() + "\n")
                seen = len(moves)
            time.sleep(_LOOK_S)


def _moves() -> list[dict[str, Any]]:
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + journal.PATH, timeout=5) as answer:  # noqa: S310 - the sandbox's own
        return json.load(answer)


def _write(rule: rules.Rule, move: dict[str, Any], began_ns: int) -> Write:
    return Write(
        service=rule.service,
        colour=rule.carrier(move["weights"]),
        observed_ns=move["at_ns"],
        exact=move["at_ns"] >= began_ns,
    )


if __name__ == "__main__":
    app()
