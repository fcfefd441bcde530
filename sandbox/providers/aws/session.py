"""The AWS that is spoken to: one session, one client a service, one way for errors to come back.

Only an endpoint on this machine is taken. boto3 has no types: its answers are trees of any JSON type.
"""

import ipaddress
import threading
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import boto3  # pyright: ignore[reportMissingTypeStubs] - there are none
import botocore.exceptions  # pyright: ignore[reportMissingTypeStubs] - as boto3
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs] - as boto3

from sandbox.providers.aws.errors import ConfigurationError, RefusedError, UnreachableError
from sandbox.providers.aws.tags import Tags
from sandbox.providers.properties import Map, map_at

_REGION: Final = "eu-west-1"
# Pulumi's provider tries 25 times; here a rehearsal waits for it. Throttled calls are tried again with jitter.
_OPTIONS: Final = Config(retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=5, read_timeout=30)


class Aws:
    """One region of one account, as the provider's settings and the environment say."""

    def __init__(
        self, environ: Mapping[str, str], *, region: str = "", default_tags: Mapping[str, str] | None = None
    ) -> None:
        """Ask nothing yet.

        Raises:
            ConfigurationError: there is no stand-in to speak to.
        """
        self.endpoint = _local(environ.get("AWS_ENDPOINT_URL", ""))
        self.region = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or _REGION
        self.tags = Tags(dict(default_tags or {}))
        # Keys of anybody's are no business of a stand-in, and boto3 would look for some on the network.
        self._session = boto3.Session("stand-in", "stand-in", region_name=self.region)
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def call(self, service: str, operation: str, /, **arguments: Any) -> Any:  # noqa: ANN401 - see the module
        """Call an operation; arguments that are None are left out.

        Raises:
            RefusedError: AWS answered with an error.
            UnreachableError: it did not answer.
        """
        given = {key: value for key, value in arguments.items() if value is not None}
        try:
            return getattr(self._client(service), operation)(**given)
        except botocore.exceptions.ClientError as error:
            raise refusal(error, operation) from error
        except botocore.exceptions.ParamValidationError as error:
            raise RefusedError(f"{operation}: {error}") from error
        except botocore.exceptions.BotoCoreError as error:
            raise UnreachableError(
                f"{operation}: no answer from {self.endpoint} ({error}). It may have been done. Is the "
                "sandbox's AWS up? See: python -m sandbox status; then repeat"
            ) from error

    def call_unless_gone(self, gone: Collection[str], service: str, operation: str, /, **arguments: Any) -> Any:  # noqa: ANN401 - see the module
        """As `call`; None where AWS says, by one of these codes, that there is no such thing."""
        try:
            return self.call(service, operation, **arguments)
        except RefusedError as error:
            if error.code not in gone:
                raise
            return None

    def pages(self, service: str, operation: str, key: str, /, **arguments: Any) -> Iterator[Map]:  # noqa: ANN401 - as `call`
        """Yield what all pages of an operation list under `key`."""
        client = self._client(service)
        if not client.can_paginate(operation):
            yield from self.call(service, operation, **arguments).get(key, ())
            return
        given = {key: value for key, value in arguments.items() if value is not None}
        try:
            for page in client.get_paginator(operation).paginate(**given):
                yield from page.get(key, ())
        except botocore.exceptions.ClientError as error:
            raise refusal(error, operation) from error
        except botocore.exceptions.BotoCoreError as error:
            raise UnreachableError(f"{operation}: no answer from {self.endpoint} ({error})") from error

    def _client(self, service: str) -> Any:  # noqa: ANN401 - see the module
        with self._lock:  # a session is not for many threads; a client is
            if service not in self._clients:
                self._clients[service] = self._session.client(  # pyright: ignore[reportUnknownMemberType, reportCallIssue, reportArgumentType] - overloads for services whose stubs are not installed
                    service, endpoint_url=self.endpoint, config=_OPTIONS
                )
            return self._clients[service]


def refusal(error: botocore.exceptions.ClientError, operation: str) -> RefusedError:
    """AWS's own words, with its code first: `DuplicateListener: ...`."""
    answer: Any = error.response  # pyright: ignore[reportUnknownMemberType] - botocore has no types
    said = map_at(answer, "Error")
    return RefusedError(f"{operation}: {said.get('Code', '')}: {said.get('Message', '')}", code=str(said.get("Code")))


def _local(endpoint: str) -> str:
    host = urlsplit(endpoint).hostname or ""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise ConfigurationError(
            f"AWS_ENDPOINT_URL is {endpoint!r}: the stand-in AWS provider speaks only to a stand-in for AWS on this "
            "machine, so nothing was asked. In the sandbox's shell it is set (make shell); for AWS itself run Pulumi's "
            "own provider"
        )
    return endpoint
