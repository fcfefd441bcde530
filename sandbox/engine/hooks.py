"""Resource hooks: functions of the program that the engine calls around operations.

A failing hook before an operation prevents it. A failing one after it cannot undo anything: the state is recorded and
the update fails. In a preview only hooks that ask for it run, and only for resources that would change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from sandbox.engine import urns
from sandbox.engine.errors import EngineError
from sandbox.engine.model import HOOK_KINDS, OperationFailedError
from sandbox.engine.protocol import CHANNEL_OPTIONS, ask
from sandbox.engine.values import to_struct

if TYPE_CHECKING:
    from sandbox.engine.report import Reporter
    from sandbox.engine.state import ResourceState


@dataclass(frozen=True)
class _Hook:
    name: str
    token: str
    target: str
    on_dry_run: bool
    ignore_errors: bool


class Hooks:
    """The hooks a program registered, by name."""

    def __init__(self, reporter: Reporter, *, dry_run: bool, silent: bool = False) -> None:
        """Know none yet. `silent`: run none, for a plan that is made only to be judged."""
        self._silent = silent
        self._reporter = reporter
        self._dry_run = dry_run
        self._hooks: dict[str, _Hook] = {}
        self._channels: dict[str, grpc.aio.Channel] = {}

    def register(self, request: resource_pb2.RegisterResourceHookRequest) -> None:
        """Remember a hook.

        Raises:
            EngineError: there is one of this name already.
        """
        if request.name in self._hooks:
            raise EngineError(f"resource hook already registered for name {request.name!r}")
        loose: Any = request  # the stubs' annotations of imported messages do not resolve
        self._hooks[request.name] = _Hook(
            request.name, loose.callback.token, loose.callback.target, request.on_dry_run, request.ignore_errors
        )

    async def run(self, kind: str, old: ResourceState | None, new: ResourceState | None) -> None:
        """Run the hooks of one kind (`before_update`) one after the other; the first failure ends it.

        Raises:
            OperationFailedError: a hook failed, or is not registered (a deletion without the program, say).
        """
        subject = new or old
        if subject is None or self._silent:
            return
        for name in subject.resource_hooks.get(HOOK_KINDS[kind], ()):
            hook = self._hooks.get(name)
            if hook is None:
                raise OperationFailedError(f"hook {name!r} was not registered")
            if self._dry_run and not hook.on_dry_run:
                continue
            if error := await self._call(hook, _request(kind, subject, old, new)):
                if hook.ignore_errors:
                    self._reporter.diagnostic("warning", f"{kind} hook {name!r} failed: {error}", subject.urn)
                    continue
                raise OperationFailedError(f'{kind.partition("_")[0]} hook "{name}" failed: {error}')

    async def _call(self, hook: _Hook, request: resource_pb2.ResourceHookRequest) -> str:
        channel = self._channels.get(hook.target)
        if channel is None:
            channel = self._channels[hook.target] = grpc.aio.insecure_channel(hook.target, options=CHANNEL_OPTIONS)
        try:
            answer = await ask(
                callback_pb2_grpc.CallbacksStub(channel),
                "Invoke",
                callback_pb2.CallbackInvokeRequest(token=hook.token, request=request.SerializeToString()),
                callback_pb2.CallbackInvokeResponse,
            )
        except grpc.aio.AioRpcError as error:
            return f"the program could not run it: {error.details()}"
        return resource_pb2.ResourceHookResponse.FromString(answer.response).error

    async def close(self) -> None:
        """Let go of the program."""
        for channel in self._channels.values():
            await channel.close()


def _request(
    kind: str, subject: ResourceState, old: ResourceState | None, new: ResourceState | None
) -> resource_pb2.ResourceHookRequest:
    """Which of the old and new inputs and outputs a hook sees is Pulumi's table (pulumi.ResourceHookArgs)."""
    return resource_pb2.ResourceHookRequest(
        urn=subject.urn,
        id=subject.id,
        name=urns.name_of(subject.urn),
        type=subject.type,
        new_inputs=to_struct(new.inputs) if new else None,
        old_inputs=to_struct(old.inputs) if old else None,
        new_outputs=to_struct(new.outputs) if new and kind.startswith("after_") else None,
        old_outputs=to_struct(old.outputs) if old else None,
    )
