"""Serves the page on loopback, under loopback's own names. Approving is all that it can change, and takes a token."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from teal.model.colours import Colour, colour_of
from teal.model.errors import ChangedError, NotThereError, TealError
from teal_infra.looking import pages
from teal_infra.looking.view import Look, Shown

HOST = "127.0.0.1"
"""The only address that it listens at."""

NAMES = ("127.0.0.1", "localhost")
"""What a browser may call it: under another name that leads here, somebody else's page could read along."""

EVERY_SECONDS = 0.5
"""How long it is between two looks for whoever is connected."""

MOST_BYTES = 16 * 1024
"""How much may be posted."""

RELEASE = "release."
"""The beginning of the names of form fields that say what was shown of each service."""

HEADERS = {
    "Content-Security-Policy": pages.POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with less, a browser would not say where a form comes from
    "X-Content-Type-Options": "nosniff",
}

_STATUSES: tuple[tuple[type[TealError], HTTPStatus], ...] = (
    (NotThereError, HTTPStatus.NOT_FOUND),
    (ChangedError, HTTPStatus.CONFLICT),
)


class Seen(Protocol):
    """What the server needs of `StackReader`."""

    async def look(self) -> Look:
        """Return how the stack stands."""
        ...

    async def flip(self, number: int | None = None) -> Shown:
        """Return one flip."""
        ...

    async def approve(self, colour: Colour, releases: Mapping[str, str]) -> None:
        """Approve a colour for one flip."""
        ...


def application(seen: Seen, token: str, *, every: float = EVERY_SECONDS) -> Starlette:
    """Return the server.

    Args:
        seen: reads the stack, and approves.
        token: the token that whoever approves has to show.
        every: seconds between two looks for whoever is connected.
    """

    def allowed(request: Request) -> str:
        """Return the token where the request shows it; else nothing."""
        return token if secrets.compare_digest(request.query_params.get("token", "").encode(), token.encode()) else ""

    async def page(request: Request) -> Response:
        return HTMLResponse(pages.page(await seen.look(), allowed(request)))

    async def flip(request: Request) -> Response:
        shown, look = await asyncio.gather(seen.flip(request.path_params["number"]), seen.look())
        policy = {"Content-Security-Policy": f"{pages.REPORT_POLICY}; frame-ancestors 'none'"}
        return HTMLResponse(pages.report(shown, look.namespace), headers=policy)

    async def stream(request: Request) -> Response:
        return StreamingResponse(_changes(seen, allowed(request), every), media_type="text/event-stream")

    async def approve(request: Request) -> Response:
        back = f"?{urlencode({'token': token})}"
        if not allowed(request) or not _from_here(request):
            return _said(
                "Not approved",
                "This request does not show the token that teal ui printed, or comes from another page: nothing was "
                "approved. Next: open the address that teal ui printed.",
                status=HTTPStatus.FORBIDDEN,
            )
        form = await _form(request)
        colour = colour_of(form.get("colour"))
        releases = {name.removeprefix(RELEASE): each for name, each in form.items() if name.startswith(RELEASE)}
        if colour is None or not releases:
            return _said("Not approved", "The form names no colour, or no release: nothing was approved.", back)
        try:
            await seen.approve(colour, releases)
        except TealError as error:
            return _said("Not approved", str(error), back, status=_status(error))
        return RedirectResponse(f"./{back}", HTTPStatus.SEE_OTHER)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/stream", stream),
            Route("/flips/{number:int}", flip),
            Route("/approve", approve, methods=["POST"]),
            Route("/look.css", _style),
            Route("/look.js", _script),
        ],
        middleware=[
            Middleware(_Headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=[*NAMES], www_redirect=False),
        ],
        exception_handlers={TealError: _failed},
    )


def _style(_request: Request) -> Response:
    return Response(pages.CSS, media_type="text/css")


def _script(_request: Request) -> Response:
    return Response(pages.SCRIPT, media_type="text/javascript")


async def _changes(seen: Seen, token: str, every: float) -> AsyncGenerator[str]:
    """Yield the parts of the page as Server-Sent Events, with their time: first all, then those that changed."""
    before: Mapping[str, str] = {}
    yield "retry: 1000\n\n"
    while True:
        try:
            look = await seen.look()
        except TealError:  # the page says that nobody is connected, and its browser asks again
            return
        now = pages.regions(look, token)
        changed = {name: html for name, html in now.items() if html != before.get(name)}
        before = now
        yield f"data: {json.dumps({'at': look.at.isoformat(timespec='seconds'), 'regions': changed})}\n\n"
        await asyncio.sleep(every)


async def _form(request: Request) -> Mapping[str, str]:
    """Return what was posted, as a browser encodes a form; nothing where it is larger than allowed."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace"), keep_blank_values=True).items()}


def _from_here(request: Request) -> bool:
    """Return whether a request comes from this page, or from no page at all."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _said(title: str, text: str, back: str = "", *, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    return HTMLResponse(pages.said(title, text, back), status)


def _failed(_request: Request, error: Exception) -> Response:
    return _said("This cannot be shown", str(error), status=_status(error))


def _status(error: Exception) -> HTTPStatus:
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.BAD_GATEWAY)


class _Headers:
    """Adds `HEADERS` to each answer, except those that the answer sets itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
