"""Policy packs: programs that judge resources before they are touched, and the whole stack before anything is.

Each runs as a process of its own (`python -m pulumi.policy`) and speaks `pulumirpc.Analyzer`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from sandbox.engine import urns
from sandbox.engine.children import Child, start_child
from sandbox.engine.errors import EngineError
from sandbox.engine.model import OperationFailedError
from sandbox.engine.policyconfig import read_config, reconciled
from sandbox.engine.protocol import CHANNEL_OPTIONS, ask
from sandbox.engine.report import Violation
from sandbox.engine.values import to_struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.protobuf.message import Message

    from sandbox.engine.model import Context, Goal
    from sandbox.engine.report import Reporter
    from sandbox.engine.state import ResourceState

_GRACE: Final = 2.0
"""Seconds a policy pack gets to end by itself."""


class Analyzers:
    """The policy packs of one run."""

    def __init__(self, reporter: Reporter) -> None:
        """Judge nothing until packs are started."""
        self._reporter = reporter
        self._packs: list[tuple[analyzer_pb2_grpc.AnalyzerStub, grpc.aio.Channel, Child]] = []
        self._starting: asyncio.Future[list[None]] | None = None
        self.versions: dict[str, str] = {}
        self.violated = False

    def start(self, packs: Mapping[str, str | None], context: Context, engine_address: str) -> None:
        """Start the packs in these folders, each with its config file if it has one; `ready` tells when they are."""
        settings = {
            "PULUMI_PROJECT": context.project,
            "PULUMI_STACK": context.stack,
            "PULUMI_ORGANIZATION": "organization",
            "PULUMI_DRY_RUN": str(context.dry_run).lower(),
            "PULUMI_CONFIG": json.dumps(context.config),
        }
        configure = analyzer_pb2.AnalyzerStackConfigureRequest(
            stack=context.stack,
            project=context.project,
            organization="organization",
            dry_run=context.dry_run,
            config=context.config,
            config_secret_keys=context.secret_keys,
        )

        async def start_one(folder: str, config: str | None) -> None:
            root = Path(folder)
            given = read_config(config) if config else {}
            if not (root / "PulumiPolicy.yaml").is_file():
                raise EngineError(f"{folder} holds no PulumiPolicy.yaml, so it is no policy pack; nothing was done")
            child = await start_child(
                [sys.executable, "-m", "pulumi.policy", engine_address, str(root)],
                env={**os.environ, **settings},
                cwd=str(root),
            )
            channel = grpc.aio.insecure_channel(f"127.0.0.1:{await child.first_line()}", options=CHANNEL_OPTIONS)
            stub = analyzer_pb2_grpc.AnalyzerStub(channel)
            self._packs.append((stub, channel, child))
            await ask(stub, "ConfigureStack", configure, analyzer_pb2.AnalyzerStackConfigureResponse)
            info = await ask(stub, "GetAnalyzerInfo", empty_pb2.Empty(), analyzer_pb2.AnalyzerInfo)
            await ask(stub, "Configure", reconciled(info, given), empty_pb2.Empty)
            self.versions[info.name] = info.version

        self._starting = asyncio.gather(*(start_one(folder, config) for folder, config in packs.items()))

    async def ready(self) -> None:
        """Wait until the packs can judge.

        Raises:
            EngineError: one of them is no policy pack, or did not start.
        """
        if self._starting is not None:
            await asyncio.shield(self._starting)

    async def analyze(self, state: ResourceState, goal: Goal, aliases: Sequence[str]) -> bool:
        """Judge one resource by its checked inputs; False if it must not be made so.

        `aliases` is, as with Pulumi's own, the URN that it had so far, if an alias told.
        """
        try:
            await self.ready()
        except EngineError as error:
            raise OperationFailedError("") from error  # whoever started the packs tells it, once
        if not self._packs:
            return True
        request = analyzer_pb2.AnalyzeRequest(
            type=state.type,
            properties=to_struct(state.inputs),
            urn=state.urn,
            name=urns.name_of(state.urn),
            options=_options(state, aliases, goal.delete_before_replace),
        )
        return not self._tell(await self._ask_all("Analyze", request), state.urn)

    async def analyze_stack(self, states: Sequence[ResourceState]) -> bool:
        """Judge the whole stack as it is planned; False if it must not be made so."""
        if not self._packs:
            return True
        request = analyzer_pb2.AnalyzeStackRequest(
            resources=[
                analyzer_pb2.AnalyzerResource(
                    type=state.type,
                    properties=to_struct(state.outputs or state.inputs),
                    urn=state.urn,
                    name=urns.name_of(state.urn),
                    options=_options(state, state.aliases),
                    parent=state.parent,
                    dependencies=state.dependencies,
                    propertyDependencies={
                        key: analyzer_pb2.AnalyzerPropertyDependencies(urns=deps)
                        for key, deps in state.property_dependencies.items()
                    },
                )
                for state in states
            ]
        )
        return not self._tell(await self._ask_all("AnalyzeStack", request), "")

    async def _ask_all(self, method: str, request: Message) -> list[analyzer_pb2.AnalyzeResponse]:
        calls = (ask(stub, method, request, analyzer_pb2.AnalyzeResponse) for stub, _, _ in self._packs)
        try:
            return await asyncio.gather(*calls)
        except grpc.aio.AioRpcError as error:
            raise EngineError(
                f"a policy pack could not judge, so nothing it judges is made: {error.details()}"
            ) from error

    def _tell(self, answers: Sequence[analyzer_pb2.AnalyzeResponse], urn: str) -> bool:
        violated = False
        for answer in answers:
            for found in answer.diagnostics:
                # A policy that would remediate is mandatory here: nothing is changed behind the program's back.
                mandatory = found.enforcementLevel in (analyzer_pb2.MANDATORY, analyzer_pb2.REMEDIATE)
                violated = violated or mandatory
                self._reporter.violated(
                    Violation(
                        found.policyPackName,
                        found.policyPackVersion,
                        found.policyName,
                        found.message,
                        mandatory,
                        found.urn or urn,
                    )
                )
        self.violated = self.violated or violated
        return violated

    async def close(self) -> None:
        """Stop the packs."""
        for _, channel, child in self._packs:
            await channel.close()
            await child.stop(_GRACE)


def _options(
    state: ResourceState,
    aliases: Sequence[str],
    delete_before_replace: bool | None = None,  # noqa: FBT001 - a resource option with three values
) -> analyzer_pb2.AnalyzerResourceOptions:
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=state.protect,
        ignoreChanges=state.ignore_changes,
        deleteBeforeReplace=bool(delete_before_replace),
        deleteBeforeReplaceDefined=delete_before_replace is not None,
        additionalSecretOutputs=state.additional_secret_outputs,
        aliases=aliases,
        customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts(**state.custom_timeouts),
        parent=state.parent,
    )
