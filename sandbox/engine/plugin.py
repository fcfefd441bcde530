"""A resource provider behind a gRPC channel: Check, Diff, Create, Read, Update, Delete and Invoke of `pulumirpc`.

Translates between property trees and the protocol, and between gRPC errors and the engine's. Which provider serves
which resource, and how one is started, is `registry.py`'s.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Final, TypeVar

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.engine import urns
from sandbox.engine.errors import EngineError
from sandbox.engine.model import Difference, InitFailedError, OperationFailedError, UncertainFailureError
from sandbox.engine.operations import Check, Live, Wish
from sandbox.engine.protocol import ask
from sandbox.engine.values import (
    Properties,
    carry_secrets,
    contains_unknown,
    differing_keys,
    from_struct,
    reveal_properties,
    to_struct,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message


M = TypeVar("M", bound="Message")

_UNCERTAIN: Final = (grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNKNOWN)
"""Codes after which Pulumi's engine does not know whether an operation took place (plugin.resourceStateAndError)."""

_KINDS: Final = {
    provider_pb2.PropertyDiff.ADD: "add",
    provider_pb2.PropertyDiff.ADD_REPLACE: "add-replace",
    provider_pb2.PropertyDiff.DELETE: "delete",
    provider_pb2.PropertyDiff.DELETE_REPLACE: "delete-replace",
    provider_pb2.PropertyDiff.UPDATE: "update",
    provider_pb2.PropertyDiff.UPDATE_REPLACE: "update-replace",
}


class PluginClient:
    """A provider behind a gRPC channel."""

    def __init__(self, channel: grpc.aio.Channel, name: str) -> None:
        """Speak to the provider of the named package."""
        self._stub = provider_pb2_grpc.ResourceProviderStub(channel)
        self._channel = channel
        self._name = name
        self._accepts_secrets = True
        self._previews = False
        self._configured = False

    async def start(self, engine_address: str, root: str) -> None:
        """Shake hands. Older providers do not know the call; they learn all from `configure`."""
        request = provider_pb2.ProviderHandshakeRequest(engine_address=engine_address, root_directory=root)
        answer = await self._ask("Handshake", request, provider_pb2.ProviderHandshakeResponse, optional=True)
        if answer is not None:
            self._accepts_secrets = answer.accept_secrets

    async def check_config(self, urn: str, olds: Properties, news: Properties) -> Check:
        """Validate the provider's own configuration."""
        request = provider_pb2.CheckRequest(urn=urn, olds=to_struct(olds), news=to_struct(news))
        answer = await self._ask("CheckConfig", request, provider_pb2.CheckResponse, optional=True)
        return Check(news) if answer is None else _check(answer)

    async def diff_config(self, urn: str, old: Properties, new: Properties) -> Difference:
        """Tell whether resources of the old configuration can be managed with the new one."""
        request = provider_pb2.DiffRequest(urn=urn, olds=to_struct(old), news=to_struct(new), old_inputs=to_struct(old))
        answer = await self._ask("DiffConfig", request, provider_pb2.DiffResponse, optional=True)
        return _difference(answer or provider_pb2.DiffResponse(), old, new)

    async def configure(self, urn: str, inputs: Properties) -> None:
        """Hand over the configuration. One with unknowns (a preview) is not: the provider then stays unconfigured."""
        if contains_unknown(inputs):
            return
        package = urns.package_of(urns.type_of(urn))
        request = provider_pb2.ConfigureRequest(
            args=self._send(inputs),
            variables={
                f"{package}:config:{key}": value if isinstance(value, str) else json.dumps(value)
                for key, value in reveal_properties(inputs).items()
            },
            acceptSecrets=True,
            acceptResources=False,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
            urn=urn,
        )
        answer = await self._call("Configure", request, provider_pb2.ConfigureResponse)
        self._accepts_secrets = answer.acceptSecrets
        self._previews = answer.supportsPreview
        self._configured = True

    async def check(self, urn: str, olds: Properties | None, news: Properties, /) -> Check:
        """Validate inputs and fill in defaults."""
        if not self._configured:
            return Check(news)
        request = provider_pb2.CheckRequest(
            urn=urn,
            olds=None if olds is None else self._send(olds),
            news=self._send(news),
            randomSeed=os.urandom(32),  # what a generated name is made of
            name=urns.name_of(urn),
            type=urns.type_of(urn),
        )
        checked = _check(await self._call("Check", request, provider_pb2.CheckResponse))
        return Check(carry_secrets(checked.inputs, news), checked.failures)

    async def diff(self, urn: str, old: Live, wish: Wish, /) -> Difference:
        """Compare a state with what it should become."""
        if not self._configured:
            return _difference(provider_pb2.DiffResponse(), old.inputs, wish.inputs)
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=urn,
            olds=self._send(old.outputs),
            news=self._send(wish.inputs),
            old_inputs=self._send(old.inputs),
            ignoreChanges=wish.ignore,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
        )
        answer = await self._call("Diff", request, provider_pb2.DiffResponse)
        return _difference(answer, old.inputs, wish.inputs)

    async def create(self, urn: str, wish: Wish, /) -> Live:
        """Create, or tell what creating would give."""
        if wish.preview and not (self._previews and self._configured):
            return Live("", wish.inputs, dict(wish.inputs))
        request = provider_pb2.CreateRequest(
            urn=urn,
            properties=self._send(wish.inputs),
            timeout=wish.seconds,
            preview=wish.preview,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
        )
        answer = await self._call("Create", request, provider_pb2.CreateResponse)
        if not wish.preview and not answer.id:
            raise UncertainFailureError(f"provider {self._name} created {urns.name_of(urn)!r} but gave no id for it")
        return Live(answer.id, wish.inputs, from_struct(answer.properties))

    async def update(self, urn: str, old: Live, wish: Wish, /) -> Properties:
        """Update in place, or tell what updating would give."""
        if wish.preview and not (self._previews and self._configured):
            return {**old.outputs, **wish.inputs}
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=urn,
            olds=self._send(old.outputs),
            news=self._send(wish.inputs),
            old_inputs=self._send(old.inputs),
            timeout=wish.seconds,
            ignoreChanges=wish.ignore,
            preview=wish.preview,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
        )
        answer = await self._call("Update", request, provider_pb2.UpdateResponse)
        return from_struct(answer.properties)

    async def delete(self, urn: str, old: Live, seconds: float, /) -> None:
        """Delete."""
        request = provider_pb2.DeleteRequest(
            id=old.id,
            urn=urn,
            properties=self._send(old.outputs),
            old_inputs=self._send(old.inputs),
            timeout=seconds,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
        )
        await self._call("Delete", request, empty_pb2.Empty)

    async def read(self, urn: str, old: Live, /) -> Live | None:
        """Read the live state; None if there is none."""
        request = provider_pb2.ReadRequest(
            id=old.id,
            urn=urn,
            properties=self._send(old.outputs),
            inputs=self._send(old.inputs),
            name=urns.name_of(urn),
            type=urns.type_of(urn),
        )
        answer = await self._call("Read", request, provider_pb2.ReadResponse)
        if not answer.id:
            return None
        # A provider that does not say what the inputs of a live object are leaves those of the state.
        inputs = carry_secrets(from_struct(answer.inputs), old.inputs) if answer.HasField("inputs") else old.inputs
        return Live(answer.id, inputs, carry_secrets(from_struct(answer.properties), {**old.outputs, **old.inputs}))

    async def invoke(self, token: str, args: Properties, *, preview: bool) -> provider_pb2.InvokeResponse:
        """Call a function of the provider."""
        request = provider_pb2.InvokeRequest(tok=token, args=self._send(args), preview=preview)
        return await self._call("Invoke", request, provider_pb2.InvokeResponse)

    async def cancel(self) -> None:
        """Ask the provider to give up what it is doing; it may not know how."""
        with contextlib.suppress(EngineError):  # advisory, by the protocol's own words
            await self._call("Cancel", empty_pb2.Empty(), empty_pb2.Empty)

    async def close(self) -> None:
        """Let go of the channel."""
        await self._channel.close()

    def _send(self, properties: Properties) -> struct_pb2.Struct:
        return to_struct(properties if self._accepts_secrets else reveal_properties(properties))

    async def _call(self, method: str, request: Message, answer: type[M]) -> M:
        result = await self._ask(method, request, answer)
        if result is None:
            raise AssertionError("only optional calls may have no answer")
        return result

    async def _ask(self, method: str, request: Message, answer: type[M], *, optional: bool = False) -> M | None:
        try:
            return await ask(self._stub, method, request, answer)
        except grpc.aio.AioRpcError as error:
            if optional and error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise _translate(error) from error


