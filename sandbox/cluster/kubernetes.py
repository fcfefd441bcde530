"""Which Kubernetes the sandbox runs: its commands, and how they are compiled."""

from collections.abc import Sequence
from pathlib import Path

from sandbox.cluster.compiling import ToolModule


def _options(version: str) -> Sequence[str]:
    """The version goes in through the linker, as in a release of Kubernetes."""
    major, minor, _ = version.removeprefix("v").split(".")
    said = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    variables = [f"-X {package}.{name}={value}" for package in packages for name, value in said.items()]
    return [f"-ldflags={' '.join(['-s', '-w', *variables])}"]


KUBERNETES = ToolModule(
    name="Kubernetes",
    tools=Path(__file__).parent / "tools",
    path="k8s.io/kubernetes",
    commands=("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"),
    options=_options,
)
