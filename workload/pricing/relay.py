"""The frontend's role: answers business requests with what the backend of its own colour says.

Which backend that is, is the environment's to say (BACKEND_URL), and each answer says which one it was: so it is seen
from outside if a frontend ever meets a backend of the other colour. Readiness does not depend on the backend: one that
is away is the backend's gate's to find, and shall not take all frontends out of service. No retry, no pool: a new
connection for each request, so that a backend's pod that ends costs nobody a connection.
"""

import asyncio
from urllib.parse import urlsplit

import h11
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from workload.pricing.operations import operational
from workload.pricing.versions.choice import HEADER

TIMEOUT_SECONDS = 10
"""For the backend's whole answer; below the 25 s that a drain leaves requests in flight."""

_ASKED = ("Content-Type", "User-Agent", HEADER)
"""Headers of a request that the backend gets."""

_PASSED_ON = {
    b"x-colour": "x-backend-colour",
    b"x-version": "x-backend-version",
    **{
        name.encode(): name
        for name in ("content-type", "deprecation", "sunset", "link", "warning", HEADER.lower(), "vary")
    },
}
"""Headers of the backend's answer, and what they are called in ours."""


class Relay:
    """Wraps the application of an instance that is a frontend."""

    def __init__(self, app: ASGIApp, backend: str) -> None:
        """Ask `backend`, an http URL, whatever is not about this instance itself."""
        parts = urlsplit(backend)
        self._app = app
        self._host, self._port, self._name = parts.hostname, parts.port or 80, parts.netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or operational(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                response = await self._ask(Request(scope, receive))
        except (OSError, h11.RemoteProtocolError) as error:  # a timeout is an OSError
            detail = f"the backend at {self._name} did not answer ({str(error) or type(error).__name__})"
            response = JSONResponse({"detail": detail}, 502)
        await response(scope, receive, send)

    async def _ask(self, request: Request) -> Response:
        """Pass a request on.

        Raises:
            OSError: the backend cannot be reached, or went away.
            h11.RemoteProtocolError: what came back is no whole answer.
        """
        body = await request.body()
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        headers = [("Host", self._name), ("Content-Length", str(len(body))), ("Connection", "close")]
        headers += [(name, request.headers[name]) for name in _ASKED if name in request.headers]
        http = h11.Connection(h11.CLIENT)
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            for event in (
                h11.Request(method=request.method, target=target, headers=headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                writer.write(http.send(event) or b"")
            http.receive_data(await reader.read())  # to its end: the connection is for this request alone
            http.receive_data(b"")
        finally:
            writer.close()
        return _whole(http)


def _whole(http: h11.Connection) -> Response:
    """The answer that was received; as `Relay._ask`."""
    head = http.next_event()
    if not isinstance(head, h11.Response):
        raise ConnectionError(f"it sent {head} first")
    content = b""
    while isinstance(event := http.next_event(), h11.Data):
        content += event.data
    headers = {_PASSED_ON[name]: value.decode("latin-1") for name, value in head.headers if name in _PASSED_ON}
    return Response(content, head.status_code, headers)