def _check(answer: provider_pb2.CheckResponse) -> Check:
    return Check(from_struct(answer.inputs), tuple((failure.property, failure.reason) for failure in answer.failures))


def _difference(answer: provider_pb2.DiffResponse, old: Properties, new: Properties) -> Difference:
    replace = tuple(answer.replaces) or tuple(
        path for path, diff in answer.detailedDiff.items() if _KINDS[diff.kind].endswith("-replace")
    )
    changed_keys = tuple(answer.diffs)
    changed = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    if answer.changes == provider_pb2.DiffResponse.DIFF_UNKNOWN:
        changed_keys = tuple(differing_keys(old, new))
        changed = bool(changed_keys)
    return Difference(
        changed=changed or bool(replace),
        replace_keys=replace,
        changed_keys=changed_keys,
        delete_before_replace=answer.deleteBeforeReplace,
        detailed={path: _KINDS[diff.kind] for path, diff in answer.detailedDiff.items()},
    )


def _translate(error: grpc.aio.AioRpcError) -> EngineError:
    message = error.details() or str(error.code())
    if failed := _init_failure(error):
        reasons = list(failed.reasons)
        return InitFailedError(
            "\n".join([message, *(f"  {reason}" for reason in reasons if reason not in message)]),
            id_=failed.id,
            inputs=from_struct(failed.inputs),
            outputs=from_struct(failed.properties),
            reasons=reasons,
        )
    return (UncertainFailureError if error.code() in _UNCERTAIN else OperationFailedError)(message)


def _init_failure(error: grpc.aio.AioRpcError) -> provider_pb2.ErrorResourceInitFailed | None:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value if isinstance(value, bytes) else value.encode())
            failed = provider_pb2.ErrorResourceInitFailed()
            if any(detail.Unpack(failed) for detail in status.details):
                return failed
    return None
