"""A share of live traffic for the idle colour, and clients that are chosen for it, counted through the data path."""

import json
import logging
import math
import subprocess
import sys
from collections import Counter

import pytest

from sandbox.cluster.environment import WORK_TREE
from tests.sandbox.aws.account import Account
from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

_LOG = logging.getLogger(__name__)

REQUESTS = 20_000
SHARE = 10
DEVIATIONS = 4.0
"""Standard deviations of the binomial distribution: a fair share is beyond them once in 16,000 runs."""

FEW = 400
"""Requests of clients that are chosen or not: of an exact match one would tell."""


def ask(stack: Stack, number: int, header: str = "") -> Counter[str]:
    """Which colours answer so many requests to the front door, with a header or without."""
    url = stack.outputs()["frontDoor"] + "/pricing"
    command = [sys.executable, "-m", "tests.sandbox.aws.asking", url, str(number), header]
    done = subprocess.run(
        stack.sandbox.command(command), env=stack.environ(), cwd=WORK_TREE, check=True, stdout=subprocess.PIPE
    )
    return Counter(json.loads(done.stdout))


def test_the_share_is_what_was_asked_for(stack: Stack, account: Account) -> None:
    """Ten percent of 20,000 requests, within the binomial bound; nobody gets an error, and live traffic stays live."""
    stack.configure("canaryWeight", str(SHARE))
    stack.up()
    assert account.weights() == {"blue": 100 - SHARE, "green": SHARE}
    seen = ask(stack, REQUESTS)
    _LOG.info("%s", dict(seen))
    assert seen.keys() == {"blue", "green"}
    assert seen.total() == REQUESTS
    share = SHARE / 100
    bound = DEVIATIONS * math.sqrt(REQUESTS * share * (1 - share))
    assert abs(seen["green"] - REQUESTS * share) <= bound
    assert stack.confirmed() == "blue"


@pytest.mark.parametrize(
    ("match", "chosen", "others"),
    [
        ("header", "X-Canary:always", ("X-Canary:never", "X-Canary:always2", "X-Other:always", "")),
        ("cookie", "Cookie:a=1; X-Canary=always; b=2", ("Cookie:X-Canary=never", "X-Canary:always", "")),
    ],
)
def test_chosen_clients_get_the_idle_colour_and_nobody_else_does(
    stack: Stack, match: str, chosen: str, others: tuple[str, ...]
) -> None:
    """Every request with the header or the cookie, none without it or with another value."""
    stack.configure(f"canaryMatch.{match}", "X-Canary")
    stack.configure("canaryMatch.value", "always")
    stack.up()
    assert ask(stack, FEW, chosen) == {"green": FEW}
    for other in others:
        assert ask(stack, FEW, other) == {"blue": FEW}, other
