"""The services a program speaks to: `ResourceMonitor` (what it wants) and `Engine` (what it says).

Only translation: what registrations come to is `deployment.py`'s. Calls that this engine does not serve are refused by
name, so that a program fails where it asks and not later in a riddle.
"""

# ruff: noqa: ARG002, N802 - the protocol names the methods, and gives each a request and a context

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from sandbox.engine.errors import EngineError
from sandbox.engine.executor import CancelledRunError
from sandbox.engine.model import Goal, Result
from sandbox.engine.values import Properties, contains_unknown, from_struct, reveal_properties, secret, to_struct

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from sandbox.engine.deployment import Deployment
    from sandbox.engine.report import Reporter, Severity

    Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]

FEATURES: Final = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    "resourceHooks": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
}
"""What the SDK may rely on, by the names of `SupportsFeature` and those of `GetDeploymentInfo`."""

_RESULTS: Final = {
    Result.SUCCESS: resource_pb2.SUCCESS,
    Result.FAILED: resource_pb2.FAIL,
    Result.SKIPPED: resource_pb2.FAIL,  # to the program it is the same: the resource is not there
}

_SEVERITIES: Final[dict[int, Severity]] = {
    engine_pb2.DEBUG: "debug",
    engine_pb2.INFO: "info",
    engine_pb2.WARNING: "warning",
    engine_pb2.ERROR: "error",
}


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Serves one program of one run."""

    def __init__(self, deployment: Deployment) -> None:
        """Hand what the program asks for to this deployment."""
        self._deployment = deployment
        self.declared_all = asyncio.Event()

    async def GetDeploymentInfo(self, request: empty_pb2.Empty, context: Context) -> resource_pb2.DeploymentInfo:
        """Tell the program what it takes part in."""
        run = self._deployment.context
        return resource_pb2.DeploymentInfo(
            project=run.project,
            stack=run.stack,
            organization="organization",
            config=run.config,
            configSecretKeys=run.secret_keys,
            dryRun=run.dry_run,
            parallel=run.parallel,
            supportedFeatures=list(FEATURES.values()),
        )

    async def SupportsFeature(
        self, request: resource_pb2.SupportsFeatureRequest, context: Context
    ) -> resource_pb2.SupportsFeatureResponse:
        """Answer the older way of asking for features."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in FEATURES)

    async def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest, context: Context
    ) -> resource_pb2.RegisterResourceResponse:
        """Make a resource what the program wants it to be."""
        try:
            outcome = await self._deployment.tracked(self._deployment.register(Goal.from_request(request)))
        except EngineError as error:
            await self._refuse(context, error)
        if outcome.result is not Result.SUCCESS and not request.supportsResultReporting:
            await context.abort(grpc.StatusCode.INTERNAL, "resource registration failed")
        # A component's outputs come from the program itself, by RegisterResourceOutputs.
        outputs = outcome.state.outputs if request.custom and outcome.result is Result.SUCCESS else {}
        if not request.supportsPartialValues:
            outputs = {key: value for key, value in outputs.items() if not contains_unknown(value)}
        return resource_pb2.RegisterResourceResponse(
            urn=outcome.state.urn,
            id=outcome.state.id,
            object=to_struct(outputs if request.acceptSecrets else reveal_properties(outputs)),
            result=_RESULTS[outcome.result],
        )

    async def RegisterResourceOutputs(
        self, request: resource_pb2.RegisterResourceOutputsRequest, context: Context
    ) -> empty_pb2.Empty:
        """Record the outputs of a component or of the stack."""
        try:
            await self._deployment.tracked(self._deployment.outputs(request.urn, from_struct(request.outputs)))
        except EngineError as error:
            await self._refuse(context, error)
        return empty_pb2.Empty()

    async def ReadResource(
        self, request: resource_pb2.ReadResourceRequest, context: Context
    ) -> resource_pb2.ReadResourceResponse:
        """Read a resource that somebody else manages."""
        if request.type.startswith("pulumi:pulumi:"):
            await self._unsupported(context, f"reading {request.type}")
        goal = Goal(
            type=request.type,
            name=request.name,
            parent=request.parent,
            provider=request.provider,
            version=request.version,
            inputs=from_struct(request.properties),
            dependencies=list(request.dependencies),
        )
        try:
            state = await self._deployment.tracked(self._deployment.read(goal, request.id))
        except EngineError as error:
            await self._refuse(context, error)
        outputs: Properties = dict(state.outputs)
        for key in request.additionalSecretOutputs:
            if key in outputs:
                outputs[key] = secret(outputs[key])
        return resource_pb2.ReadResourceResponse(
            urn=state.urn, properties=to_struct(outputs if request.acceptSecrets else reveal_properties(outputs))
        )

    async def Invoke(
        self, request: resource_pb2.ResourceInvokeRequest, context: Context
    ) -> resource_pb2.ResourceInvokeResponse:
        """Call a function of a provider."""
        if request.tok.startswith("pulumi:pulumi:"):
            await self._unsupported(context, f"the function {request.tok}")
        try:
            client = await self._deployment.resolver.for_function(request.tok, request.version, request.provider)
            answer = await client.invoke(
                request.tok, from_struct(request.args), preview=self._deployment.context.dry_run
            )
        except EngineError as error:
            await self._refuse(context, EngineError(f"invocation of {request.tok} returned an error: {error}"))
        response = resource_pb2.ResourceInvokeResponse(failures=answer.failures)
        getattr(response, "return").CopyFrom(getattr(answer, "return"))  # `return` is a Python keyword
        return response

    async def RegisterResourceHook(
        self, request: resource_pb2.RegisterResourceHookRequest, context: Context
    ) -> empty_pb2.Empty:
        """Remember a hook of the program."""
        try:
            self._deployment.hooks.register(request)
        except EngineError as error:
            await self._refuse(context, error)
        return empty_pb2.Empty()

    async def SignalAndWaitForShutdown(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        """The program declared all it has to; it stays alive for its hooks until the run is over."""
        self.declared_all.set()
        await self._deployment.tracked(self._deployment.finish())
        return empty_pb2.Empty()

    async def Call(self, request: resource_pb2.ResourceCallRequest, context: Context) -> NoReturn:
        """Refuse methods of remote components."""
        await self._unsupported(context, f"the method {request.tok}")

    async def RegisterStackTransform(self, request: object, context: Context) -> NoReturn:
        """Refuse stack transforms."""
        await self._unsupported(context, "a stack transform")

    async def RegisterStackInvokeTransform(self, request: object, context: Context) -> NoReturn:
        """Refuse invoke transforms."""
        await self._unsupported(context, "an invoke transform")

    async def RegisterErrorHook(self, request: resource_pb2.RegisterErrorHookRequest, context: Context) -> NoReturn:
        """Refuse error hooks."""
        await self._unsupported(context, f"the error hook {request.name!r}")

    async def RegisterPackage(self, request: resource_pb2.RegisterPackageRequest, context: Context) -> NoReturn:
        """Refuse parameterised packages."""
        await self._unsupported(context, f"the parameterised package {request.name!r}")

    async def _unsupported(self, context: Context, what: str) -> NoReturn:
        await self._refuse(
            context, EngineError(f"{what} is not supported by the embedded engine; use Pulumi's own engine for this")
        )

    async def _refuse(self, context: Context, error: EngineError) -> NoReturn:
        if isinstance(error, CancelledRunError):
            await context.abort(grpc.StatusCode.UNAVAILABLE, "resource monitor shut down")
        self._deployment.errors.append(str(error))
        await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise AssertionError("abort raises")


class Engine(engine_pb2_grpc.EngineServicer):
    """Where programs and providers say things."""

    def __init__(self, reporter: Reporter) -> None:
        """Pass on to this reporter."""
        self._reporter = reporter
        self._root = ""
        self.errors = 0

    async def Log(self, request: engine_pb2.LogRequest, context: Context) -> empty_pb2.Empty:
        """Pass on a message; one of severity ERROR fails the run."""
        if request.severity == engine_pb2.ERROR:
            self.errors += 1
        self._reporter.diagnostic(
            _SEVERITIES[request.severity], request.message, request.urn, ephemeral=request.ephemeral
        )
        return empty_pb2.Empty()

    async def GetRootResource(self, request: object, context: Context) -> engine_pb2.GetRootResourceResponse:
        """The stack, once the program declared it."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    async def SetRootResource(
        self, request: engine_pb2.SetRootResourceRequest, context: Context
    ) -> engine_pb2.SetRootResourceResponse:
        """Remember the stack."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    async def RequirePulumiVersion(
        self, request: engine_pb2.RequirePulumiVersionRequest, context: Context
    ) -> engine_pb2.RequirePulumiVersionResponse:
        """Accept: a program that asks for a version of Pulumi's engine is rehearsed on this one all the same."""
        return engine_pb2.RequirePulumiVersionResponse()
