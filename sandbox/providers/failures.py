"""Failures on the wire, as Pulumi's protocol tells them.

That of a resource which exists all the same carries its state, so that the engine records it (with `initErrors`) and
the next update goes on from there. It travels as a `google.rpc.Status` in the trailing metadata of the call.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.providers.properties import Map, scrub, secret_strings, to_struct

DETAILS_KEY: Final = "grpc-status-details-bin"


def check_answer(inputs: Map, problems: Iterable[tuple[str, str]]) -> provider_pb2.CheckResponse:
    """The answer to a check: inputs as completed, and what is wrong with which of them, without the secrets in them."""
    secrets = secret_strings(inputs)
    return provider_pb2.CheckResponse(
        inputs=to_struct(inputs),
        failures=[provider_pb2.CheckFailure(property=key, reason=scrub(reason, secrets)) for key, reason in problems],
    )


class UnfinishedError(Exception):
    """The resource exists, with this id and state, and is not as it should be: what an engine has to record."""

    def __init__(self, message: str, *, identifier: str, state: Map, inputs: Map, reasons: Sequence[str] = ()) -> None:
        """Keep it; without reasons the message is the one there is."""
        super().__init__(message)
        self.identifier = identifier
        self.state = state
        self.inputs = inputs
        self.reasons = [*reasons] or [message]


def abort(
    context: grpc.ServicerContext, code: grpc.StatusCode, message: str, *, secret_in: Map | None = None
) -> NoReturn:
    """End a call with a status, its message without the secrets of `secret_in`.

    UNKNOWN tells an engine that the operation may have taken place; FAILED_PRECONDITION that nothing happened.
    """
    context.abort(code, scrub(message, secret_strings(secret_in)))
    raise AssertionError  # abort raises


def abort_unfinished(context: grpc.ServicerContext, error: UnfinishedError, *, secret_in: Map) -> NoReturn:
    """End a call with what exists under which id, and why it is not as it should be."""
    secrets = secret_strings(secret_in)
    failed = provider_pb2.ErrorResourceInitFailed(
        id=error.identifier,
        properties=to_struct(error.state),
        inputs=to_struct(error.inputs),
        reasons=[scrub(reason, secrets) for reason in error.reasons],
    )
    code, message = grpc.StatusCode.UNKNOWN, scrub(str(error), secrets)
    status = status_pb2.Status(code=code.value[0], message=message, details=[AnyMessage()])
    status.details[0].Pack(failed)
    context.set_trailing_metadata(((DETAILS_KEY, status.SerializeToString()),))
    abort(context, code, message)
