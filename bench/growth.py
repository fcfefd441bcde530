"""How `pulumi preview` and `pulumi up` grow with the number of services when nothing has changed.

One stack grows from size to size; at each, both commands run several times, in turns. Nothing is asserted about time:
what is held is that every command succeeded and that none of them found anything to change.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import stack
from bench.own import own_sandbox, results_folder
from bench.phases import Events
from bench.results import Command, Growth, Size
from bench.user import User
from sandbox.cluster.errors import UsageError
from sandbox.cluster.progress import Steps

if TYPE_CHECKING:
    from bench.measure import Took

_COMMANDS: Mapping[Command, Sequence[str]] = {
    "preview": ["preview", "--non-interactive", "--expect-no-changes"],
    "preview with policies": [
        *("preview", "--non-interactive", "--expect-no-changes"),
        *("--policy-pack", "policies", "--policy-pack-config", "bench/policies.json"),
    ],
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
        user = User(sandbox, folder / f"Pulumi.{stack.NAME}.yaml", log)
        user.init()
        sizes = [_size(user, services, plan.runs, steps) for services in sorted(set(plan.services))]
    return Growth(cores=os.cpu_count() or 1, sizes=sizes)


def _size(user: User, services: int, runs: int, steps: Steps) -> Size:
    said = f"{services} service{'s' if services > 1 else ''}"
    steps.step(f"{said}: making them")
    user.configure(services)
    made = user.pulumi("up", "--yes", "--skip-preview", "--non-interactive")
    steps.step(f"{said}: measuring")
    events = Events()
    user.pulumi(*_COMMANDS["preview"], "--json", each_line=events.line)  # also brings everything into the caches
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
