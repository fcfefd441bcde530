"""A failed operation on a resource that exists all the same, as Pulumi's protocol tells it.

It carries the resource's state, so that the engine records it (with `initErrors`) and the next update goes on from
there. It travels as a `google.rpc.Status` in the trailing metadata of the call.
"""

from typing import Final, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.providers.properties import Map, to_struct

DETAILS_KEY: Final = "grpc-status-details-bin"


class UnfinishedError(Exception):
    """The resource exists, with this id and state, and is not as it should be: what the engine has to record."""

    def __init__(self, message: str, *, identifier: str, state: Map, inputs: Map) -> None:
        """Keep it."""
        super().__init__(message)
        self.identifier = identifier
        self.state = state
        self.inputs = inputs


def abort_unfinished(context: grpc.ServicerContext, error: UnfinishedError) -> NoReturn:
    """End a call with what exists under which id, and why it is not as it should be."""
    failed = provider_pb2.ErrorResourceInitFailed(
        id=error.identifier, properties=to_struct(error.state), inputs=to_struct(error.inputs), reasons=[str(error)]
    )
    code, message = grpc.StatusCode.UNKNOWN, str(error)
    status = status_pb2.Status(code=code.value[0], message=message, details=[AnyMessage()])
    status.details[0].Pack(failed)
    context.set_trailing_metadata(((DETAILS_KEY, status.SerializeToString()),))
    context.abort(code, message)
    raise AssertionError  # abort raises
