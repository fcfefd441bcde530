"""The provider as an engine calls it: pulumirpc.ResourceProvider.

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

from sandbox.engine import urns
from sandbox.providers.aws import resources
from sandbox.providers.aws.errors import AwsError, ConfigurationError, UnreachableError, UnsupportedError
from sandbox.providers.aws.lookups import LOOKUPS
from sandbox.providers.aws.resources import Resources
from sandbox.providers.aws.session import Aws
from sandbox.providers.comparing import settings_answer
from sandbox.providers.failures import UnfinishedError, abort, abort_unfinished, check_answer
from sandbox.providers.naming import Naming
from sandbox.providers.properties import Map, from_struct, map_at, reveal, to_struct

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
        self._resources: Resources | None = None

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say what is understood."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Take part in an engine that did not start this process (PULUMI_DEBUG_PROVIDERS)."""
        return empty_pb2.Empty()

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
            for key in sorted(_settings(from_struct(request.news)).keys() - {*_HONOURED, *_HARMLESS})
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=problems)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Compare configurations; another region is other resources."""
        old, new = (_settings(from_struct(it)) for it in (request.old_inputs or request.olds, request.news))
        return settings_answer(old, new, replace=("region",))

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Take the settings. AWS is not asked anything yet."""
        variables = {key.removeprefix(_PREFIX): value for key, value in request.variables.items()}
        config = _settings({**variables, **from_struct(request.args)})

        def connect() -> Resources:
            tags: Map = map_at(config, "defaultTags", "tags")
            return Resources(Aws(os.environ, region=str(config.get("region") or ""), default_tags=tags))

        self._resources = _do(context, connect, {})
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """Complete and validate the inputs of a resource."""
        news, olds = from_struct(request.news), from_struct(request.olds)
        inputs, found = _do(context, lambda: resources.check(_token(request), news, olds, Naming.of(request)), news)
        return check_answer(inputs, ((key, f"{key} {reason}") for key, reason in found))

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Compare inputs; AWS is not asked."""
        old, new = from_struct(request.old_inputs or request.olds), from_struct(request.news)
        found = _do(context, lambda: resources.compare(_token(request), old, new, request.ignoreChanges), new)
        return found.answer()

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        """Create a resource, or say what creating it would give."""
        token, inputs = _token(request), from_struct(request.properties)
        if request.preview:
            state = _do(context, lambda: self._ready.preview_create(token, inputs), inputs)
            return provider_pb2.CreateResponse(properties=to_struct(state))
        identifier, state = _do(context, lambda: self._ready.create(token, inputs), inputs)
        return provider_pb2.CreateResponse(id=identifier, properties=to_struct(state))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        """Update a resource in place, or say what updating it would give."""
        token, inputs, state = _token(request), from_struct(request.news), from_struct(request.olds)
        if request.preview:
            after = _do(context, lambda: self._ready.preview_update(token, inputs, state), inputs)
        else:
            after = _do(context, lambda: self._ready.update(token, request.id, inputs, state), {**state, **inputs})
        return provider_pb2.UpdateResponse(properties=to_struct(after))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Delete a resource."""
        state = from_struct(request.properties)
        _do(context, lambda: self._ready.delete(_token(request), request.id, state), state)
        return empty_pb2.Empty()

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """Read what is live; without an id if it is gone."""
        inputs, state = from_struct(request.inputs), from_struct(request.properties)
        found = _do(context, lambda: self._ready.read(_token(request), request.id, inputs, state), {**state, **inputs})
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, state = found
        return provider_pb2.ReadResponse(id=request.id, inputs=to_struct(inputs), properties=to_struct(state))

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        """Look something up in AWS."""
        given = from_struct(request.args)

        def look_up() -> Map:
            if request.tok not in LOOKUPS:
                raise UnsupportedError(
                    f"the function {request.tok} is not known to the stand-in AWS provider (it knows "
                    f"{', '.join(LOOKUPS)}). Nothing was changed. Run this program with Pulumi's own provider"
                )
            return LOOKUPS[request.tok](self._ready.aws, reveal(given))

        return provider_pb2.InvokeResponse(
            **{"return": to_struct(_do(context, look_up, given))}  # pyright: ignore[reportArgumentType] - a keyword of Python
        )

    def Call(self, request: provider_pb2.CallRequest, context: grpc.ServicerContext) -> provider_pb2.CallResponse:
        """Refuse."""
        abort(context, grpc.StatusCode.UNIMPLEMENTED, f"the stand-in AWS provider has no method {request.tok}")

    def Construct(
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        """Refuse."""
        abort(context, grpc.StatusCode.UNIMPLEMENTED, f"the stand-in AWS provider has no component {request.type}")

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Nothing here waits long."""
        return empty_pb2.Empty()

    @property
    def _ready(self) -> Resources:
        if self._resources is None:
            raise ConfigurationError("Configure comes before any operation on a resource")
        return self._resources


def _do(context: grpc.ServicerContext, work: Callable[[], T], secret_in: Map) -> T:
    """Run an operation; turn its failure into a gRPC status, without the secrets it was given."""
    try:
        return work()
    except UnfinishedError as error:
        abort_unfinished(context, error, secret_in=secret_in)
    except AwsError as error:
        uncertain = isinstance(error, UnreachableError)
        code = grpc.StatusCode.UNKNOWN if uncertain else grpc.StatusCode.FAILED_PRECONDITION
        abort(context, code, str(error), secret_in=secret_in)


def _settings(args: Map) -> Map:
    """Read provider configuration: what is no text comes as JSON."""
    found: Map = {}
    for key, value in reveal(args).items():
        if value is None:
            continue
        structured = isinstance(value, str) and value[:1] in ("{", "[")
        found[key] = json.loads(value) if structured else value
    return found


def _token(
    request: provider_pb2.CheckRequest
    | provider_pb2.CreateRequest
    | provider_pb2.DeleteRequest
    | provider_pb2.DiffRequest
    | provider_pb2.ReadRequest
    | provider_pb2.UpdateRequest,
) -> str:
    return request.type or urns.type_of(request.urn)
