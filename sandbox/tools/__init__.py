"""What the sandbox compiles from Go modules: each folder here has a tool-only `go.mod` that pins what is had from it.

How it is compiled is in `sandbox.cluster.building.compiling`. Nothing here starts anything.
"""

from collections.abc import Sequence
from pathlib import Path

from sandbox.cluster.building.compiling import Command

_HERE = Path(__file__).parent
_PULUMI = _HERE / "pulumi"
_PROVIDERS = _HERE / "provider"
_PULUMI_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_CLOUDS = (
    "cloud.google.com/go/...",
    "github.com/Azure/...",
    "github.com/aws/...",
    "github.com/envoyproxy/...",
    "github.com/pb33f/...",
)
"""Clients of clouds and of formats that come with the engine, and that the sandbox does not use."""


def _kubernetes(version: str) -> Sequence[str]:
    """The version goes in through the linker, as in a release of Kubernetes."""
    major, minor, _ = version.removeprefix("v").split(".")
    said = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    variables = [f"-X {package}.{name}={value}" for package in packages for name, value in said.items()]
    return _options(*variables)


def _options(*linker: str, plain: Sequence[str] = ()) -> Sequence[str]:
    """Options for what takes the least time to compile: without debug information, which is not linked either.

    Args:
        linker: what the linker is told beside that.
        plain: patterns of packages that are compiled without optimisation: nothing that they do takes time at run time.
    """
    compiler = ["all=-dwarf=false", *(f"{pattern}=-dwarf=false -N -l" for pattern in plain)]
    return [*(f"-gcflags={each}" for each in compiler), f"-ldflags={' '.join(['-s', '-w', *linker])}"]


KUBERNETES = Command(
    name="Kubernetes",
    seconds=300,
    tools=_HERE / "kubernetes",
    module="k8s.io/kubernetes",
    packages=tuple(
        f"k8s.io/kubernetes/cmd/{each}"
        for each in ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet")
    ),
    options=_kubernetes,
)
PULUMI = Command(
    name="Pulumi's engine",
    seconds=230,
    tools=_PULUMI,
    module="github.com/pulumi/pulumi/pkg/v3",
    packages=("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",),
    options=lambda version: _options(f"-X {_PULUMI_VERSION}={version}", plain=_CLOUDS),
)
LANGUAGE_HOST = Command(
    name="the language host for Pulumi's engine",
    seconds=30,
    tools=_PULUMI,
    module="github.com/pulumi/pulumi/sdk/v3",
    packages=("./pulumi-language-python",),
    options=lambda version: _options(f"-X {_PULUMI_VERSION}={version}", plain=_CLOUDS),
    beside=("python/cmd/pulumi-language-python-exec",),
)
KUBERNETES_PROVIDER = Command(
    name="Pulumi's Kubernetes provider",
    seconds=490,
    tools=_PROVIDERS,
    module=_PROVIDER,
    packages=("./pulumi-resource-kubernetes",),
    options=lambda version: _options(
        f"-X main.version={version}", plain=["github.com/pulumi/pulumi-kubernetes/sdk/v4/...", *_CLOUDS]
    ),
    beside=("cmd/pulumi-resource-kubernetes/schema.json",),
)


def _prometheus(command: str) -> Command:
    return Command(
        name=command,
        seconds=110,
        tools=_PROVIDERS,
        module="github.com/prometheus/prometheus",
        packages=(f"github.com/prometheus/prometheus/cmd/{command}",),
        # Of its thirty ways to find targets, each with a cloud's SDK, the sandbox needs one: half the time to compile.
        options=lambda version: [
            "-tags=remove_all_sd,enable_kubernetes_sd",
            *_options(f"-X github.com/prometheus/common/version.Version={version}", plain=_CLOUDS),
        ],
    )


PROMETHEUS = _prometheus("prometheus")
PROMTOOL = _prometheus("promtool")
METRICS_SERVER = Command(
    name="metrics-server",
    seconds=130,
    tools=_HERE / "metrics",
    module="sigs.k8s.io/metrics-server",
    packages=("sigs.k8s.io/metrics-server/cmd/metrics-server",),
    options=lambda version: _options(f"-X k8s.io/client-go/pkg/version.gitVersion={version}"),
)
OASDIFF = Command(
    name="oasdiff",
    tools=_HERE / "oasdiff",
    module="github.com/oasdiff/oasdiff",
    packages=("github.com/oasdiff/oasdiff",),
    options=lambda version: _options(f"-X github.com/oasdiff/oasdiff/build.Version={version}"),
)
ACTIONLINT = Command(
    name="actionlint",
    tools=_HERE / "actionlint",
    module="github.com/rhysd/actionlint",
    packages=("github.com/rhysd/actionlint/cmd/actionlint",),
    options=lambda version: _options(f"-X github.com/rhysd/actionlint.version={version}"),
)
TOOLS = {"actionlint": ACTIONLINT, "oasdiff": OASDIFF, "promtool": PROMTOOL}
"""What is not part of a sandbox, or is of use without one: `python -m sandbox compile NAME`."""
