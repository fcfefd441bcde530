"""The provider as Pulumi's engine calls it: pulumirpc.ResourceProvider, as far as a program of teal needs it.

Only translates: messages into trees, outcomes into messages, errors into statuses.
"""

# ruff: noqa: N802, ARG002 - the protocol names the methods, and gives each a request and a context

import json
import os
from collections.abc import Callable
from typing import Final, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.providers.aws import resources
from sandbox.providers.aws.errors import AwsError, ConfigurationError, UnreachableError, UnsupportedError
from sandbox.providers.aws.lookups import LOOKUPS
from sandbox.providers.aws.resources import Resources
from sandbox.providers.aws.session import Aws
from sandbox.providers.comparing import settings_answer
from sandbox.providers.failures import UnfinishedError, abort_unfinished
from sandbox.providers.plugin import tell
from sandbox.providers.properties import Map, from_struct, map_at, to_struct

T = TypeVar("T")
_VERSION: Final = "7.51.1+stand-in"  # the SDK this is written for
_PREFIX: Final = "aws:config:"
_HONOURED: Final = ("region", "defaultTags")
# Without meaning where nothing but a stand-in is spoken to; the SDK sends the first four by itself.
_HARMLESS: Final = (
    *("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"),
    *("accessKey", "secretKey", "token", "profile", "maxRetries", "version"),
)


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Pulumi's `aws` provider, as far as load balancing goes."""

    def __init__(self) -> None:
        """Speak to nobody yet."""
        self._engine = ""
        self._resources: Resources | None = None

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Claim nothing: secrets come in plain, and the engine marks them in what goes out."""
        self._engine = request.engine_address
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Say which version this is."""
        return plugin_pb2.PluginInfo(version=_VERSION)

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse settings that this provider would have to ignore."""
        problems = [
            provider_pb2.CheckFailure(
                property=key,
                reason=f"{key} is set: the stand-in AWS provider does not do that. Nothing was changed. Leave it out "
                f"(pulumi config rm aws:{key}), or run Pulumi's own provider",
            )
            for key in sorted(from_struct(request.news).keys() - {*_HONOURED, *_HARMLESS})
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=problems)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Compare configurations; another region is other resources."""
        return settings_answer(from_struct(request.old_inputs), from_struct(request.news), replace=("region",))

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Take the settings, and tell the user what this is. AWS is not asked anything yet."""

        def connect() -> Resources:
            tags: Map = map_at(json.loads(request.variables.get(f"{_PREFIX}defaultTags", "{}")), "tags")
            return Resources(Aws(os.environ, region=request.variables.get(f"{_PREFIX}region", ""), default_tags=tags))

        self._resources = _do(context, connect)
        if self._engine:
            tell(self._engine, f"aws {_VERSION} is teal's stand-in over moto, {self._resources.aws.endpoint}; not AWS")
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """Complete and validate the inputs of a resource."""
        news, olds, name, seed = from_struct(request.news), from_struct(request.olds), request.name, request.randomSeed
        inputs, found = _do(context, lambda: resources.check(request.type, news, olds, name=name, seed=seed))
        failures = [provider_pb2.CheckFailure(property=key, reason=f"{key} {reason}") for key, reason in found]
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=failures)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Compare inputs; AWS is not asked."""
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        return _do(context, lambda: resources.compare(request.type, old, new)).answer()

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        """Create a resource, or say what creating it would give."""
        inputs = from_struct(request.properties)
        if request.preview:
            state = _do(context, lambda: self._ready.preview_create(request.type, inputs))
            return provider_pb2.CreateResponse(properties=to_struct(state))
        identifier, state = _do(context, lambda: self._ready.create(request.type, inputs))
        return provider_pb2.CreateResponse(id=identifier, properties=to_struct(state))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        """Update a resource in place, or say what updating it would give."""
        inputs, state = from_struct(request.news), from_struct(request.olds)
        if request.preview:
            after = _do(context, lambda: self._ready.preview_update(request.type, inputs, state))
        else:
            after = _do(context, lambda: self._ready.update(request.type, request.id, inputs, state))
        return provider_pb2.UpdateResponse(properties=to_struct(after))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Delete a resource."""
        _do(context, lambda: self._ready.delete(request.type, request.id, from_struct(request.properties)))
        return empty_pb2.Empty()

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """Read what is live; without an id if it is gone."""
        inputs, state = from_struct(request.inputs), from_struct(request.properties)
        found = _do(context, lambda: self._ready.read(request.type, request.id, inputs, state))
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, state = found
        return provider_pb2.ReadResponse(id=request.id, inputs=to_struct(inputs), properties=to_struct(state))

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        """Look something up in AWS."""

        def look_up() -> Map:
            if request.tok not in LOOKUPS:
                raise UnsupportedError(
                    f"the function {request.tok} is not known to the stand-in AWS provider (it knows "
                    f"{', '.join(LOOKUPS)}). Nothing was changed. Run this program with Pulumi's own provider"
                )
            return LOOKUPS[request.tok](self._ready.aws, from_struct(request.args))

        return provider_pb2.InvokeResponse(
            **{"return": to_struct(_do(context, look_up))}  # pyright: ignore[reportArgumentType] - a keyword of Python
        )

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Nothing here waits long; without this answer the engine would call the plugin's end a crash."""
        return empty_pb2.Empty()

    @property
    def _ready(self) -> Resources:
        if self._resources is None:
            raise ConfigurationError("Configure comes before any operation on a resource")
        return self._resources


def _do(context: grpc.ServicerContext, work: Callable[[], T]) -> T:
    """Run an operation; turn its failure into a gRPC status."""
    try:
        return work()
    except UnfinishedError as error:
        abort_unfinished(context, error)
    except AwsError as error:
        uncertain = isinstance(error, UnreachableError)  # it may have taken place; otherwise surely nothing happened
        context.abort(grpc.StatusCode.UNKNOWN if uncertain else grpc.StatusCode.FAILED_PRECONDITION, str(error))
        raise AssertionError from error  # abort raises
