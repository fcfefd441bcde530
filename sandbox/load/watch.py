"""`python -m sandbox.load.watch`: record when the API server delivered each change of a Service's selector.

That instant is what a report calls the write. It is taken by a watch of its own, and not by whoever wrote, so that the
program's flip and a bare `kubectl patch` are timed by the same clock in the same way. A Service's own record of it
(managedFields) has whole seconds only.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations at run time
from typing import TYPE_CHECKING

import cyclopts
import httpx2
from lightkube import ApiError, Client
from lightkube.resources.core_v1 import Service

from sandbox.load.priority import first_in_line
from sandbox.load.writes import COLOUR_LABEL, Write

if TYPE_CHECKING:
    from collections.abc import Iterator

app = cyclopts.App(name="python -m sandbox.load.watch", help=__doc__)


@app.default
def main(*, namespace: str, out: Path) -> None:
    """Watch the Services of a namespace until SIGTERM; an API server that is away is asked again.

    Args:
        namespace: Whose Services; it need not exist yet.
        out: The file of writes; overwritten.
    """
    first_in_line()
    client = Client()
    known: dict[str, str] = {}
    with out.open("w", encoding="utf-8", buffering=1) as file:
        while True:
            try:
                for service, observed_ns, exact in _services(client, namespace):
                    write = _write(service, observed_ns, exact=exact)
                    if known.get(write.service) != write.colour:
                        known[write.service] = write.colour
                        file.write(write.model_dump_json() + "\n")
            except (httpx2.HTTPError, ApiError) as error:
                sys.stderr.write(f"the watch on Services of {namespace} broke off, beginning again: {error}\n")
                time.sleep(0.2)


def _services(client: Client, namespace: str) -> Iterator[tuple[Service, int, bool]]:
    """List, then watch from there: a watch from nowhere waits in vain on an API server whose etcd is 3.4."""
    listed = client.list(Service, namespace=namespace)  # pyright: ignore[reportUnknownMemberType] - label selectors are untyped
    for service in listed:
        yield service, time.monotonic_ns(), False
    for kind, service in client.watch(Service, namespace=namespace, resource_version=listed.resourceVersion):  # pyright: ignore[reportUnknownMemberType] - as above
        observed_ns = time.monotonic_ns()
        if kind != "DELETED":
            yield service, observed_ns, True


def _write(service: Service, observed_ns: int, *, exact: bool) -> Write:
    metadata, spec = service.metadata, service.spec
    return Write(
        service=(metadata and metadata.name) or "",
        colour=str(((spec and spec.selector) or {}).get(COLOUR_LABEL, "")),  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - lightkube says plain `dict`
        observed_ns=observed_ns,
        exact=exact,
    )


if __name__ == "__main__":
    app()
