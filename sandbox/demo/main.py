"""The demo, step by step: what a user would type, while clients keep asking and everything is recorded.

Two services, which flip together, and a database. Blue 1.0.0 is live; green 1.1.0 is prepared, its migration first,
and made live. Blue is given 1.2.0, broken in one way after the other: it is refused each time, until one passes, fails
in its bake and is undone. Blue 1.0.0 comes back and is made live again; a bare patch of a Service of the demo's own
shows what the cluster itself takes. The verdict is the report's, not the demo's.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sandbox.backing import postgres
from sandbox.cluster.errors import ExitCode
from sandbox.demo import broken, floor, migrations, plugins, setting
from sandbox.demo.doors import FLOOR, Door, Rules, Selectors
from sandbox.demo.errors import DemoError
from sandbox.demo.remembered import Memory, monotonic_ns
from sandbox.demo.screen import Screen, summary
from sandbox.demo.setting import BACKEND, FRONTEND, Router, Setting, network
from sandbox.demo.traffic import Traffic
from sandbox.demo.user import User
from sandbox.demo.words import refusal, undone
from sandbox.load.records import Mode
from sandbox.report.files import write
from sandbox.report.model import Evidence, Refusal, Untouched
from sandbox.report.seen import FlipSeen, Move, RevertSeen, Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.cluster.environment import Sandbox
    from sandbox.demo.broken import Broken
    from sandbox.demo.user import Ran

_OBSERVE_SECONDS: Final = 3.5  # after the writes: the picture shows 3 s of them
_SETTLED_SECONDS: Final = 1.1  # after `pulumi up`: the last second decides whether traffic moved


def run(sandbox: Sandbox, *, router: str, rate: int, json_output: bool) -> int:
    """Run the demo in a sandbox that is up; exit status 0 only if nothing speaks against it, 130 if it was interrupted.

    Args:
        sandbox: Where.
        router: What directs live traffic, as `teal:router` has it.
        rate: Requests per second, on each front door and in each of the two modes.
        json_output: Print the report as JSON instead of the summary.
    """
    seen = Seen(started=datetime.now(UTC), started_ns=time.monotonic_ns(), host=setting.host())
    demo = Demo(sandbox, seen, router=Router(router), rate=rate)
    status = ExitCode.FAILED
    try:
        demo.play()
    except DemoError as error:
        seen.failure = str(error)
    except KeyboardInterrupt:
        status = ExitCode.INTERRUPTED
        seen.failure = f"interrupted; the stack is left as it is. Next: make demo ROUTER={router} NAME={sandbox.name}"
    finally:
        seen.steps = demo.screen.finished
        seen.host = setting.host()
    folder = sandbox.root.parent / demo.stack
    report = write(seen, folder)
    if json_output:
        print(report.model_dump_json(indent=2, by_alias=True))  # noqa: T201 - the result, on standard output
    else:
        summary(report, folder)
    return status if report.problems else ExitCode.OK


class Demo:
    """One run of it."""

    def __init__(self, sandbox: Sandbox, seen: Seen, *, router: Router, rate: int) -> None:
        """Run in `sandbox`, and write into `seen` what is seen.

        Raises:
            StartError: the sandbox's database, or its AWS, does not answer.
        """
        self.screen = Screen()
        self._seen = seen
        database: Mapping[str, str] = postgres.await_ready(sandbox) if sandbox.netns else {}
        balancer = network(sandbox) if router is Router.ALB else None
        self._setting = Setting.prepare(sandbox, database, router=router, balancer=balancer)
        self.stack = self._setting.stack
        self._user = User(
            sandbox,
            stack=self.stack,
            namespace=self._setting.namespace,
            config=self._setting.config,
            log=self._setting.config.parent / "commands.log",
        )
        self._memory = Memory(self._user)
        self._doors = Rules(self._user) if balancer else Selectors(self._user, self._setting.services)
        self._traffic = Traffic(self._user, self._doors, rate=rate)
        seen.router = str(router)
        seen.services, seen.frontend = list(self._setting.services), FRONTEND
        seen.migrates = self._setting.password is not None

    def play(self) -> None:
        """Play all of it.

        Raises:
            DemoError: a step did not do what it had to.
        """
        try:
            with self.screen, self._traffic:
                self._begin()
                self._prepare("green", "1.1.0")
                preview = self._preview("green")
                self._flip("blue", "green", "1.1.0", preview_seconds=preview)
                for each in self._setting.broken:
                    self._refuse("green", "blue", each)
                self._revert("green", "1.1.0", "blue", broken.LATE)
                self._release("blue", "1.0.0")  # and its flip, in one update
                self._flip("green", "blue", "1.0.0")
                with self.screen.step("the floor: bare writes of a door of its own"):
                    versions = {"blue": "1.0.0", "green": "1.1.0"}
                    self._seen.patches = floor.measure(self._doors, self._traffic, versions, self._observe)
                with self.screen.step("load ends, what is in flight is waited for"):
                    self._traffic.end()
        finally:  # also what was seen of a run cut short
            loads = [self._traffic.seen(service, mode) for service in self._setting.services for mode in Mode]
            self._seen.loads = [load for load in loads if load]
            self._seen.floor_load = self._traffic.seen(FLOOR, Mode.NEW_CONNECTIONS)

    def _begin(self) -> None:
        user = self._user
        with self.screen.step("pulumi up: blue 1.0.0 live"):
            stacks = json.loads(user.pulumi("stack", "ls", "--json").output)
            again = self.stack in {stack["name"] for stack in stacks}
            if not again:
                user.init()
            if self._setting.password:
                secret = ("config", "set", "--path", "--secret", "teal:backing.database.password")
                user.pulumi(*secret, stdin=self._setting.password)
            self._up()
            if again and self._setting.password:  # the schema of an earlier run, which green is to migrate anew
                tool = ("python3", "-m", "workload.migrations", "down", setting.SCHEMAS["1.0.0"]["expand"])
                user.kubectl("exec", f"deploy/{BACKEND}-blue", "--", *tool)
            front_doors = json.loads(user.pulumi("stack", "output", "--json").output)["frontDoors"]
            self._memory.flip("blue", "1.0.0")  # what comes after it is this run's
            self._seen.engine = setting.engine(user)
            self._seen.providers = plugins.providers(user.sandbox.environ(), "kubernetes", "aws")
            self._seen.versions = setting.versions(user)
        with self.screen.step("load starts: new connections and kept-alive ones, at both front doors"):
            self._doors.make_floor(BACKEND)
            self._traffic.watch(self._setting.services)
            for service, url in front_doors.items():
                self._traffic.load(service, Door(url=url, host=self._setting.hosts.get(service, "")), *Mode)
        self.screen.live(self._traffic.last_second)

    def _up(self, *, check: bool = True) -> Ran:
        """`pulumi up`; what it migrated and what it let wait is kept."""
        since = datetime.now(UTC).replace(microsecond=0)
        up = self._user.up(check=check)
        for why in migrations.waiting(up.output):
            if why not in self._seen.waiting:
                self._seen.waiting.append(why)
                self.screen.say(why)
        if self._setting.password:
            listed = self._user.kubectl("get", "jobs,pods", "-l", "app.kubernetes.io/part-of=teal", "-o", "json")
            self._seen.jobs += migrations.jobs(json.loads(listed)["items"], since)
        return up

    def _release(self, colour: str, version: str, **env: str) -> None:
        """Declare a version for the idle slot; `env` is its backend's."""
        own = {f"{colour}.{BACKEND}.env.{key}": text for key, text in env.items()}
        self._user.configure({**self._setting.release(colour, version), **own})

    def _prepare(self, colour: str, version: str) -> None:
        """Give the idle slot a version, in an update before its flip."""
        with self.screen.step(f"pulumi up: {colour} {version} beside the live colour"):
            self._release(colour, version)
            self._up()
        self._traffic.require_alive()

    def _preview(self, new: str) -> float:
        """Ask what a flip would do, and return how many seconds the answer took."""
        with self.screen.step(f"pulumi preview: what activeColour {new} would do"):
            self._user.configure({"activeColour": new})
            preview = self._user.pulumi("preview", "--non-interactive")
            for line in dict.fromkeys(preview.output.splitlines()):  # the gates' word comes once a service
                if line.startswith(" ~") or line.lstrip().startswith("as of now"):  # what would change; the gates' word
                    self.screen.say(line.strip())
        return round(preview.seconds, 2)

    def _flip(self, old: str, new: str, version: str, *, preview_seconds: float | None = None) -> None:
        with self.screen.step(f"pulumi up: traffic moves from {old} to {new}"):
            self._user.configure({"activeColour": new})
            begun = time.monotonic_ns()
            up = self._up()
            written = {name: self._traffic.written(name, new, begun) for name in self._setting.services}
            flip = self._memory.flip(new, version)
        with self.screen.step("watching the answers"):
            moves = self._watched(written, old, new, version)
            asked = monotonic_ns(flip.bake_began_at) if flip else None
            self._seen.flips.append(
                FlipSeen(moves=moves, up_seconds=up.seconds, preview_seconds=preview_seconds, bake_ns=asked)
            )

    def _watched(self, written: Mapping[str, int], old: str, new: str, version: str) -> Mapping[str, Move]:
        """Let the load see what became of these writes; `version` is the new colour's."""
        since = (time.monotonic_ns() - max(written.values())) / 1e9  # the program watched, too
        self._observe(max(_SETTLED_SECONDS, _OBSERVE_SECONDS - since))
        until = time.monotonic_ns()
        return {
            name: Move(from_colour=old, to_colour=new, version=version, write_ns=at, until_ns=until)
            for name, at in written.items()
        }

    def _refuse(self, live: str, idle: str, wrong: Broken) -> None:
        """Give the idle slot a broken release, and try to make it live in the same update."""
        user = self._user
        self._release(idle, broken.VERSION, **wrong.env)
        with self.screen.step(f"pulumi up: {idle} {broken.VERSION} {wrong.what}, and must be refused"):
            user.configure({"activeColour": idle})
            before = self._doors.now()
            begun = time.monotonic_ns()
            up = self._up(check=False)
            self._seen.refused_ns.append(time.monotonic_ns())
        self._mend(live, idle)  # a matter of the config alone, and of the time in which to see that nothing moves
        self._traffic.require_alive()
        services = {
            name: Untouched(
                colour=after.colour,
                version_before=before[name].version,
                version_after=after.version,
                answers=self._traffic.answers(name, begun, time.monotonic_ns()),
            )
            for name, after in self._doors.now().items()
        }
        said, flip = refusal(up.output), self._memory.flip(idle, broken.VERSION)
        unproven = flip.unproven if flip else []
        gate = f"{wrong.gate} of {BACKEND}"
        self._seen.refusals.append(
            Refusal(
                to=idle,
                version=broken.VERSION,
                what=wrong.what,
                gate=gate,
                by=[f"{each.gate} of {each.service}" for each in unproven],
                reason=said or f"it did not say that it refused: {up.output.strip()[-500:]}",
                refused=said is not None
                and f"{gate} FAILED" in said
                and all(wrong.seen in each.seen for each in unproven)
                and up.status != 0
                and all(each.still(live) for each in services.values()),
                evidence=Evidence(exit_status=up.status, services=services),
            )
        )
        self.screen.say(self._seen.refusals[-1].reason)

    def _revert(self, live: str, version: str, idle: str, wrong: Broken) -> None:
        """Make a release live that only fails when it is, and see it undone; `version` is the live colour's."""
        user, services = self._user, self._setting.services
        self._release(idle, broken.VERSION, **wrong.env)
        self._seen.broken = f"{idle} {broken.VERSION}"
        with self.screen.step(f"pulumi up: {idle} {broken.VERSION} {wrong.what}, and must be undone"):
            user.configure({"activeColour": idle})
            begun = time.monotonic_ns()
            up = self._up(check=False)
            moved = [self._traffic.written(name, idle, begun) for name in services]
            back = {name: self._traffic.written(name, live, min(moved)) for name in services}
            flip = self._memory.flip(idle, broken.VERSION)
        self._mend(live, idle)
        with self.screen.step("watching the answers"):
            moves = self._watched(back, idle, live, version)
        said = undone(up.output)
        colours = {each.colour for each in self._doors.now().values()}
        self._seen.reverts.append(
            RevertSeen(
                to=idle,
                version=broken.VERSION,
                what=wrong.what,
                reason=said or f"it did not say that it put traffic back: {up.output.strip()[-500:]}",
                undone=said is not None and up.status != 0 and colours == {live},
                exit_status=up.status,
                moved_ns=min(moved),
                bake_ns=monotonic_ns(flip.bake_began_at) if flip else None,
                decided_ns=monotonic_ns(flip.decided_at) if flip else None,
                back=moves,
            )
        )
        self.screen.say(self._seen.reverts[-1].reason)

    def _mend(self, live: str, idle: str) -> None:
        with self.screen.step(f"pulumi config: activeColour {live} again, {idle} mended"):
            self._user.configure({"activeColour": live})
            self._user.pulumi("config", "rm", "--path", f"teal:{idle}.{BACKEND}.env")

    def _observe(self, seconds: float) -> None:
        """Let the load see what there is to see."""
        time.sleep(seconds)
        self._traffic.require_alive()
