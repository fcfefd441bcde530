"""A resource as an engine handles it: checked, compared, created, updated, read and deleted through the protocol."""

# The published stubs of the provider service name a module that does not exist, so its calls have no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import os
from dataclasses import dataclass, field
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.providers.failures import DETAILS_KEY
from sandbox.providers.properties import Map, from_struct, to_struct


@dataclass
class Resource:
    """One resource and the state an engine would keep of it."""

    stub: provider_pb2_grpc.ResourceProviderStub
    type: str
    name: str
    inputs: Map = field(default_factory=dict[str, Any])
    state: Map = field(default_factory=dict[str, Any])
    id: str = ""
    reasons: list[str] = field(default_factory=list[str])
    """Why it is not as it should be."""

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return f"urn:pulumi:test::provider::{self.type}::{self.name}"

    def check(self, props: Map) -> Map:
        """Return the checked inputs."""
        request = provider_pb2.CheckRequest(
            urn=self.urn,
            name=self.name,
            type=self.type,
            news=to_struct(props),
            olds=to_struct(self.inputs),
            randomSeed=os.urandom(16),
        )
        answer = self.stub.Check(request)
        assert not answer.failures, answer.failures
        return from_struct(answer.inputs)

    def preview(self, props: Map) -> Map:
        """Return what creating would give."""
        inputs = to_struct(self.check(props))
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=self.urn, name=self.name, type=self.type, properties=inputs, preview=True)
        )
        assert answer.id == ""
        return from_struct(answer.properties)

    def create(self, props: Map) -> "Resource":
        """Create, and keep the state, of a failed initialisation too."""
        inputs = self.check(props)
        request = provider_pb2.CreateRequest(urn=self.urn, name=self.name, type=self.type, properties=to_struct(inputs))
        try:
            answer = self.stub.Create(request)
        except grpc.RpcError as error:
            self._keep(error, inputs)
            raise
        self.id, self.inputs, self.state = answer.id, inputs, from_struct(answer.properties)
        return self

    def diff(self, props: Map) -> provider_pb2.DiffResponse:
        """Compare with other inputs."""
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=self.id,
                urn=self.urn,
                name=self.name,
                type=self.type,
                olds=to_struct(self.state),
                old_inputs=to_struct(self.inputs),
                news=to_struct(self.check(props)),
            )
        )

    def update(self, props: Map, *, preview: bool = False) -> Map:
        """Update, and keep the state, of a failed initialisation too; or return what updating would give."""
        inputs = self.check(props)
        request = provider_pb2.UpdateRequest(
            id=self.id,
            urn=self.urn,
            name=self.name,
            type=self.type,
            olds=to_struct(self.state),
            old_inputs=to_struct(self.inputs),
            news=to_struct(inputs),
            preview=preview,
        )
        try:
            answer = self.stub.Update(request)
        except grpc.RpcError as error:
            self._keep(error, inputs)
            raise
        outputs = from_struct(answer.properties)
        if not preview:
            self.inputs, self.state = inputs, outputs
        return outputs

    def read(self) -> tuple[str, Map]:
        """Return id and inputs as they are live."""
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                id=self.id,
                urn=self.urn,
                name=self.name,
                type=self.type,
                properties=to_struct(self.state),
                inputs=to_struct(self.inputs),
            )
        )
        return answer.id, from_struct(answer.inputs)

    def delete(self) -> None:
        """Delete."""
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=self.id, urn=self.urn, name=self.name, type=self.type, properties=to_struct(self.state)
            )
        )

    def _keep(self, error: grpc.RpcError, inputs: Map) -> None:
        metadata: Any = error.trailing_metadata() if isinstance(error, grpc.Call) else None
        for key, value in metadata or ():
            if key == DETAILS_KEY and isinstance(value, bytes):
                failed = provider_pb2.ErrorResourceInitFailed()
                status_pb2.Status.FromString(value).details[0].Unpack(failed)
                self.id, self.inputs, self.state = failed.id, inputs, from_struct(failed.properties)
                self.reasons = list(failed.reasons)


def said(error: grpc.RpcError) -> str:
    """Return the text of an error."""
    return str(error.details()) if isinstance(error, grpc.Call) else str(error)
