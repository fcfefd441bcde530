"""How `pulumi preview` and `pulumi up` grow with the number of services when nothing has changed.

One stack grows from size to size; at each, both commands run several times, in turns. Nothing is asserted about time:
what is held is that every command succeeded and that none of them found anything to change.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import stack
from bench.errors import BenchError, UsageError
from bench.measure import Took, run
from bench.phases import Events
from bench.results import Command, Growth, Size
from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.cluster.progress import Steps

_EXAMPLE = WORK_TREE / "stacks" / "Pulumi.sandbox.yaml"
_COMMANDS: Mapping[Command, Sequence[str]] = {
    "preview": ["preview", "--non-interactive", "--expect-no-changes"],
    "up": ["up", "--yes", "--skip-preview", "--non-interactive", "--expect-no-changes"],
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be measured."""

    services: Sequence[int]
    runs: int
    name: str
    """Of the sandbox."""
    ports: str

    def __post_init__(self) -> None:
        """Refuse what cannot be measured.

        Raises:
            UsageError: says what.
        """
        if not self.services or not all(1 <= each <= stack.MOST for each in self.services):
            raise UsageError(
                f"--services {','.join(map(str, self.services))}: each is 1 to {stack.MOST}, since every service has a "
                "pod on the sandbox's one node. Say, for example, --services 1,10,50"
            )
        if self.runs < 1:
            raise UsageError(f"--runs {self.runs}: nothing would be measured. Say --runs 3")


def measure(plan: Plan, steps: Steps) -> Growth:
    """Bring a sandbox up, measure every size on it, and leave nothing of it but results and logs.

    Raises:
        BenchError: a command failed, or changed something where nothing was to change.
    """
    _refuse_in_use(plan.name)
    folder = results_folder(plan.name)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "growth.log"
    log.write_text("")
    try:
        steps.step("a sandbox of its own")
        _sandbox(["up", "--name", plan.name, "--ports", plan.ports], log)
        user = _User(Sandbox.load(plan.name), folder / f"Pulumi.{stack.NAME}.yaml", log)
        user.init()
        sizes = [_size(user, services, plan.runs, steps) for services in sorted(set(plan.services))]
    finally:
        steps.step("ending the sandbox")
        _sandbox(["down", "--name", plan.name], log)
    return Growth(cores=os.cpu_count() or 1, sizes=sizes)


def results_folder(name: str) -> Path:
    """Where results and the log of all commands go; `sandbox down` leaves them."""
    return WORK_TREE / ".sandbox" / name


class _User:
    """Runs `pulumi` in the sandbox, on the stack that grows."""

    def __init__(self, sandbox: Sandbox, config: Path, log: Path) -> None:
        self._sandbox, self._config, self._log = sandbox, config, log

    def init(self) -> None:
        """Make the stack; its config file is not the work tree's."""
        self.configure(1)
        try:
            self._run(["stack", "init", stack.NAME])
        finally:
            (WORK_TREE / "stacks" / f"Pulumi.{stack.NAME}.yaml").unlink(missing_ok=True)

    def configure(self, services: int) -> None:
        """Declare so many services."""
        stack.write(services, _EXAMPLE, self._config)

    def pulumi(self, *args: str, events: Events | None = None) -> Took:
        """Run a command on the stack."""
        argv = [*args, "--stack", stack.NAME, "--config-file", str(self._config)]
        return self._run([*argv, "--json"] if events else argv, events)

    def _run(self, args: Sequence[str], events: Events | None = None) -> Took:
        return run(
            self._sandbox.command(["pulumi", *args]),
            log=self._log,
            environ={**self._sandbox.environ(), "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
            cwd=WORK_TREE,
            each_line=events.line if events else None,
        )


def _size(user: _User, services: int, runs: int, steps: Steps) -> Size:
    said = f"{services} service{'s' if services > 1 else ''}"
    steps.step(f"{said}: making them")
    user.configure(services)
    made = user.pulumi("up", "--yes", "--skip-preview", "--non-interactive")
    steps.step(f"{said}: measuring")
    events = Events()
    user.pulumi(*_COMMANDS["preview"], events=events)  # also brings everything into the caches
    took: dict[Command, list[Took]] = {command: [] for command in _COMMANDS}
    load: list[float] = []
    for number in range(runs):
        for command, args in _COMMANDS.items():
            steps.update(f"{command}, run {number + 1} of {runs}", number, runs)
            load.append(os.getloadavg()[0])
            took[command].append(user.pulumi(*args))
    return Size(
        services=services,
        resources=events.resources,
        made_seconds=made.wall_seconds,
        took=took,
        phases=events.phases(),
        load_average=max(load),
    )


def _refuse_in_use(name: str) -> None:
    status = subprocess.run(  # noqa: S603 - the sandbox's own command line
        [sys.executable, "-m", "sandbox", "status", "--name", name, "--json"],
        cwd=WORK_TREE,
        capture_output=True,
        text=True,
        check=False,
    )
    if status.returncode == 0 and json.loads(status.stdout)["up"]:
        raise BenchError(
            f"a sandbox {name!r} is up already, and the benchmark ends the one that it measures on. Nothing was done. "
            f"Next: make sandbox-down NAME={name}, or give the benchmark another --name"
        )


def _sandbox(args: Sequence[str], log: Path) -> None:
    run([sys.executable, "-m", "sandbox", *args], log=log, environ=os.environ, cwd=WORK_TREE)
