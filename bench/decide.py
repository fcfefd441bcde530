"""How long it takes to decide on a flip: all gates but metrics, which wait for scrapes, for so many services at once.

By previews of a flip: they ask what an update asks, and leave everything as it is, so each run decides the same.
The figure is the program's own; a preview's wall time is `growth`'s.
"""

import os
import re
from dataclasses import asdict, dataclass
from statistics import median

from bench import stack
from bench.own import own_sandbox, results_folder
from bench.user import User
from sandbox.cluster.errors import SandboxError
from sandbox.cluster.progress import Steps

_SAID = re.compile(r"asked (\d+) gates of green in ([0-9.]+) s")


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What was measured."""

    services: int
    gates: int
    seconds: list[float]
    """Each run's, as the program said it."""
    load_average: float
    """The highest, over a minute."""

    def document(self) -> dict[str, object]:
        """What is printed and kept."""
        return {**asdict(self), "median": median(self.seconds)}


def measure(services: int, runs: int, name: str, ports: str, steps: Steps) -> Decided:
    """Bring a sandbox up, ask `runs` times what a flip of so many services would do, and end it.

    Raises:
        SandboxError: a command failed, or said nothing of its gates.
    """
    folder = results_folder(name)
    log = folder / "decide.log"
    seconds, gates, load = list[float](), 0, 0.0
    with own_sandbox(name, ports, log, steps) as sandbox:
        user = User(sandbox, folder / f"Pulumi.{stack.NAME}.yaml", log)
        user.init()
        steps.step(f"{services} services, both colours: making them")
        user.configure(services, warm=True)
        user.pulumi("up", "--yes", "--skip-preview", "--non-interactive")
        steps.step("measuring")
        for number in range(runs):
            steps.update(f"preview of a flip, run {number + 1} of {runs}", number, runs)
            lines: list[str] = []
            load = max(load, os.getloadavg()[0])
            user.pulumi(
                "preview",
                "--non-interactive",
                "--config",
                "teal:activeColour=green",
                each_line=lambda line, _, lines=lines: lines.append(line),
            )
            said = _SAID.search("".join(lines))
            if said is None:
                raise SandboxError(f"a preview of a flip did not say what it asked. All that was printed is in {log}")
            gates = int(said[1])
            seconds.append(float(said[2]))
    return Decided(services=services, gates=gates, seconds=seconds, load_average=round(load, 1))
