"""A thin HTTP client of the Kubernetes API: get, list, apply, delete, watch, with bounded patience.

It knows nothing of kinds: callers bring paths. Everything it sends is idempotent (server-side apply, delete by name,
reads), so a request that got no answer may be sent again: that is what carries an update over a restart of the API
server.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Final

import httpx2
import stamina

from sandbox.providers.kubernetes.errors import ApiError, KubernetesError, NotFoundError, UnreachableError
from sandbox.providers.properties import Map, is_list, is_map

# Seconds. An API server restarts in 5 to 20 s; a wrong address should be known sooner.
READ_PATIENCE: Final = 10.0
WRITE_PATIENCE: Final = 30.0
# The API server is starting, stopping or overloaded: its own advice is to try again.
_TRANSIENT_CODES: Final = frozenset({429, 502, 503, 504})

Params = Mapping[str, str]


class _TransientError(Exception):
    """Worth another try."""


class Api:
    """One API server."""

    def __init__(self, http: httpx2.AsyncClient, *, address: str) -> None:
        """Speak through `http` (which knows address and credentials); `address` is for messages."""
        self._http = http
        self.address = address

    async def get(self, path: str, params: Params | None = None, *, patience: float = READ_PATIENCE) -> Map:
        """Read an object or a list.

        Raises:
            ApiError: the server said no; NotFoundError for 404.
            UnreachableError: no answer for `patience` seconds.
        """
        return await self._request("GET", path, params or {}, patience=patience)

    async def find(self, path: str) -> Map | None:
        """Read an object; None if there is none. Raises as `get` does."""
        try:
            return await self.get(path)
        except NotFoundError:
            return None

    async def apply(self, path: str, body: Map, *, manager: str, force: bool, dry_run: bool = False) -> Map:
        """Send a server-side apply; unknown and duplicate fields are refused (`fieldValidation=Strict`).

        Raises:
            ApiError: the server said no; ConflictError if another manager owns a field and `force` is off.
            UnreachableError: no answer for WRITE_PATIENCE seconds.
        """
        params = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            params["dryRun"] = "All"
        content_type = "application/apply-patch+yaml"  # JSON is YAML
        return await self._request("PATCH", path, params, body=body, content_type=content_type, patience=WRITE_PATIENCE)

    async def rehearse_create(self, path: str, body: Map, *, manager: str) -> Map:
        """Ask the server what creating this would give; nothing is written. Raises as `apply` does."""
        params = {"fieldManager": manager, "fieldValidation": "Strict", "dryRun": "All"}
        return await self._request("POST", path, params, body=body, patience=READ_PATIENCE)

    async def delete(self, path: str, *, propagation: str) -> None:
        """Delete an object; one that is not there is fine. Raises as `apply` does."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        with suppress(NotFoundError):
            await self._request("DELETE", path, {}, body=body, patience=WRITE_PATIENCE)

    async def watch(self, path: str, params: Params, *, since: str) -> AsyncIterator[tuple[str, Map]]:
        """Yield (type, object) of every change since a resource version, until the connection ends.

        Raises:
            ApiError: the server said no (GoneError: list again).
        """
        query = {**params, "watch": "1", "resourceVersion": since, "allowWatchBookmarks": "true"}
        timeout = httpx2.Timeout(30, read=None)  # a quiet watch is not a dead one
        with suppress(httpx2.TransportError):  # the caller lists again, and finds out whether the server is there
            async with self._http.stream("GET", path, params=query, timeout=timeout) as response:
                if response.is_error:
                    await response.aread()
                    raise _api_error(response)
                async for line in response.aiter_lines():
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise ApiError.of(int(event["object"].get("code", 500)), event["object"])
                    yield event["type"], event["object"]

    async def _request(  # noqa: PLR0913 - the one place that knows what a request is made of
        self,
        method: str,
        path: str,
        params: Params,
        *,
        patience: float,
        body: Map | None = None,
        content_type: str = "application/json",
    ) -> Map:
        headers = {} if body is None else {"Content-Type": content_type}
        request = self._http.build_request(
            method, path, params=params, headers=headers, content=None if body is None else json.dumps(body)
        )
        try:
            async for attempt in stamina.retry_context(
                on=_TransientError, attempts=None, timeout=patience, wait_initial=0.1, wait_max=1.0, wait_jitter=0.2
            ):
                with attempt:
                    return await self._once(request)
        except _TransientError as error:
            wrote = method != "GET" and "dryRun" not in params
            outcome = "The write may or may not have arrived" if wrote else "Nothing was changed by this step"
            raise UnreachableError(
                f"no answer from the Kubernetes API server at {self.address} for {patience:.0f} s ({error}). "
                f"{outcome}; the next `pulumi up` goes on from here. See whether it answers: kubectl cluster-info",
                wrote=wrote,
            ) from error
        raise AssertionError  # stamina returns or raises

    async def _once(self, request: httpx2.Request) -> Map:
        try:
            response = await self._http.send(request)
        except httpx2.TransportError as error:
            raise _TransientError(str(error) or type(error).__name__) from error
        if response.status_code in _TRANSIENT_CODES:
            raise _TransientError(str(_api_error(response)))
        if response.is_error:
            raise _api_error(response)
        return response.json()


def _api_error(response: httpx2.Response) -> KubernetesError:
    try:
        status = response.json()
    except ValueError:
        status = {"message": response.text[:500]}
    return ApiError.of(response.status_code, status if is_map(status) else {})


def items(listing: Map) -> list[Map]:
    """Return the items of a list answer."""
    found = listing.get("items")
    return [item for item in found if is_map(item)] if is_list(found) else []
