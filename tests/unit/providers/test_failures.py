"""A failure tells an engine what it has to know, and nobody a secret."""

# The published stubs of the provider service name a module that does not exist, so its calls have no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.providers.failures import DETAILS_KEY, UnfinishedError, abort, abort_unfinished, check_answer
from sandbox.providers.properties import Map, from_struct, secret

_SECRET: Map = {"password": secret("hunter2")}

Fail = Callable[[grpc.ServicerContext], NoReturn]


def _failed(fail: Fail) -> Any:  # noqa: ANN401 - a call that failed is two things, of which the stubs know one
    """What an engine sees of it, over the wire."""

    class Provider(provider_pb2_grpc.ResourceProviderServicer):
        def Create(  # noqa: N802 - the protocol's name
            self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
        ) -> provider_pb2.CreateResponse:
            del request
            fail(context)

    server = grpc.server(ThreadPoolExecutor(1))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as caught:
            provider_pb2_grpc.ResourceProviderStub(channel).Create(provider_pb2.CreateRequest())
    finally:
        server.stop(grace=None)
    return caught.value


def test_a_message_shows_no_secret() -> None:
    """Whatever a server repeats of what it was given."""
    refused = grpc.StatusCode.FAILED_PRECONDITION
    error = _failed(lambda context: abort(context, refused, "bad value hunter2", secret_in=_SECRET))
    assert (error.code(), error.details()) == (refused, "bad value [secret]")


def test_a_refused_input_shows_no_secret() -> None:
    """The inputs keep it in its envelope."""
    answer = check_answer({"name": secret("hunter2")}, [("name", "is 'hunter2', too short")])
    assert [(each.property, each.reason) for each in answer.failures] == [("name", "is '[secret]', too short")]
    assert from_struct(answer.inputs) == {"name": secret("hunter2")}


def test_what_exists_all_the_same_is_told_with_its_state() -> None:
    """Under which id, as it is, and why it is not as it should be; what is secret in the state stays sealed."""

    def fail(context: grpc.ServicerContext) -> NoReturn:
        reasons = ["pod web said hunter2"]
        error = UnfinishedError("web: hunter2", identifier="n/web", state=_SECRET, inputs={"a": 1}, reasons=reasons)
        abort_unfinished(context, error, secret_in=_SECRET)

    error = _failed(fail)
    assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, "web: [secret]")
    metadata: dict[str, bytes] = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(metadata[DETAILS_KEY])
    told = provider_pb2.ErrorResourceInitFailed()
    assert status.message == "web: [secret]"
    assert status.details[0].Unpack(told)
    assert (told.id, list(told.reasons)) == ("n/web", ["pod web said [secret]"])
    assert (from_struct(told.properties), from_struct(told.inputs)) == (_SECRET, {"a": 1})


def test_without_reasons_the_message_is_the_one_there_is() -> None:
    """An engine keeps reasons, not messages."""
    assert UnfinishedError("half done", identifier="it", state={}, inputs={}).reasons == ["half done"]
