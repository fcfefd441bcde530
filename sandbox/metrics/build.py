"""Which metrics-server the sandbox runs. How it is run is in `sandbox.cluster.components`."""

from pathlib import Path

from sandbox.cluster.compiling import ToolModule

METRICS_SERVER = ToolModule(
    name="metrics-server",
    tools=Path(__file__).parent / "tools",
    path="sigs.k8s.io/metrics-server",
    commands=("metrics-server",),
    options=lambda version: [f"-ldflags=-s -w -X k8s.io/client-go/pkg/version.gitVersion={version}"],
)
