"""Which `pulumi` a sandbox has: the machine's own where there is one, else Pulumi's engine compiled from its modules.

The same of its Kubernetes provider. The aws provider is a stand-in (`sandbox.providers.aws`), since Pulumi's is in no
module. The engine finds all of them on PATH.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.cluster.building.compiling import Command
from sandbox.cluster.building.golang import numbers
from sandbox.cluster.progress import Steps
from sandbox.tools import KUBERNETES_PROVIDER, LANGUAGE_HOST, PULUMI

OLDEST = "3.250.0"
"""The first version of Pulumi whose hooks behave as the program expects."""
AWS_PROVIDER = "pulumi-resource-aws"
_PROVIDER = "pulumi-resource-kubernetes"
_AWS_STAND_IN = """\
#!/bin/sh
# The sandbox's aws provider: a stand-in over boto3 against moto, for Pulumi's is in no module.
exec {python} -m sandbox.providers.aws "$@"
"""


def wanted(steps: Steps) -> Sequence[Command]:
    """What has to be compiled for a sandbox to have an engine and a Kubernetes provider: nothing, where it has both."""
    engine = () if installed(steps) else (PULUMI, LANGUAGE_HOST)
    provider = () if shutil.which(_PROVIDER) or _has_plugin() else (KUBERNETES_PROVIDER,)
    return (*engine, *provider)


def installed(steps: Steps | None = None) -> Path | None:
    """The machine's own `pulumi`, if it is new enough; `steps` is told of one that is not."""
    found = shutil.which("pulumi")
    if found is None:
        return None
    answer = subprocess.run([found, "version"], check=False, capture_output=True, text=True)  # noqa: S603 - found on PATH
    version = answer.stdout.strip()
    if re.fullmatch(r"v\d+\.\d+\.\d+\S*", version) and numbers(version) >= numbers(OLDEST):
        return Path(found)
    if steps:
        steps.say(f"{found} is Pulumi {version or 'of no version'}, older than {OLDEST}: {PULUMI.version} is compiled")
    return None


def plugins() -> Path:
    """Where the machine's own `pulumi` keeps its plugins."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"


def _has_plugin() -> bool:
    return any(plugins().glob(f"resource-kubernetes-v*/{_PROVIDER}"))


def write_stand_in(folder: Path) -> None:
    """Put the aws stand-in into a sandbox's folder of commands."""
    command = folder / AWS_PROVIDER
    command.write_text(_AWS_STAND_IN.format(python=sys.executable))
    command.chmod(0o755)
