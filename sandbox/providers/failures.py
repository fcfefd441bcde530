"""Failures on the wire: an object that exists but is not ready, as Pulumi's protocol tells it.

Such a failure carries the object's state, so that the engine records it (with `initErrors`) and the next update goes
on from there. It travels as a `google.rpc.Status` in the trailing metadata of the call.
"""

from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.providers.properties import Map, to_struct

DETAILS_KEY: Final = "grpc-status-details-bin"


def details(message: str, *, identifier: str, state: Map, inputs: Map, reasons: list[str]) -> bytes:
    """Encode a failed initialisation: what exists under which id, and why it is not ready."""
    failed = provider_pb2.ErrorResourceInitFailed(
        id=identifier, properties=to_struct(state), inputs=to_struct(inputs), reasons=reasons
    )
    packed = AnyMessage()
    packed.Pack(failed)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[packed])
    return status.SerializeToString()
