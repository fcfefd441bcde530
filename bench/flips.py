"""How long a flip by `pulumi up` leaves the old colour answering, beside a bare patch of a selector, in one run.

Flips to and fro under open-loop load on new connections; the bake asks once, since it comes after what is measured.
Nothing is asserted about time; that no request was lost is said, not held: the demo and the tests hold it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sandbox.cluster.environment import Sandbox
from sandbox.cluster.errors import SandboxError
from sandbox.cluster.progress import Steps
from sandbox.demo import floor
from sandbox.demo.doors import FLOOR, Door, Doors, Selectors
from sandbox.demo.remembered import Memory, monotonic_ns
from sandbox.demo.setting import BACKEND, Setting
from sandbox.demo.traffic import Traffic
from sandbox.demo.user import User
from sandbox.load.records import Mode
from sandbox.report.analysis import after, write_to_last_old_ms
from sandbox.report.seen import Load, Move

STACK = "flips"
_VERSIONS = {"blue": "1.0.0", "green": "1.1.0"}
_SETTLED_SECONDS = 1.6  # the last second decides whether traffic moved
_RATE = 100


@dataclass(frozen=True, kw_only=True)
class Flips:
    """What was found; times from the write to the last answer of the old colour, ms, None where nothing moved."""

    flips_ms: Sequence[float | None]
    patches_ms: Sequence[float | None]
    up_seconds: Sequence[float]
    write_to_bake_ms: Sequence[float | None]
    """From the backend's write to its bake's first question; None where the program's record does not say."""
    requests: int
    lost: int

    @property
    def ratio(self) -> float | None:
        """Median of the flips to the median of the bare patches; None where either says nothing."""
        flips, patches = (middle(each) for each in (self.flips_ms, self.patches_ms))
        return round(flips / patches, 2) if flips is not None and patches else None


def middle(times: Sequence[float | None]) -> float | None:
    """The median of those that moved."""
    moved = [each for each in times if each is not None]
    return round(median(moved), 1) if moved else None


def measure(sandbox: Sandbox, count: int, steps: Steps) -> Flips:
    """Flip `count` times on a sandbox that is up, and patch as often.

    Raises:
        SandboxError: a command failed, or a load ended.
    """
    setting = Setting.prepare(sandbox, {}, gates=False)  # no database: nothing is migrated
    folder = setting.config.parent
    user = User(sandbox, stack=STACK, namespace=setting.namespace, config=setting.config, log=folder / "flips.log")
    steps.step("both colours of two services")
    user.init()
    user.configure({**setting.release("green", _VERSIONS["green"]), "bake.seconds": "0"})
    user.up()
    doors = Selectors(user, setting.services)
    with Traffic(user, doors, rate=_RATE) as traffic:
        return _measure(user, doors, traffic, count, steps)


def _measure(user: User, doors: Doors, traffic: Traffic, count: int, steps: Steps) -> Flips:
    traffic.watch([BACKEND])
    port = user.get("service", BACKEND)["spec"]["ports"][0]["nodePort"]
    traffic.load(BACKEND, Door(url=f"http://127.0.0.1:{port}"), Mode.NEW_CONNECTIONS)
    moves: list[Move] = []
    ups: list[float] = []
    bakes: list[float | None] = []
    memory = Memory(user)
    steps.step(f"{count} flips")
    for number in range(count):
        steps.update(f"flip {number + 1} of {count}", number, count)
        old, new = ("blue", "green") if number % 2 == 0 else ("green", "blue")
        user.configure({"activeColour": new})
        begun = time.monotonic_ns()
        ups.append(user.up().seconds)
        written = traffic.written(BACKEND, new, begun)
        flip = memory.flip(new, _VERSIONS[new])
        bakes.append(after(written, monotonic_ns(flip.bake_began_at) if flip else None))
        time.sleep(_SETTLED_SECONDS)
        moves.append(
            Move(
                from_colour=old,
                to_colour=new,
                version=_VERSIONS[new],
                write_ns=written,
                until_ns=time.monotonic_ns(),
            )
        )
    if count % 2:  # the patches begin on blue
        user.configure({"activeColour": "blue"})
        user.up()
    load = _seen(traffic, BACKEND)
    steps.step(f"{count} bare patches")
    patches: list[float | None] = []
    while len(patches) < count:
        doors.make_floor(BACKEND)
        found = floor.measure(doors, traffic, _VERSIONS, time.sleep)
        records = _seen(traffic, FLOOR).records
        patches += [write_to_last_old_ms(records, each) for each in found]
    traffic.end()
    return Flips(
        flips_ms=[write_to_last_old_ms(load.records, each) for each in moves],
        patches_ms=patches,
        up_seconds=ups,
        write_to_bake_ms=bakes,
        requests=len(load.records),
        lost=sum(record.outcome.lost for record in load.records),
    )


def _seen(traffic: Traffic, service: str) -> Load:
    found = traffic.seen(service, Mode.NEW_CONNECTIONS)
    if found is None:
        raise SandboxError(f"the load on {service} recorded nothing, so nothing was measured. Next: make bench")
    return found
