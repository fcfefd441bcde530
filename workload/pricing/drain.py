"""Drains the instance in the same container: for a preStop hook, so that the image needs no shell and no curl.

`python3 -m workload.pricing.drain --wait 5 --timeout 25` waits while endpoints disappear, begins a drain and returns
when the instance is drained. It leaves the process running: the kubelet's SIGTERM, which follows, ends it at once.
Only the standard library, so that it starts in milliseconds.
"""

import argparse
import http.client
import json
import os
import sys
import time

POLL_SECONDS = 0.1


def drain(port: int, *, wait: float, timeout: int) -> str | None:
    """Drain the instance at `port` of this machine; return what went wrong, or None.

    Args:
        port: where the instance listens.
        wait: seconds to wait before, in which the instance serves as ever.
        timeout: seconds that requests in flight are given.
    """
    time.sleep(wait)
    try:
        _ask(port, "POST", "/deployment/shutdown", {"drain_timeout_seconds": timeout, "exit": False})
    except OSError as error:
        return f"nothing was drained: 127.0.0.1:{port} does not answer ({error}). Is PORT the service's?"
    deadline = time.monotonic() + timeout
    status: dict[str, object] = {}
    while time.monotonic() < deadline:
        try:
            status = _ask(port, "GET", "/deployment/shutdown/status")
        except OSError:
            return None  # it has ended: nothing is in flight any more
        if status["drained"]:
            return None
        time.sleep(POLL_SECONDS)
    return f"not drained after {timeout} s: {status.get('active_requests', '?')} requests are still in flight"


def _ask(port: int, method: str, path: str, body: object = None) -> dict[str, object]:
    """The JSON answer of the instance.

    Raises:
        OSError: it does not answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, json.dumps(body) if body else None)
        answer = connection.getresponse()
        content = answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise ConnectionError(f"status {answer.status}: {content.decode(errors='replace')}")
    return json.loads(content)


def main() -> int:
    """Run the command; exit status 0 when drained."""
    parser = argparse.ArgumentParser(prog="python3 -m workload.pricing.drain", description=__doc__)
    parser.add_argument("--wait", type=float, default=5.0, help="seconds before the drain begins (5)")
    parser.add_argument("--timeout", type=int, default=25, help="seconds for requests in flight (25)")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000), help="the service's (PORT)")
    given = parser.parse_args()
    problem = drain(given.port, wait=given.wait, timeout=given.timeout)
    if problem:
        sys.stderr.write(f"drain: {problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
