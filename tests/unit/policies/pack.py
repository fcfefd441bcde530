"""The real pack as a process, asked as an engine asks it."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

FOLDER = Path(__file__).parents[3] / "policies"
NOWHERE = "127.0.0.1:1"
"""The engine's address: it is only asked to log, and the pack has nothing to log."""

_LEVELS: Final = {"advisory": analyzer_pb2.ADVISORY, "disabled": analyzer_pb2.DISABLED}

Diagnostics = Sequence[analyzer_pb2.AnalyzeDiagnostic]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One diagnostic of the pack."""

    policy: str
    message: str
    urn: str
    mandatory: bool


class Pack:
    """A running pack."""

    def __init__(self) -> None:
        """Start it, as an engine does."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pulumi.policy", NOWHERE, str(FOLDER)],
            env={
                **os.environ,
                "PULUMI_PROJECT": "teal",
                "PULUMI_STACK": "production",
                "PULUMI_DRY_RUN": "true",
                "PULUMI_CONFIG": "{}",
            },
            cwd=FOLDER,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        assert port, f"the pack ended with status {self._process.wait()} before it said its port"
        self._answers: dict[tuple[bytes, bytes], Diagnostics] = {}
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._stub: Any = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        self.info: analyzer_pb2.AnalyzerInfo = self._stub.GetAnalyzerInfo(empty_pb2.Empty())

    def judge(
        self, graph: Sequence[analyzer_pb2.AnalyzerResource], config: Mapping[str, Any] | None = None
    ) -> list[Violation]:
        """What it says of a graph: of each resource in its order, then of all of them."""
        configured = self._configured(config or {})
        self._stub.Configure(configured)
        found = [
            (diagnostic, each.urn)
            for each in graph
            for diagnostic in self._analyze(each, configured.SerializeToString(deterministic=True))
        ]
        whole = self._stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=graph))
        return [_violation(*each) for each in (*found, *((diagnostic, "") for diagnostic in whole.diagnostics))]

    def _configured(self, config: Mapping[str, Any]) -> analyzer_pb2.ConfigureAnalyzerRequest:
        """What an engine sends: the pack's levels and defaults, then what is set for all policies, and for each."""
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for policy in self.info.policies:
            schema: dict[str, Any] = MessageToDict(policy.configSchema.properties)
            settings = {name: each["default"] for name, each in schema.items()}
            settings |= config.get("all", {}) | config.get(policy.name, {})
            level: str | None = settings.pop("enforcementLevel", None)
            sent = request.policyConfig[policy.name]
            sent.enforcementLevel = _LEVELS[level] if level else policy.enforcementLevel
            sent.properties.update(settings)
        return request

    def _analyze(self, each: analyzer_pb2.AnalyzerResource, configured: bytes) -> Diagnostics:
        """What it says of one resource; asked once for the same one, since a pack remembers nothing."""
        request = analyzer_pb2.AnalyzeRequest(
            type=each.type, name=each.name, urn=each.urn, properties=each.properties, options=each.options
        )
        key = configured, request.SerializeToString(deterministic=True)
        if key not in self._answers:
            self._answers[key] = list(self._stub.Analyze(request).diagnostics)
        return self._answers[key]

    def stop(self) -> None:
        """End it."""
        self._channel.close()
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()


def _violation(diagnostic: analyzer_pb2.AnalyzeDiagnostic, urn: str) -> Violation:
    return Violation(
        policy=diagnostic.policyName,
        message=diagnostic.message,
        urn=diagnostic.urn or urn,
        mandatory=diagnostic.enforcementLevel == analyzer_pb2.MANDATORY,
    )


def names(violations: Iterable[Violation]) -> set[str]:
    """Of the policies that were violated."""
    return {each.policy for each in violations if each.mandatory}
