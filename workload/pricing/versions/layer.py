"""What happens to a request because of the version of the API that it asks for: led there, counted, marked, refused.

Plain ASGI, as edge.py and for its reason. What has no versions (health, deployment, metrics, the table of contents)
passes as it came.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workload.pricing.records import Records
from workload.pricing.versions.choice import CURRENT, FORMER, HEADER, MIGRATION_GUIDE, PARAMETER, VERSIONS, choose

DOCUMENT = "/openapi.json"
TEAL = "teal"
"""The User-Agent of teal's own requests, gates and probes: no client uses a version because teal tries it."""

_Headers = list[tuple[bytes, bytes]]


class Versions:
    """Wraps the application that has every version's routes: the former one's at `/` as well, the others' apart."""

    def __init__(
        self, app: ASGIApp, records: Records, ends: datetime | None, paths: Mapping[str, Mapping[str, datetime | None]]
    ) -> None:
        """Wrap `app`.

        Args:
            app: the application.
            records: where requests are counted by the version of the API.
            ends: the sunset of v1; None as long as it is not deprecated.
            paths: the paths of each version, and the sunset of those that are deprecated beside all others.
        """
        self._app = app
        self._records = records
        self._ends = ends
        self._paths = {*paths[FORMER], *(f"/api/{version}{path}" for version in paths for path in paths[version])}
        self._paths |= {path for of in paths.values() for path in of}
        self._documents = {f"/api/{version}{DOCUMENT}" for version in paths}
        self._marks: dict[tuple[str, str], _Headers] = {
            (version, path): [*_of_version(version), *_of_ending(version, path, ends, sunset, paths[CURRENT])]
            for version in paths
            for path, sunset in {**paths[version], DOCUMENT: None}.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked: str = scope.get("path", "")
        if scope["type"] != "http" or (asked not in self._paths and asked not in self._documents):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        version, path = choose(asked, headers, scope["query_string"].decode("latin-1"))
        marks = self._marks.get((version, path)) or _of_version(version)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *marks]}
            await send(message)

        refused = self._refused(version)
        if refused is not None:
            await refused(scope, receive, send_marked if version in VERSIONS else send)
            return
        if asked not in self._documents and headers.get("user-agent") != TEAL:
            self._records.served(version)
        if asked == path and version != FORMER:
            led = f"/api/{version}{path}"
            scope = {**scope, "path": led, "raw_path": led.encode()}
        await self._app(scope, receive, send_marked)

    def _refused(self, version: str) -> Response | None:
        if version not in VERSIONS:
            known = " and ".join(VERSIONS)
            detail = f"the API has no version {version!r}: nothing was done. {HEADER} and {PARAMETER} take {known}"
            return JSONResponse({"detail": detail}, 400)
        if version == FORMER and self._ends is not None and self._ends <= datetime.now(UTC):
            detail = (
                f"version {version} of the API ended on {self._ends:%Y-%m-%d}: nothing was done. Ask version {CURRENT} "
                f"(/api/{CURRENT}, or {HEADER}: {CURRENT}); {MIGRATION_GUIDE} says what differs"
            )
            return JSONResponse({"detail": detail}, 410)
        return None


def _of_version(version: str) -> _Headers:
    return [(HEADER.lower().encode(), version.encode()), (b"vary", HEADER.encode())]


def _of_ending(
    version: str, path: str, ends: datetime | None, sunset: datetime | None, successors: Mapping[str, object]
) -> _Headers:
    """The headers that say that a version, or one path of it, is deprecated; none where neither is."""
    links = [f'<{MIGRATION_GUIDE}>; rel="deprecation"']
    warning: _Headers = []
    if version == FORMER and ends is not None:
        sunset = min(sunset or ends, ends)
        links.append(f'</api/{CURRENT}{path if path in successors else ""}>; rel="successor-version"')
        text = f"version {version} of the API is deprecated and ends on {ends:%Y-%m-%d}: ask version {CURRENT}"
        warning.append((b"warning", f'299 - "{text}"'.encode()))
    if sunset is None:
        return []
    return [
        (b"deprecation", b"true"),
        (b"sunset", format_datetime(sunset.astimezone(UTC), usegmt=True).encode()),
        (b"link", ", ".join(links).encode()),
        *warning,
    ]
