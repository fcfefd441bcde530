"""A stack of the program on a sandbox cluster, driven as a user drives it: by the `pulumi` command."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from sandbox.cluster.environment import WORK_TREE, Sandbox
from tests.sandbox.program.namespaces import Namespace

UP_SECONDS = 180
"""More than any `up` of these stacks takes on two busy cores."""

_UP = ("up", "--yes", "--skip-preview", "--non-interactive")


@dataclass(frozen=True, kw_only=True)
class Stack(Namespace):
    """One stack with a config file and a namespace of its own."""

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
        backend["previewDoor"]["nodePorts"] = {"blue": node_port + 1, "green": node_port + 2}
        config["teal:green"] = {"version": "1.1.0", "backend": {"image": "localhost/teal/pricing:1.1.0"}}
        path = folder / f"Pulumi.{name}.yaml"
        path.write_text(yaml.safe_dump(file))
        stack = cls(sandbox=sandbox, name=name, config=path)
        stack.init()
        return stack

    def init(self) -> None:
        """Make it known to the engine."""
        self.pulumi("stack", "init", self.name)
        (WORK_TREE / f"stacks/Pulumi.{self.name}.yaml").unlink(missing_ok=True)  # its salt; the own file has one

    def argv(self, *args: str) -> list[str]:
        """A `pulumi` command for this stack, as it is run in the sandbox's network namespace."""
        own = [] if args[0] in {"stack", "state", "cancel"} else ["--config-file", str(self.config)]
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
        assert "Traceback" not in done.stdout, f"the reason is buried:\n{done.stdout}"
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

    def kill(self, process: subprocess.Popen[bytes], *, only: str = "") -> None:
        """End an `up` as a machine's death does, with all that it started; or what has these words in its command."""
        killed = [pid for pid in _session(process.pid) if only in _command(pid)]
        assert killed, f"nothing of {process.args} runs that says {only!r}"
        for pid in killed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not only:
            process.wait(30)

    def cancel(self) -> None:
        """Do what docs/runbook.md says of a killed update: take its lock, and what it was writing beside the state."""
        for each in (self.sandbox.root / "state").rglob(f"{self.name}.json.attrs"):
            if not each.stat().st_size:
                each.unlink()
        self.pulumi("cancel", "--yes")

    def configure(self, key: str, value: str) -> None:
        """What `pulumi config set --path` writes, without starting it: hundreds of times it would take minutes."""
        self.write(key, _typed(value) if "." in key or "[" in key else value)

    def write(self, key: str, value: object) -> None:
        """What somebody writes into the stack file by hand: null, say, which Pulumi's command cannot."""
        file = yaml.safe_load(self.config.read_text())
        first, *path = re.findall(r"[^.\[\]]+", key)
        file["config"] = _put(file["config"], [f"teal:{first}", *path], value)
        _write(self.config, file)

    def flip(self, colour: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """The one change that moves traffic."""
        self.configure("activeColour", colour)
        return self.up(check=check)

    def rest(self) -> None:
        """Blue live, then green well: both at once would be refused, as green may be what is live."""
        self.flip("blue")
        file = yaml.safe_load(self.config.read_text())
        if file["config"]["teal:green"]["backend"].pop("env", None):
            _write(self.config, file)
            self.up()
        assert self.live() == "blue"

    def outputs(self) -> Mapping[str, Any]:
        """`pulumi stack output`."""
        return json.loads(self.pulumi("stack", "output", "--json").stdout)

    def await_line(self, log: Path, text: str, *, seconds: float = 120) -> None:
        """Wait until a command has printed something."""
        give_up = time.monotonic() + seconds
        while text not in log.read_text():
            assert time.monotonic() < give_up, f"{text!r} did not appear within {seconds:.0f} s:\n{log.read_text()}"
            time.sleep(0.05)


def checkout(folder: Path) -> Path:
    """Another checkout of the program, as another machine has one: what the first one left behind is not in it.

    Its environment is not either: the language host makes it, from the lock file.
    """
    other = folder / "checkout"
    for name in ("infra", "policies", "teal"):
        shutil.copytree(WORK_TREE / name, other / name)
    for name in ("Pulumi.yaml", "README.md", "pyproject.toml", "uv.lock"):
        shutil.copy(WORK_TREE / name, other)
    return other


def _write(path: Path, file: object) -> None:
    """Write a stack's file as JSON, which is YAML too: no string is taken for a number for want of quotes (`0009`)."""
    path.write_text(json.dumps(file, indent=2))


def _typed(text: str) -> object:
    """A value as Pulumi writes it at a path: what looks like a number is one, unless it begins with a zero."""
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if re.fullmatch(r"0|-?[1-9]\d*", text) else text


def _put(node: object, path: Sequence[str], value: object) -> object:
    """A node of a stack's file with another value at a path; what is not there yet is made."""
    if not path:
        return value
    step, *rest = path
    if step.isdigit():
        items, index = cast("Sequence[object]", node or ()), int(step)
        return [
            *items[:index],
            *(_put(each, rest, value) for each in items[index : index + 1] or [None]),
            *items[index + 1 :],
        ]
    entries = cast("Mapping[str, object]", node or {})
    return {**entries, step: _put(entries.get(step), rest, value)}


def _session(leader: int) -> Sequence[int]:
    """Everything that was started in a session, whichever group it is in: plugins have groups of their own."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getsid(int(process.name)) == leader:
                found.append(int(process.name))
    return sorted(found)  # the engine first


def _command(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""
