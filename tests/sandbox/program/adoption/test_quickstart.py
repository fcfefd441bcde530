"""docs/quickstart.md works as it is written: a repository outside of this one flips and goes back, with teal's wheel.

The commands are those of the page, in its order. What is replaced in them is listed here, and nothing else is.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.stacks import UP_SECONDS, WORK_TREE

PAGE = (WORK_TREE / "docs/quickstart.md").read_text()
NAMESPACE = "test-quickstart"
pytestmark = pytest.mark.timeout(UP_SECONDS)
OF_THE_SANDBOX = (
    "curl ",  # it has its tools
    "pulumi login",  # and its state, with
    "export PULUMI_CONFIG_PASSPHRASE_FILE",  # a passphrase
    "kubectl -n shop create secret docker-registry",  # its images are in no registry
)
"""What the page says, and the sandbox needs not, by how it begins."""

INSTEAD: Mapping[str, str] = {
    "path/to/teal": str(WORK_TREE),
    "registry.example/web@sha256:BLUE": "localhost/teal/pricing:1.0.0",
    "registry.example/web@sha256:GREEN": "localhost/teal/pricing:1.1.0",
    "-n shop": f"-n {NAMESPACE}",
    "--namespace shop": f"--namespace {NAMESPACE}",
    "teal:namespace shop": f"teal:namespace {NAMESPACE}",
    "<api-key.txt": "<<<'not a secret'",
    "pulumi up": "pulumi up --yes --skip-preview --non-interactive",
    "pulumi destroy": "pulumi destroy --yes --skip-preview --non-interactive",
    "pulumi stack rm dev": "pulumi stack rm dev --yes",
}
"""Names of the sandbox, and answers to what would be asked."""

_REPLACED = re.compile("|".join(re.escape(each) for each in sorted(INSTEAD, key=len, reverse=True)))

SMALL = """
teal:bake: {seconds: 1, windowSeconds: 10}
teal:services:
  web:
    port: 8000
    autoscaling: {minReplicas: 2, maxReplicas: 2}
    resources: {requests: {cpu: 50m, memory: 96Mi}, limits: {cpu: "1", memory: 256Mi}}
    probes:
      startup: {periodSeconds: 1, failureThreshold: 60}
      liveness: {initialDelaySeconds: 0}
      readiness: {initialDelaySeconds: 0, periodSeconds: 1}
"""
"""What stacks of the sandbox are: of small pods and short waits."""


@dataclass
class Reader:
    """Somebody who follows the page, in a folder of their own."""

    sandbox: Sandbox
    folder: Path
    versions: Path
    """Of the packages that this repository is tested with: newer ones need not be in the cache."""
    said: dict[str, str] = field(default_factory=dict[str, str])
    """What each command printed last."""

    def follow(self, heading: str) -> None:
        """Run the commands of a section."""
        for command in commands(heading):
            if command.startswith("cd "):
                self.folder /= command.removeprefix("cd ")
            elif not command.startswith(OF_THE_SANDBOX):
                self.said[command] = self.run(command)

    def run(self, command: str) -> str:
        """Run a command of the page, and give what it printed."""
        known = _REPLACED.sub(lambda found: INSTEAD[found[0]], command)
        # What installs asks package indices, which nothing in the sandbox can reach.
        installs = known.startswith(("uv build", "uv sync", "uvx"))
        shell = ["bash", "-ec", known]
        done = subprocess.run(
            shell if installs else self.sandbox.command(shell),
            env={**os.environ, "UV_CONSTRAINT": str(self.versions)} if installs else self.sandbox.environ(os.environ),
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=UP_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{known}: exit {done.returncode}\n{done.stdout}"
        return done.stdout

    def live(self) -> str:
        """The colour that answers, by the Service's name in the cluster."""
        return self.run(
            f"kubectl get --raw /api/v1/namespaces/{NAMESPACE}/services/web:http/proxy/active-colour"
        ).strip()


def commands(heading: str) -> Iterator[str]:
    """The commands of a section of the page."""
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    yield from _commands(section)


def _commands(text: str) -> Iterator[str]:
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            yield line.removeprefix("$ ")


@pytest.fixture(scope="module")
def reader(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """In an empty folder, far from this one."""
    folder = tmp_path_factory.mktemp("quickstart")
    versions = folder / "versions.txt"
    export = ["uv", "export", "--frozen", "--quiet", "--no-hashes", "--no-emit-project", "--output-file", str(versions)]
    subprocess.run(export, cwd=WORK_TREE, check=True)
    (folder / "shop").mkdir()
    shutil.copy(WORK_TREE / "uv.lock", folder / "shop")  # for the same reason: uv keeps to its versions
    made = Reader(sandbox, folder, versions)
    yield made
    made.run(f"kubectl delete namespace {NAMESPACE} --ignore-not-found --wait=false")
    made.run("pulumi stack rm dev --yes --force || true")  # which a test that failed has left


def test_a_repository_is_made(reader: Reader) -> None:
    """With teal from the wheel, and nothing of this checkout."""
    reader.follow("Install the tools, and say where state is kept")
    reader.follow("Make a repository")
    assert str(WORK_TREE) not in (reader.folder / "uv.lock").read_text()


def test_its_first_stack_is_valid(reader: Reader) -> None:
    """Its secret is encrypted in the file."""
    reader.follow("Describe the service")
    path = reader.folder / "stacks/Pulumi.dev.yaml"
    assert "not a secret" not in path.read_text()
    file = yaml.safe_load(path.read_text())
    file["config"] |= yaml.safe_load(SMALL)
    path.write_text(yaml.safe_dump(file))


def test_the_first_release_is_live(reader: Reader) -> None:
    """The preview said so, and the policies had nothing against it."""
    reader.follow("Deploy it")
    assert "RELEASE" in reader.said["pulumi preview --policy-pack policies"]
    assert reader.live() == "blue"


def test_the_next_release_is_prepared(reader: Reader) -> None:
    """It has pods, and no live traffic."""
    reader.follow("Prepare the next release")
    assert reader.live() == "blue"


def test_a_flip_moves_traffic(reader: Reader) -> None:
    """Which the command line confirms."""
    reader.follow("Flip to it")
    assert "FLIP" in reader.said["pulumi preview --policy-pack policies"]
    assert "confirmed: green" in reader.said["uv run teal status --namespace shop"]
    assert reader.live() == "green"


def test_traffic_goes_back(reader: Reader) -> None:
    """And both moves are remembered."""
    reader.follow("Go back")
    assert reader.live() == "blue"


def test_nothing_is_left(reader: Reader) -> None:
    """Neither in the cluster, nor on the page: every command of it was run, or is named above."""
    reader.follow("Remove it")
    assert reader.run(f"kubectl get namespace {NAMESPACE} --ignore-not-found") == ""
    assert {*reader.said} == {each for each in _commands(PAGE) if not each.startswith((*OF_THE_SANDBOX, "cd "))}
