"""Signs requests with AWS's Signature Version 4, for a Prometheus that AWS runs. boto3 finds the credentials."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]  # there are none
import httpx2
from botocore.auth import SigV4Auth  # pyright: ignore[reportMissingTypeStubs]  # as boto3
from botocore.awsrequest import AWSRequest  # pyright: ignore[reportMissingTypeStubs]  # as boto3
from botocore.exceptions import BotoCoreError  # pyright: ignore[reportMissingTypeStubs]  # as boto3

from teal.spec.credentials import SigV4


class UnsignedError(httpx2.RequestError):
    """A request could not be signed, so it was not sent."""


class Signed(httpx2.Auth):
    """Signs each request with its body at the moment it is sent, since a signature is valid for minutes only."""

    def __init__(self, how: SigV4) -> None:
        """Prepare to sign for one service in one region."""
        self._how = how
        self._session: Any = boto3.Session()

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Sign in a separate thread, since boto3 may have to request credentials.

        Raises:
            UnsignedError: there are no credentials.
        """
        body = await request.aread()
        try:
            signature = await asyncio.to_thread(self._signature, request.method, str(request.url), body)
        except BotoCoreError as error:
            raise UnsignedError(f"AWS has no credentials for it: {error}", request=request) from None
        if not signature:
            raise UnsignedError("AWS has no credentials for it (aws sts get-caller-identity)", request=request)
        request.headers.update(signature)
        yield request

    def _signature(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        """Return the headers to add; none where boto3 finds no credentials."""
        credentials = self._session.get_credentials()
        if credentials is None:
            return {}
        request: Any = AWSRequest(method=method, url=url, data=body)
        signer: Any = SigV4Auth(credentials.get_frozen_credentials(), self._how.service, self._how.region)
        signer.add_auth(request)
        return dict(request.headers.items())
