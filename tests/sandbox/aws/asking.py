"""`python -m tests.sandbox.aws.asking URL NUMBER [HEADER:VALUE]`: which colours answered, as JSON.

A closed loop over a few kept-alive connections, as fast as they are answered: for shares, not for losses. Runs inside
the sandbox's network.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

CONNECTIONS = 4


def ask(url: str, number: int, headers: Mapping[str, str]) -> Counter[str]:
    """How many of so many requests each colour answered; what went wrong by its status."""
    parts = urlsplit(url)
    seen: Counter[str] = Counter()
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=10)
    for _ in range(number):
        connection.request("GET", parts.path or "/", headers=dict(headers))
        answer = connection.getresponse()
        answer.read()
        seen[answer.headers.get("X-Colour", "") if answer.status == 200 else str(answer.status)] += 1
    connection.close()
    return seen


if __name__ == "__main__":
    where, many, header = sys.argv[1:]
    given = dict([header.split(":", 1)]) if header else {}
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        parts_of_it = [pool.submit(ask, where, int(many) // CONNECTIONS, given) for _ in range(CONNECTIONS)]
        found = sum((each.result() for each in parts_of_it), Counter[str]())
    sys.stdout.write(json.dumps(found) + "\n")
