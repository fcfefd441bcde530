"""The provider as an engine calls it: pulumirpc.ResourceProvider.

Only translates: messages into trees, outcomes into messages, errors into statuses. The calls are synchronous, so that
any kind of gRPC server can serve them; the work runs on one event loop in a thread of its own.
"""

# ruff: noqa: N802, ARG002 - the protocol names the methods, and gives each a request and a context

import asyncio
import json
import os
import threading
from collections.abc import Coroutine
from typing import Any, Final, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.engine import urns
from sandbox.providers.comparing import settings_answer
from sandbox.providers.failures import UnfinishedError, abort, abort_unfinished, check_answer
from sandbox.providers.kubernetes import outputs
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.connection import connect
from sandbox.providers.kubernetes.diff import diff
from sandbox.providers.kubernetes.enginelog import EngineLog
from sandbox.providers.kubernetes.errors import KubernetesError, UnreachableError
from sandbox.providers.kubernetes.resources import Resources
from sandbox.providers.kubernetes.watching import Cancellation
from sandbox.providers.naming import Naming
from sandbox.providers.properties import Map, from_struct, reveal, to_struct

T = TypeVar("T")
_VERSION: Final = "4.34.2+stand-in"  # the SDK this is written for
_PREFIX: Final = "kubernetes:config:"
# Settings of pulumi-kubernetes that would change what is done to a cluster, and that are not honoured here.
_UNSUPPORTED: Final = {
    "cluster": None,
    "renderYamlToDirectory": None,
    "enableServerSideApply": "true",
    "deleteUnreachable": "false",
    "skipUpdateUnreachable": "false",
}


class KubernetesProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Pulumi's `kubernetes` provider, as far as plain resources go."""

    def __init__(self, engine_address: str = "") -> None:
        """Serve the engine at this address; `Handshake` and `Attach` may name it later."""
        self._log = EngineLog(engine_address)
        self._config: dict[str, str] = {}
        self._resources: Resources | None = None
        self._cancellation = Cancellation()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="kubernetes provider", daemon=True).start()

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Learn where the engine is."""
        self._log = EngineLog(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Learn where the engine is, when somebody else started this process (PULUMI_DEBUG_PROVIDERS)."""
        self._log = EngineLog(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Say which version this is."""
        return plugin_pb2.PluginInfo(version=_VERSION)

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse settings that this provider would have to ignore."""
        given = _settings(from_struct(request.news))
        problems = [
            provider_pb2.CheckFailure(
                property=key,
                reason=f"{key} is {given[key]!r}: the stand-in Kubernetes provider does not do that. "
                f"Nothing was changed. Leave it out (pulumi config rm kubernetes:{key}), or run Pulumi's own provider",
            )
            for key, harmless in _UNSUPPORTED.items()
            if given.get(key) and given[key] != harmless
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=problems)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Compare configurations. Unlike the real one, never replaces all resources when the cluster is another."""
        old, new = (_settings(from_struct(it)) for it in (request.old_inputs or request.olds, request.news))
        return settings_answer(old, new)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Read the kubeconfig. The API server is not asked anything yet."""
        variables = {key.removeprefix(_PREFIX): value for key, value in request.variables.items()}
        self._config = {**_settings(from_struct(request.args)), **variables}
        self._resources = self._do(context, self._connect(), {})
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """Complete and validate the inputs of a resource."""
        news, olds = from_struct(request.news), from_struct(request.olds)
        checked = self._do(context, self._ready.check(_token(request), news, olds, Naming.of(request)), news)
        return check_answer(checked.inputs, checked.failures)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Compare inputs; the API server is not asked."""
        old = from_struct(request.old_inputs) or outputs.parse(from_struct(request.olds))[0]
        found = diff(old, from_struct(request.news), config=self._config, ignore=request.ignoreChanges)
        return found.answer()

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        """Create a resource, or say what creating it would give."""
        inputs = from_struct(request.properties)
        if request.preview:
            state = self._do(context, self._ready.preview_create(request.urn, inputs), inputs)
            return provider_pb2.CreateResponse(properties=to_struct(state))
        identifier, state = self._do(context, self._ready.create(request.urn, inputs, request.timeout), inputs)
        return provider_pb2.CreateResponse(id=identifier, properties=to_struct(state))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        """Update a resource in place, or say what updating it would give."""
        inputs, state, ignore = from_struct(request.news), from_struct(request.olds), list(request.ignoreChanges)
        if request.preview:
            work = self._ready.preview_update(request.urn, inputs, state, ignore)
        else:
            work = self._ready.update(request.urn, inputs, state, ignore, request.timeout)
        return provider_pb2.UpdateResponse(properties=to_struct(self._do(context, work, {**state, **inputs})))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Delete a resource."""
        state = from_struct(request.properties)
        work = self._ready.delete(request.urn, _token(request), request.id, state, request.timeout)
        self._do(context, work, state)
        return empty_pb2.Empty()

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """Read what is live; without an id if it is gone."""
        inputs, state = from_struct(request.inputs), from_struct(request.properties)
        work = self._ready.read(request.urn, _token(request), request.id, inputs, state)
        found = self._do(context, work, {**state, **inputs})
        if found is None:
            return provider_pb2.ReadResponse()
        identifier, inputs, state = found
        return provider_pb2.ReadResponse(id=identifier, inputs=to_struct(inputs), properties=to_struct(state))

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        """Refuse."""
        _refuse(context, f"the function {request.tok}")

    def Call(self, request: provider_pb2.CallRequest, context: grpc.ServicerContext) -> provider_pb2.CallResponse:
        """Refuse."""
        _refuse(context, f"the method {request.tok}")

    def Construct(
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        """Refuse."""
        _refuse(context, f"the component {request.type}")

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """End all waits."""
        self._loop.call_soon_threadsafe(self._cancellation.request)
        return empty_pb2.Empty()

    @property
    def _ready(self) -> Resources:
        if self._resources is None:
            message = "Configure comes before any operation on a resource"
            raise RuntimeError(message)
        return self._resources

    async def _connect(self) -> Resources:
        api, namespace = connect(self._config, os.environ)
        return Resources(Cluster(api, self._config), namespace, self._log, self._cancellation)

    def _do(self, context: grpc.ServicerContext, work: Coroutine[Any, Any, T], secret_in: Map) -> T:
        """Run an operation; turn its failure into a gRPC status, without the secrets it was given."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except UnfinishedError as error:
            abort_unfinished(context, error, secret_in=secret_in)
        except KubernetesError as error:
            uncertain = isinstance(error, UnreachableError) and error.wrote
            code = grpc.StatusCode.UNKNOWN if uncertain else grpc.StatusCode.FAILED_PRECONDITION
            abort(context, code, str(error), secret_in=secret_in)


def _settings(args: Map) -> dict[str, str]:
    """Read provider configuration: every value is text, JSON where it was an object or a switch."""
    plain: Map = reveal(args)
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in plain.items()
        if value is not None and key != "version"
    }


def _token(request: provider_pb2.CheckRequest | provider_pb2.DeleteRequest | provider_pb2.ReadRequest) -> str:
    return request.type or urns.type_of(request.urn)


def _refuse(context: grpc.ServicerContext, what: str) -> NoReturn:
    abort(
        context,
        grpc.StatusCode.UNIMPLEMENTED,
        f"{what} of the Kubernetes provider is not supported by its stand-in. Nothing was changed. "
        "Run this program with Pulumi's own engine and provider",
    )
