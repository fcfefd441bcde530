"""A stack of the program on a sandbox cluster, driven as a user drives it: by the `pulumi` command."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

import yaml

from sandbox.cluster.environment import Sandbox
from sandbox.load.records import Follower, Record

WORK_TREE = Path(__file__).resolve().parents[3]
UP_SECONDS = 180
"""More than any `up` of these stacks takes on two busy cores."""

_UP = ("up", "--yes", "--skip-preview", "--non-interactive")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack with a config file and a namespace of its own."""

    sandbox: Sandbox
    name: str
    config: Path

    @classmethod
    def create(cls, sandbox: Sandbox, name: str, folder: Path, node_port: int) -> "Stack":
        """A new stack, blue at 1.0.0 and green at 1.1.0, whose doors are three node ports from `node_port`."""
        file: dict[str, Any] = yaml.safe_load((WORK_TREE / "stacks/Pulumi.sandbox.yaml").read_text())
        config = file["config"]
        config["teal:namespace"] = name
        config["teal:bake"] = {"seconds": 1, "windowSeconds": 10}  # what it decides, test_bake.py is about
        for part in ("teal:services", "teal:blue"):  # half the pods: what two services do is the demo's
            del config[part]["frontend"]
        backend = config["teal:services"]["backend"]
        # A load of tens of requests a second would scale it, whenever metrics come: that is test_scaling's.
        backend["autoscaling"]["maxReplicas"] = backend["autoscaling"]["minReplicas"]
        backend["frontDoor"]["nodePort"] = node_port
        backend["progressDeadlineSeconds"] = 20
        backend["previewDoor"]["nodePorts"] = {"blue": node_port + 1, "green": node_port + 2}
        config["teal:green"] = {"version": "1.1.0", "backend": {"image": "localhost/teal/pricing:1.1.0"}}
        path = folder / f"Pulumi.{name}.yaml"
        path.write_text(yaml.safe_dump(file))
        stack = cls(sandbox=sandbox, name=name, config=path)
        stack.pulumi("stack", "init", name)
        (WORK_TREE / f"stacks/Pulumi.{name}.yaml").unlink(missing_ok=True)  # its salt; the stack's own file has one
        return stack

    def argv(self, *args: str) -> list[str]:
        """A `pulumi` command for this stack, as it is run in the sandbox's network namespace."""
        own = [] if args[0] in {"stack", "cancel"} else ["--config-file", str(self.config)]
        stack = [] if args[:2] == ("stack", "init") else ["--stack", self.name]
        return self.sandbox.command(["pulumi", *args, *stack, *own])

    def pulumi(self, *args: str, check: bool = True, checkout: Path = WORK_TREE) -> subprocess.CompletedProcess[str]:
        """Run it to its end, in a checkout of the program; its output is in the failure if it was to succeed."""
        done = subprocess.run(
            self.argv(*args),
            env=self.environ(),
            cwd=checkout,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=UP_SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, f"{args}: exit {done.returncode}\n{done.stdout}"
        return done

    def start(self, *args: str, log: Path) -> subprocess.Popen[bytes]:
        """Start it in a process group of its own, for tests that kill it."""
        with log.open("wb") as out:
            return subprocess.Popen(
                self.argv(*args),
                env=self.environ(),
                cwd=WORK_TREE,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def up(self, *, check: bool = True, checkout: Path = WORK_TREE) -> subprocess.CompletedProcess[str]:
        """`pulumi up`, without asking."""
        return self.pulumi(*_UP, check=check, checkout=checkout)

    def start_up(self, log: Path) -> subprocess.Popen[bytes]:
        """The same, left running."""
        return self.start(*_UP, log=log)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End an `up` as a machine's death does, engine and program."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def configure(self, key: str, value: str) -> None:
        """`pulumi config set`."""
        self.pulumi("config", "set", *(["--path"] if "." in key else []), f"teal:{key}", value)

    def flip(self, colour: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """The one change that moves traffic."""
        self.configure("activeColour", colour)
        return self.up(check=check)

    def rest(self) -> None:
        """Blue live, then green well: both at once would be refused, as green may be what is live."""
        self.flip("blue")
        self.pulumi("config", "rm", "--path", "teal:green.backend.env", check=False)
        self.up()
        assert self.live() == "blue"

    def outputs(self) -> Mapping[str, Any]:
        """`pulumi stack output`."""
        return json.loads(self.pulumi("stack", "output", "--json").stdout)

    def kubectl(self, *args: str, seconds: float = 60) -> str:
        """Run kubectl in the stack's namespace, for at most `seconds`."""
        done = subprocess.run(
            self.sandbox.command(["kubectl", "-n", self.name, *args]),
            env=self.environ(),
            text=True,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def teal(self, *args: str) -> str:
        """Run teal's own command line."""
        command = [str(WORK_TREE / ".venv/bin/python"), "-m", "teal", *args, "--namespace", self.name]
        done = subprocess.run(
            self.sandbox.command(command),
            env=self.environ(),
            cwd=WORK_TREE,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def watch(self, what: str, out: BinaryIO) -> subprocess.Popen[bytes]:
        """Have every version of an object written to a file, as JSON, until the process is ended."""
        command = ["kubectl", "-n", self.name, "get", what, "--watch", "--output", "json"]
        return subprocess.Popen(self.sandbox.command(command), env=self.environ(), stdout=out)

    def can_i(self, verb: str, what: str, account: str, *, namespace: str | None = None) -> bool:
        """Whether an account may do something, by the API server's own word."""
        command = ["kubectl", "-n", namespace or self.name, "auth", "can-i", verb, what, "--as", account]
        done = subprocess.run(
            self.sandbox.command(command), env=self.environ(), text=True, capture_output=True, timeout=60, check=False
        )
        assert done.stdout.strip() in {"yes", "no"}, done.stderr
        return done.stdout.strip() == "yes"

    def pods(self, colour: str) -> Sequence[Mapping[str, Any]]:
        """A colour's pods that are not on their way out."""
        labels = f"app.kubernetes.io/name=backend,teal/colour={colour}"
        found = json.loads(self.kubectl("get", "pods", "-l", labels, "-o", "json"))["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def uids(self, colour: str) -> set[str]:
        """Of a colour's pods."""
        return {pod["metadata"]["uid"] for pod in self.pods(colour)}

    def evict(self, pod: str) -> str:
        """Ask for an eviction; what the API server says against it, empty where it agrees."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": self.name}}
        done = subprocess.run(
            self.sandbox.command(
                ["kubectl", "create", "--raw", f"/api/v1/namespaces/{self.name}/pods/{pod}/eviction", "-f", "-"]
            ),
            env=self.environ(),
            input=json.dumps(body),
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return "" if done.returncode == 0 else done.stderr

    def live(self) -> str:
        """The colour that the active Service selects."""
        return self.kubectl("get", "service", "backend", "-o", r"jsonpath={.spec.selector.teal/colour}")

    def confirmed(self) -> str:
        """The colour whose bake passed last."""
        return self.kubectl("get", "configmap", "teal-confirmed", "-o", "jsonpath={.data.colour}")

    def history(self) -> Sequence[Mapping[str, Any]]:
        """The flips that the cluster remembers, oldest first."""
        found = self.kubectl("get", "configmap", "teal-history", "--ignore-not-found", "-o", "json")
        return json.loads(json.loads(found)["data"]["flips.json"])["flips"] if found else []

    def await_stage(self, stage: str, *, after: int = 0, seconds: float = 120) -> Mapping[str, Any]:
        """The last flip, once its number is above `after` and it is at a stage."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            flips = self.history()
            if flips and flips[-1]["number"] > after and flips[-1]["stage"] == stage:
                return flips[-1]
            time.sleep(0.2)
        raise AssertionError(f"no flip came to {stage} within {seconds:.0f} s: {self.history()[-1:]}")

    def await_line(self, log: Path, text: str, *, seconds: float = 120) -> None:
        """Wait until a command has printed something."""
        give_up = time.monotonic() + seconds
        while text not in log.read_text():
            assert time.monotonic() < give_up, f"{text!r} did not appear within {seconds:.0f} s:\n{log.read_text()}"
            time.sleep(0.05)

    def versions(self) -> Mapping[str, str]:
        """Resource version of every object that the program makes: equal means that nobody wrote."""
        kinds = "deploy,service,configmap,secret,serviceaccount,role,hpa,pdb"
        found = json.loads(self.kubectl("get", kinds, "-l", "app.kubernetes.io/part-of=teal", "-o", "json"))
        return {f"{item['kind']}/{item['metadata']['name']}": _written(item) for item in found["items"]}

    def environ(self) -> dict[str, str]:
        """The sandbox's environment."""
        return self.sandbox.environ(os.environ)


def checkout(folder: Path) -> Path:
    """Another checkout of the program, as another machine has one: what the first one left behind is not in it."""
    other = folder / "checkout"
    for name in ("infra", "teal"):
        shutil.copytree(WORK_TREE / name, other / name)
    shutil.copy(WORK_TREE / "Pulumi.yaml", other)
    return other


def _written(item: Mapping[str, Any]) -> str:
    """What changes when somebody writes an object; a status is its controller's, so there it is what was declared."""
    metadata = item["metadata"]
    if "status" not in item or item["kind"] == "Service":
        return metadata["resourceVersion"]
    spec = {key: value for key, value in item["spec"].items() if key != "replicas"}  # the autoscaler's to write
    return json.dumps([metadata.get("labels"), metadata.get("annotations"), spec], sort_keys=True)


class Load:
    """An open-loop load on a stack's front door, in one mode, while a `with` block runs."""

    def __init__(self, stack: Stack, mode: str, out: Path, *, rate: int = 100) -> None:
        """Describe it; it starts with the `with` block and ends with it."""
        self._stack, self._mode, self._rate = stack, mode, rate
        self._out = out / f"{mode}.csv"
        self._process: subprocess.Popen[bytes] | None = None
        self.records: Sequence[Record] = ()

    def __enter__(self) -> Self:
        """Start, and return once requests are answered."""
        url = self._stack.outputs()["frontDoor"] + "/pricing"
        options = ["--url", url, "--mode", self._mode, "--rate", str(self._rate), "--seconds", "300"]
        command = [str(WORK_TREE / ".venv/bin/python"), "-m", "sandbox.load", *options, "--out", str(self._out)]
        self._process = subprocess.Popen(
            self._stack.sandbox.command(command), env=self._stack.environ(), cwd=WORK_TREE, stdout=subprocess.DEVNULL
        )
        follower = Follower(self._out)
        while not follower.read():
            assert self._process.poll() is None, "the load ended before it began"
        return self

    def __exit__(self, *_: object) -> None:
        """End it; what is in flight is still counted."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)
        self.records = Follower(self._out).read()

    @property
    def lost(self) -> Sequence[Record]:
        """Requests without a complete answer, or with a 5xx."""
        return [record for record in self.records if record.outcome.lost]

    @property
    def colours(self) -> Sequence[str]:
        """The colours that answered, in order, without repetitions."""
        seen = [record.colour for record in self.records if not record.outcome.lost]
        return [colour for number, colour in enumerate(seen) if number == 0 or seen[number - 1] != colour]
