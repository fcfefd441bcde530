"""The provider, served inside the sandbox's network namespace, and a Kubernetes namespace for each module."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.cluster.environment import WORK_TREE, Sandbox
from tests.sandbox.providers.resource import Resource

Make = Callable[[str, str], Resource]
Kubectl = Callable[..., str]


@pytest.fixture(scope="module")
def provider(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """A stub of the provider, configured by the sandbox's KUBECONFIG."""
    socket = tmp_path_factory.mktemp("provider") / "socket"
    command = sandbox.command([sys.executable, "-m", "tests.sandbox.providers.server", str(socket)])
    with (
        subprocess.Popen(
            command, env=sandbox.environ(), cwd=WORK_TREE, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process,
        grpc.insecure_channel(f"unix:{socket}") as channel,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        variables = {"kubernetes:config:enableConfigMapMutable": "true"}
        stub.Configure(  # pyright: ignore[reportUnknownMemberType] - see resource.py
            provider_pb2.ConfigureRequest(acceptSecrets=True, variables=variables)
        )
        yield stub
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def namespace(provider: provider_pb2_grpc.ResourceProviderStub, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of this module's own."""
    name = f"prov-{request.path.stem.replace('_', '-')}"
    made = Resource(provider, "kubernetes:core/v1:Namespace", name).create({"metadata": {"name": name}})
    yield name
    metadata = {**made.inputs["metadata"], "annotations": {"pulumi.com/skipAwait": "true"}}
    made.update({**made.inputs, "metadata": metadata})
    made.delete()  # in the background: nothing depends on when it is gone


@pytest.fixture
def make(provider: provider_pb2_grpc.ResourceProviderStub) -> Make:
    """Make a resource of a type and a name."""
    return lambda type_, name: Resource(provider, type_, name)


@pytest.fixture
def kubectl(sandbox: Sandbox, namespace: str) -> Kubectl:
    """Run kubectl in the module's namespace; return what it prints."""
    binary = sandbox.root / "bin" / "kubectl"
    assert Path(binary).exists()

    def run(*arguments: str) -> str:
        command = sandbox.command([str(binary), "-n", namespace, *arguments])
        done = subprocess.run(command, env=sandbox.environ(), check=True, capture_output=True, text=True)
        return done.stdout.strip()

    return run
