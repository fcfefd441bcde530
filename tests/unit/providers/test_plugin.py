"""A provider is a plugin of any engine: one line with its port, and an end with the engine's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.providers.properties import to_struct

# The published stubs of the provider service name a module that does not exist, so its calls have no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
_COMMAND = [sys.executable, "-m", "sandbox.providers.kubernetes"]


@pytest.fixture(scope="module")
def stub() -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """The provider, run as PULUMI_DEBUG_PROVIDERS wants it: without an engine's address; no kubeconfig anywhere."""
    environ = {**os.environ, "KUBECONFIG": "/nonexistent/kubeconfig"}
    with subprocess.Popen(_COMMAND, stdout=subprocess.PIPE, env=environ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)
        process.kill()


def test_a_plugin_ends_with_its_engine() -> None:
    """Even with one that was killed, and could not tell."""
    engine = grpc.server(ThreadPoolExecutor(1))
    address = f"127.0.0.1:{engine.add_insecure_port('127.0.0.1:0')}"
    engine.start()
    with subprocess.Popen([*_COMMAND, address], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            grpc.channel_ready_future(channel).result(timeout=10)
            assert process.poll() is None
        engine.stop(grace=None)
        assert process.wait(timeout=30) == 0


def test_a_plugin_introduces_itself(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """It takes secrets, and tells an engine that it is a stand-in."""
    assert stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1")).accept_secrets
    assert "stand-in" in stub.GetPluginInfo(empty_pb2.Empty()).version


def test_a_missing_kubeconfig_is_named(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """With where it was looked for and what to do; surely nothing happened."""
    with pytest.raises(grpc.RpcError) as failure:
        stub.Configure(provider_pb2.ConfigureRequest(acceptSecrets=True))
    assert _code(failure.value) is grpc.StatusCode.FAILED_PRECONDITION
    assert "KUBECONFIG=/nonexistent/kubeconfig" in _said(failure.value)
    assert "kubectl cluster-info" in _said(failure.value)


@pytest.mark.parametrize(
    ("setting", "value", "refused"),
    [
        ("renderYamlToDirectory", "out", True),
        ("enableServerSideApply", "false", True),
        ("enableServerSideApply", "true", False),
        ("namespace", "teal", False),
    ],
)
def test_a_setting_it_would_have_to_ignore_is_refused(
    stub: provider_pb2_grpc.ResourceProviderStub, setting: str, value: str, *, refused: bool
) -> None:
    """By its name, and the others pass as they are."""
    news = to_struct({setting: value})
    answer = stub.CheckConfig(provider_pb2.CheckRequest(news=news))
    assert [failure.property for failure in answer.failures] == ([setting] if refused else [])
    assert answer.inputs == news


def test_a_changed_configuration_is_a_change(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """A version of the SDK is not one."""
    request = provider_pb2.DiffRequest(
        olds=to_struct({"context": "a", "version": "1"}), news=to_struct({"context": "b", "version": "2"})
    )
    assert list(stub.DiffConfig(request).diffs) == ["context"]
    request.news.CopyFrom(to_struct({"context": "a", "version": "2"}))
    assert stub.DiffConfig(request).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_functions_methods_and_components_are_refused_by_name(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """Better than a result that is none."""
    for call, request, name in (
        (stub.Invoke, provider_pb2.InvokeRequest(tok="kubernetes:yaml:decode"), "kubernetes:yaml:decode"),
        (stub.Call, provider_pb2.CallRequest(tok="kubernetes:x:y"), "kubernetes:x:y"),
        (stub.Construct, provider_pb2.ConstructRequest(type="kubernetes:yaml/v2:ConfigFile"), "ConfigFile"),
    ):
        with pytest.raises(grpc.RpcError) as refusal:
            call(request)
        assert _code(refusal.value) is grpc.StatusCode.UNIMPLEMENTED
        assert name in _said(refusal.value)


def _code(error: grpc.RpcError) -> grpc.StatusCode | None:
    return error.code() if isinstance(error, grpc.Call) else None


def _said(error: grpc.RpcError) -> str:
    return str(error.details()) if isinstance(error, grpc.Call) else str(error)
