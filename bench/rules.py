"""How long a flip behind a load balancer takes by `pulumi up`, beside `terraform apply` of the same rule changes.

Against the same stand-in for AWS, in turns in one run. teal's is all of it but waiting: its gates, the writes, the
record; the bake asks once, and nothing settles. Terraform's proves nothing, and has no cluster to read.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sandbox.cluster.environment import Sandbox
from sandbox.cluster.progress import Steps
from sandbox.demo.setting import Router, Setting, network
from sandbox.demo.user import User

STACK = "rules"
_CLIENTS = ("terraform", "tofu")
_RULES = Path(__file__).with_name("rules.tf")
_INIT_SECONDS = 120
_PRIORITIES = (100, 200)
_GREEN = "1.1.0"


class SkippedError(Exception):
    """There is nothing to compare with; its text says what was looked for."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What was found; wall seconds of each flip."""

    pulumi_seconds: Sequence[float]
    terraform_seconds: Sequence[float]
    client: str
    """Which, and in what version."""

    @property
    def ratio(self) -> float:
        """Median of `pulumi up` to the median of `terraform apply`."""
        return round(median(self.pulumi_seconds) / median(self.terraform_seconds), 2)

    def document(self) -> Mapping[str, Any]:
        """As it is kept."""
        return {**asdict(self), "ratio": self.ratio}


def client(folder: Path, plugins: str) -> str:
    """Find Terraform or OpenTofu, and make it ready in a folder; its path.

    Args:
        folder: where it keeps its state; made.
        plugins: a folder with its AWS provider, as `terraform init -plugin-dir` takes it; empty: it finds one itself.

    Raises:
        SkippedError: there is none, or none of its providers.
    """
    found = next(filter(None, map(shutil.which, _CLIENTS)), None)
    if found is None:
        raise SkippedError(f"no {' or '.join(_CLIENTS)} on PATH to compare with. Next: install one, then make bench")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(_RULES, folder / "main.tf")
    options = [f"-plugin-dir={plugins}"] if plugins else []
    command = [found, f"-chdir={folder}", "init", "-input=false", "-no-color", *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INIT_SECONDS, check=False)  # noqa: S603 - found on PATH
    except subprocess.TimeoutExpired:
        raise SkippedError(f"{found} init was not done within {_INIT_SECONDS} s") from None
    if done.returncode:
        said = " ".join(done.stderr.rpartition("Error:")[2].split())  # before it there are warnings
        raise SkippedError(f"{found} found no AWS provider: {said[:300]}. Next: --plugins FOLDER that has one")
    return found


def measure(sandbox: Sandbox, terraform: str, folder: Path, count: int, steps: Steps) -> Rules:
    """Flip `count` times by each, in turns, on a sandbox that is up.

    Args:
        sandbox: where.
        terraform: as `client` found it.
        folder: as `client` made it ready.
        count: how often.
        steps: tells progress.

    Raises:
        SandboxError: a command failed.
    """
    where = network(sandbox)
    setting = Setting.prepare(sandbox, {}, router=Router.ALB, balancer=where, gates=False)
    log = setting.config.parent / "rules.log"
    user = User(sandbox, stack=STACK, namespace=setting.namespace, config=setting.config, log=log)
    services = dict(zip(setting.services, _PRIORITIES, strict=True))
    variables = {"vpc": where["vpcId"], "subnets": where["subnetIds"], "services": services}
    (folder / "terraform.tfvars.json").write_text(json.dumps(variables))

    def apply(active: str) -> float:
        apply_ = ("apply", "-auto-approve", "-input=false", "-no-color", f"-var=active={active}")
        return user.run(terraform, f"-chdir={folder}", *apply_).seconds

    steps.step("both colours of two services behind a load balancer")
    user.init()
    user.configure({**setting.release("green", _GREEN), "bake.seconds": "0", "settleSeconds": "0"})
    user.up()
    steps.step("the same rules by terraform")
    apply("blue")
    ours: list[float] = []
    theirs: list[float] = []
    steps.step(f"{count} flips by each")
    for number in range(count):
        steps.update(f"flip {number + 1} of {count}", number, count)
        active = ("green", "blue")[number % 2]
        user.configure({"activeColour": active})
        ours.append(user.up().seconds)
        theirs.append(apply(active))
    version = subprocess.run([terraform, "version"], capture_output=True, text=True, check=True)  # noqa: S603 - as above
    return Rules(pulumi_seconds=ours, terraform_seconds=theirs, client=version.stdout.splitlines()[0])
