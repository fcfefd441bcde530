"""The two engines as commands, and what can be seen of a run on either: calls of the provider, events, state."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import psutil

ROOT: Final = Path(__file__).parents[2]
_PROVIDER: Final = ROOT / "tests/unit/engine/fake_provider.py"
RUNTIME: Final = "runtime: {{name: python, options: {{toolchain: uv, virtualenv: '{environment}'}}}}\n"
_PROJECT: Final = f"name: demo\nmain: infra\nstackConfigDir: stacks\n{RUNTIME}"
_MOMENTARY: Final = frozenset(("created", "modified", "time", "sourcePosition", "stackTrace"))
_SECRET: Final = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the signature of secrets in Pulumi's formats
QUIET: Final = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_DEBUG_COMMANDS": "true",  # so that Pulumi's own knows --event-log
    "UV_OFFLINE": "1",
    "UV_NO_SYNC": "1",
}
"""Nothing is looked for outside this machine: in a sandbox's namespace even asking for a name takes minutes."""
_NOISE: Final = re.compile(
    r"using pulumi-resource-\S+ from \$PATH|(update|preview|destroy|refresh) failed$"  # Pulumi's own, of itself
    r"|Attempting to deploy or update resources with \d+ pending operations"  # where the embedded one looks by itself
    r"|left alone, since it depends on"  # the embedded engine, where Pulumi's own begins nothing more
)
"""What only one of them says, and not of a resource (docs/adr/0004)."""


def real_pulumi() -> str | None:
    """The path of Pulumi's own command line, if it is on PATH."""
    found = shutil.which("pulumi")
    if found is None:
        return None
    version = subprocess.run(
        [found, "version"], capture_output=True, text=True, check=False, env={**os.environ, **QUIET}
    )
    return found if version.returncode == 0 and "embedded" not in version.stdout else None


@dataclass(frozen=True)
class Engine:
    """A `pulumi` command."""

    name: str
    command: tuple[str, ...]

    @classmethod
    def embedded(cls) -> Engine:
        """The sandbox's."""
        return cls("embedded", (sys.executable, "-m", "sandbox.engine"))


@dataclass
class Seen:
    """What one command came to."""

    status: int
    out: str = field(repr=False)
    err: str = field(repr=False)
    calls: list[str] = field(default_factory=list[str])
    operations: list[str] = field(default_factory=list[str])
    said: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    changes: dict[str, int] = field(default_factory=dict[str, int])


class Stack:
    """A project with the stack `dev`, on one engine."""

    def __init__(self, engine: Engine, root: Path) -> None:
        """Make the project in an empty folder."""
        self.engine = engine
        self.root = root
        self.scenario: dict[str, Any] = {}
        (root / "infra").mkdir(parents=True)
        (root / "state").mkdir()
        shutil.copy(Path(__file__).with_name("program.py"), root / "infra/__main__.py")
        (root / "Pulumi.yaml").write_text(_PROJECT.format(environment=sys.prefix))
        # Pulumi's language host learns from it that the program needs no plugins; with a pyproject.toml beside it, it
        # would bring our own environment up to date.
        (root / "uv.lock").write_text("version = 1\n")
        plugin = root / "bin/pulumi-resource-fake"
        plugin.parent.mkdir()
        plugin.write_text(f'#!/bin/sh\nexec {sys.executable} {_PROVIDER} "$@"\n')
        plugin.chmod(0o755)
        shutil.copytree(Path(__file__).with_name("pack"), root / "pack", ignore=shutil.ignore_patterns("__pycache__"))
        (root / "pack/PulumiPolicy.yaml").write_text(RUNTIME.format(environment=sys.prefix))
        self.check("stack", "init", "dev")
        self.check("config", "set", "--secret", "word", "hunter2")

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start a command."""
        environment = {
            **os.environ,
            **QUIET,
            "PATH": os.pathsep.join(
                [str(self.root / "bin"), str(Path(self.engine.command[0]).parent), os.environ["PATH"]]
            ),
            "PULUMI_BACKEND_URL": f"file://{self.root / 'state'}",
            "PULUMI_HOME": str(self.root / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "for tests",
            "FAKE_CLOUD": str(self.root / "cloud"),
            "SCENARIO": json.dumps(self.scenario),
        }
        if self.engine.name == "embedded":
            environment["PYTHONPATH"] = str(ROOT)
        return subprocess.Popen(
            [*self.engine.command, "--non-interactive", "--color", "never", *args],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *args: str) -> Seen:
        """Run a command to its end."""
        process = self.start(*args)
        out, err = process.communicate(timeout=100)
        return Seen(process.returncode, out, err)

    def check(self, *args: str) -> str:
        """Run a command that must succeed; gives what it printed."""
        seen = self.run(*args)
        if seen.status:
            raise AssertionError(f"{self.engine.name}: {' '.join(args)}: status {seen.status}\n{seen.out}\n{seen.err}")
        return seen.out

    def operate(self, *args: str) -> Seen:
        """Run up, preview, refresh or destroy, listening to its events."""
        return self.see(self.begin(*args))

    def begin(self, *args: str) -> subprocess.Popen[str]:
        """Start up, preview, refresh or destroy."""
        self._events.unlink(missing_ok=True)
        self._log.unlink(missing_ok=True)
        return self.start(*args, "--event-log", str(self._events))

    def see(self, process: subprocess.Popen[str]) -> Seen:
        """Wait for the end of a command."""
        out, err = process.communicate(timeout=100)
        calls = self._log.read_text().splitlines() if self._log.exists() else []
        said, operations, changes = events_of(self._events)
        return Seen(
            process.returncode,
            out,
            err,
            [call for call in calls if call != "cancel provider"],
            operations,
            said,
            changes,
        )

    def die_during(self, *args: str) -> Seen:
        """Run a command until the provider waits at the file `hold`, and then let the machine die."""
        hold, waiting, given_up = self.root / "hold", self.root / "hold.waiting", threading.Event()
        hold.touch()
        waiting.unlink(missing_ok=True)  # whoever passed by where nobody held him up left it, too
        process = self.begin(*args)
        for _ in range(3000):
            if waiting.exists():
                break
            given_up.wait(0.02)
        else:
            raise AssertionError(f"{self.engine.name}: nothing came to {hold}")
        everything = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for each in everything:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        seen = self.see(process)
        psutil.wait_procs(everything, timeout=30)
        hold.unlink()
        return seen

    def exported(self) -> dict[str, Any]:
        """The deployment in the clear, without what differs from run to run."""
        text = self.check("stack", "export", "--show-secrets").replace(str(self.root), "@root")
        deployment = json.loads(text)["deployment"]
        ids = {
            entry["id"]: f"<id of {entry['urn'].split('::')[-1]}>"
            for entry in deployment.get("resources", [])
            if entry["type"].startswith("pulumi:providers:")
        }
        return {
            "resources": {
                entry["urn"] + (" (replaced)" if entry.get("delete") else ""): _settled(entry, ids)
                for entry in deployment.get("resources", [])
            },
            "pending": _settled(deployment.get("pending_operations") or [], ids),
        }

    def outputs(self, *flags: str) -> dict[str, Any]:
        """The stack's outputs."""
        outputs: dict[str, Any] = json.loads(self.check("stack", "output", "--json", *flags))
        return outputs

    @property
    def cloud(self) -> Path:
        """Where the provider keeps its things, a file each."""
        return self.root / "cloud"

    @property
    def _events(self) -> Path:
        return self.root / "events"

    @property
    def _log(self) -> Path:
        return self.cloud / "log"


