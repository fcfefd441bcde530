"""Which provider manages a resource: the one it names, its parent's, or the engine's own for the package."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sandbox.engine import urns
from sandbox.engine.model import Goal, OperationFailedError, Result
from sandbox.engine.registry import ProviderResources, Registry
from sandbox.engine.values import Properties, secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.engine.identity import Identities
    from sandbox.engine.model import Context, Outcome
    from sandbox.engine.operations import Operations
    from sandbox.engine.plugin import PluginClient
    from sandbox.engine.state import ResourceState


class Resolver:
    """Finds providers, and declares the default ones on first use."""

    def __init__(
        self,
        context: Context,
        registry: Registry,
        *,
        identities: Identities,
        olds: list[ResourceState],
        register: Callable[[Goal], Awaitable[Outcome]],
    ) -> None:
        """Look among what is declared in this run, then among the old states. `register` declares a resource."""
        self._context = context
        self._registry = registry
        self._identities = identities
        self._olds = olds
        self._register = register
        self._resources = ProviderResources(registry)
        self._defaults: dict[str, asyncio.Future[str]] = {}

    async def provider_of(self, state: ResourceState) -> Operations | None:
        """Who manages a resource; None for components.

        Raises:
            EngineError: the provider is not known, or cannot be started.
        """
        if not state.custom:
            return None
        if urns.is_provider(state.type):
            return self._resources
        if (client := self._registry.get(state.provider)) is not None:
            return client
        urn, id_ = urns.split_reference(state.provider)
        for candidate in (self._identities.current(urn), *self._olds):
            if candidate is not None and candidate.urn == urn and candidate.id == id_:
                return await self._registry.ensure(candidate)
        raise _unknown(state.provider, state.urn)

    async def reference(self, goal: Goal, parent: Goal | None) -> str:
        """The reference of the provider a goal is to be managed by."""
        package = urns.package_of(goal.type)
        named = goal.provider or goal.providers.get(package) or (parent.providers.get(package) if parent else None)
        return named or await self._default(package, goal.version)

    async def for_function(self, token: str, version: str, reference: str) -> PluginClient:
        """The provider that a function call goes to.

        Raises:
            EngineError: the provider is not known, or cannot be started.
        """
        reference = reference or await self._default(urns.package_of(token), version)
        client = self._registry.get(reference)
        if client is None:
            raise _unknown(reference, token)
        return client

    async def _default(self, package: str, version: str) -> str:
        """The engine's own provider resource for a package, named as Pulumi names it (`default_4_34_2`)."""
        key = f"{package}@{version}"
        if key in self._defaults:
            return await asyncio.shield(self._defaults[key])
        promise = self._defaults[key] = asyncio.get_running_loop().create_future()
        name = "default" + ("_" + version.replace(".", "_") if version else "")
        inputs = self._configuration(package, version)
        outcome = await self._register(Goal(type=urns.PROVIDER_PREFIX + package, name=name, inputs=inputs))
        if outcome.result is Result.SUCCESS:
            promise.set_result(urns.reference(outcome.state.urn, outcome.state.id))
        else:
            promise.set_exception(OperationFailedError(f"the provider of package {package!r} could not be configured"))
        return await promise

    def _configuration(self, package: str, version: str) -> Properties:
        """The stack's config for a package: `kubernetes:context` configures the default kubernetes provider."""
        prefix, secret_keys = f"{package}:", self._context.secret_keys
        inputs: Properties = {
            key.removeprefix(prefix): secret(value) if key in secret_keys else value
            for key, value in self._context.config.items()
            if key.startswith(prefix)
        }
        return {**inputs, "version": version} if version else inputs


def _unknown(reference: str, whose: str) -> OperationFailedError:
    return OperationFailedError(
        f"{whose} names the provider {reference!r}, which is neither declared nor in the state; it was left alone; "
        "declare the provider before it"
    )
