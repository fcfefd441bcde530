"""Where a demo takes place: the stack's own config file, the host, the versions. No step of the demo itself."""

from __future__ import annotations

import json
import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML

from sandbox.cluster.environment import WORK_TREE
from sandbox.report.model import Host

if TYPE_CHECKING:
    from sandbox.cluster.environment import Sandbox
    from sandbox.demo.user import User

STACK: Final = "demo"
NAMESPACE: Final = "teal-demo"
_EXAMPLE: Final = WORK_TREE / "stacks" / "Pulumi.sandbox.yaml"
_FIRST_PORT: Final = 90  # within the sandbox's range, and not the example stack's, which may be up beside the demo
_GIB: Final = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A stack that can be had again and again: the example's config with a namespace and doors of its own."""

    config: Path
    service: str  # the one whose traffic is watched
    repository: str  # of its image, without the tag

    @classmethod
    def prepare(cls, sandbox: Sandbox) -> Setting:
        """Write the stack's config file, as blue 1.0.0 and nothing else; the work tree's files are only read."""
        yaml = YAML()
        document: dict[str, Any] = yaml.load(_EXAMPLE)  # pyright: ignore[reportUnknownMemberType] - untyped library
        config = document["config"]
        service, settings = next(iter(config["teal:services"].items()))
        first = sandbox.ports[0] + _FIRST_PORT
        config["teal:namespace"] = NAMESPACE
        settings["frontDoor"]["nodePort"] = first
        settings["previewDoor"]["nodePorts"] = {"blue": first + 1, "green": first + 2}
        folder = sandbox.root / STACK
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"Pulumi.{STACK}.yaml"
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)  # pyright: ignore[reportUnknownMemberType] - untyped library
        repository, _, _ = config["teal:blue"][service]["image"].rpartition(":")
        return cls(config=path, service=service, repository=repository)


def host() -> Host:
    """Describe the machine without naming it."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Host(
        cores=os.cpu_count() or 0,
        load_average=round(os.getloadavg()[0], 1),
        memory_gib=round(pages * size / _GIB, 1),
        kernel=platform.release(),
        system=platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        python=platform.python_version(),
    )


def versions(user: User) -> dict[str, str]:
    """Ask the commands and the packages what they are."""
    kubernetes = json.loads(user.kubectl("version", "-o", "json"))
    return {
        "kubernetes": kubernetes["serverVersion"]["gitVersion"],
        "kubectl": kubernetes["clientVersion"]["gitVersion"],
        **{name: version(name) for name in ("pulumi", "pulumi-kubernetes")},
    }


def engine(user: User) -> str:
    """Say which engine the `pulumi` of the sandbox is."""
    asked = user.pulumi("version", check=False)
    said = asked.output.strip() if asked.status == 0 else "version unknown"
    command = shutil.which("pulumi", path=user.sandbox.environ()["PATH"])
    own = (
        command is not None and Path(command).resolve().parent == (user.sandbox.root / "bin").resolve()
    )  # a real one is linked there
    return f"teal's embedded engine, {said}" if own else f"Pulumi {said}"