def events_of(file: Path, *, infos: bool = False) -> tuple[list[tuple[str, str]], list[str], dict[str, int]]:
    """What a run's event log tells: what was said, by severity; operations; and how many of each kind."""
    lines = file.read_text().splitlines() if file.exists() else []
    events: list[dict[str, Any]] = [json.loads(line) for line in lines]
    levels = ("warning", "error", *(("info",) if infos else ()))
    counts: list[dict[str, int]] = [
        event["summaryEvent"]["resourceChanges"] for event in events if "summaryEvent" in event
    ]
    return (
        sorted(told for event in events for told in _said(event, levels)),
        sorted({told for event in events for told in _operation(event)}),
        counts[0] if counts else {},
    )


def _operation(event: dict[str, Any]) -> list[str]:
    """What became of a resource (`update b`, `create a failed`); the stack and default providers are left out."""
    for kind, suffix in (("resOutputsEvent", ""), ("resOpFailedEvent", " failed")):
        if kind in event:
            metadata = event[kind]["metadata"]
            name = metadata["urn"].split("::")[-1]
            if metadata["type"] != "pulumi:pulumi:Stack" and not name.startswith("default"):
                return [f"{metadata['op']} {name}{suffix}"]
    return []


def _said(event: dict[str, Any], levels: tuple[str, ...]) -> list[tuple[str, str]]:
    """What is of these levels; of policies, anything, by its own level."""
    if said := event.get("diagnosticEvent"):
        text, severity = _plain(said["message"]), said["severity"].partition("#")[0]
        return [(severity, text)] if severity in levels and not _NOISE.match(text) else []
    if broken := event.get("policyEvent"):
        return [(broken["enforcementLevel"], _plain(broken["message"]))]
    return []


def _plain(message: str) -> str:
    """A message without colours and temporary paths."""
    return re.sub(r"<\{%.*?%\}>", "", message).strip()


def _settled(given: object, ids: dict[str, str]) -> Any:  # noqa: ANN401 - any JSON
    value: Any = given
    match value:
        case dict():
            entry = cast("dict[str, Any]", value)
            if _SECRET in entry:
                return {"secret": json.loads(entry["plaintext"])}
            settled = {key: _settled(item, ids) for key, item in entry.items() if key not in _MOMENTARY}
            if "dependencies" in settled:
                settled["dependencies"].sort()  # the program sends them in any order
            needed: dict[str, list[str]] = settled.pop("propertyDependencies", {})
            on = {key: sorted(urns) for key, urns in needed.items() if urns}  # Pulumi's own forgets the others at times
            return {**settled, "propertyDependencies": on} if on else settled
        case list():
            return [_settled(item, ids) for item in cast("list[Any]", value)]
        case str():
            for id_, name in ids.items():
                value = value.replace(id_, name)
            return value
        case _:
            return value
