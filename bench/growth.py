"""How `pulumi preview` and `pulumi up` grow with the number of services when nothing has changed.

One stack grows from size to size; at each, both commands run several times, in turns. Nothing is asserted about time:
what is held is that every command succeeded and that none of them found anything to change.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import stack
from bench.measure import Took, run
from bench.own import own_sandbox, results_folder
from bench.phases import Events
from bench.results import Command, Growth, Size
from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.cluster.errors import UsageError
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
        SandboxError: a command failed, or changed something where nothing was to change.
    """
    folder = results_folder(plan.name)
    log = folder / "growth.log"
    with own_sandbox(plan.name, plan.ports, log, steps) as sandbox:
        user = _User(sandbox, folder / f"Pulumi.{stack.NAME}.yaml", log)
        user.init()
        sizes = [_size(user, services, plan.runs, steps) for services in sorted(set(plan.services))]
    return Growth(cores=os.cpu_count() or 1, sizes=sizes)


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
