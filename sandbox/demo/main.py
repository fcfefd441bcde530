"""The demo, step by step: what a user would type, while clients keep asking and everything is recorded.

Blue 1.0.0 is live; green 1.1.0 is prepared and made live; blue is given 1.2.0, which does not answer as what it was
declared to be, and is refused; blue 1.0.0 comes back and is made live again; a bare patch of a Service of the demo's
own shows what the cluster itself takes. The verdict is the report's, not the demo's.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sandbox.cluster.errors import ExitCode
from sandbox.demo import setting
from sandbox.demo.errors import DemoError
from sandbox.demo.screen import Screen, summary
from sandbox.demo.setting import NAMESPACE, STACK, Setting
from sandbox.demo.traffic import Traffic
from sandbox.demo.user import User
from sandbox.load.records import Mode
from sandbox.load.writes import COLOUR_LABEL
from sandbox.report.files import write
from sandbox.report.model import Evidence, Refusal
from sandbox.report.seen import Move, Seen

if TYPE_CHECKING:
    from sandbox.cluster.environment import Sandbox

_OBSERVE_SECONDS: Final = 3.5  # after a flip: the picture shows 3 s, and the last second decides whether it moved
_PATCH_SECONDS: Final = 1.6  # between two bare patches: kube-proxy writes its rules at most once a second
_PATCHES: Final = ("green", "blue", "green", "blue")
_FLOOR: Final = "floor"
_NANO: Final = 1_000_000_000


def run(sandbox: Sandbox, *, rate: int = 200, json_output: bool = False) -> int:
    """Run the demo in a sandbox that is up; exit status 0 only if nothing speaks against it, 130 if it was interrupted.

    Args:
        sandbox: Where.
        rate: Requests per second, in each of the two modes.
        json_output: Print the report as JSON instead of the summary.
    """
    seen = Seen(started=datetime.now(UTC), started_ns=time.monotonic_ns(), host=setting.host())
    demo = Demo(sandbox, seen, rate=rate)
    status = ExitCode.FAILED
    try:
        demo.play()
    except DemoError as error:
        seen.failure = str(error)
    except KeyboardInterrupt:
        status = ExitCode.INTERRUPTED
        seen.failure = f"interrupted; the stack is left as it is. Next: make demo NAME={sandbox.name}"
    finally:
        seen.steps = demo.screen.finished
        seen.host = setting.host()
    folder = sandbox.root.parent / STACK
    report = write(seen, folder)
    if json_output:
        print(report.model_dump_json(indent=2, by_alias=True))  # noqa: T201 - the result, on standard output
    else:
        summary(report, folder)
    return status if report.problems else ExitCode.OK


class Demo:
    """One run of it."""

    def __init__(self, sandbox: Sandbox, seen: Seen, *, rate: int) -> None:
        """Run in `sandbox`, and write into `seen` what is seen."""
        self.screen = Screen()
        self._seen = seen
        self._setting = Setting.prepare(sandbox)
        self._user = User(
            sandbox,
            stack=STACK,
            namespace=NAMESPACE,
            config=self._setting.config,
            log=self._setting.config.parent / "commands.log",
        )
        self._traffic = Traffic(self._user, rate=rate)

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
                self._refuse("green", "blue", "1.2.0", answers_as="1.1.9")
                self._prepare("blue", "1.0.0")
                self._flip("green", "blue", "1.0.0")
                self._floor()
                with self.screen.step("load ends, what is in flight is waited for"):
                    self._traffic.end()
        finally:  # also what was seen of a run cut short
            self._seen.loads = [load for mode in Mode if (load := self._traffic.seen(mode))]
            self._seen.floor_load = self._traffic.seen(f"{_FLOOR}-{Mode.NEW_CONNECTIONS}")

    def _begin(self) -> None:
        user = self._user
        with self.screen.step("pulumi up: blue 1.0.0 live"):
            stacks = json.loads(user.pulumi("stack", "ls", "--json").output)
            if STACK not in {stack["name"] for stack in stacks}:
                user.init()
            user.up()
            front_door = json.loads(user.pulumi("stack", "output", "--json").output)["frontDoor"]
            self._seen.engine = setting.engine(user)
            self._seen.versions = setting.versions(user)
        with self.screen.step("load starts: new connections and kept-alive ones"):
            self._make_floor()
            self._traffic.watch(self._setting.service)
            self._traffic.load(f"{front_door}/pricing", *Mode)
        self.screen.live(self._traffic.last_second)

    def _prepare(self, colour: str, version: str, **env: str) -> None:
        """Give the idle slot a version."""
        with self.screen.step(f"pulumi up: {colour} {version} beside the live colour"):
            slot = f"{colour}.{self._setting.service}"
            self._user.configure(
                {
                    f"{colour}.version": version,
                    f"{slot}.image": f"{self._setting.repository}:{version}",
                    **{f"{slot}.env.{key}": text for key, text in env.items()},
                }
            )
            self._user.up()
        self._traffic.require_alive()

    def _preview(self, new: str) -> float:
        """Ask what a flip would do, and return how many seconds the answer took."""
        with self.screen.step(f"pulumi preview: what activeColour {new} would do"):
            self._user.configure({"activeColour": new})
            preview = self._user.pulumi("preview", "--non-interactive")
            for line in preview.output.splitlines():
                if line.startswith(" ~") or line.lstrip().startswith("as of now"):  # what would change; the gates' word
                    self.screen.say(line.strip())
        return round(preview.seconds, 2)

    def _flip(self, old: str, new: str, version: str, *, preview_seconds: float | None = None) -> None:
        user = self._user
        with self.screen.step(f"pulumi up: traffic moves from {old} to {new}"):
            user.configure({"activeColour": new})
            begun = time.monotonic_ns()
            up = user.up()
            written = self._traffic.written(self._setting.service, new, begun)
        with self.screen.step(f"watching the answers for {_OBSERVE_SECONDS:g} s"):
            self._observe(_OBSERVE_SECONDS)
            self._seen.moves.append(
                Move(
                    from_colour=old,
                    to_colour=new,
                    version=version,
                    write_ns=written,
                    until_ns=time.monotonic_ns(),
                    up_seconds=up.seconds,
                    preview_seconds=preview_seconds,
                )
            )

    def _refuse(self, live: str, broken: str, version: str, *, answers_as: str) -> None:
        """Give the idle slot a release that is not what it says, and try to make it live."""
        user = self._user
        self._prepare(broken, version, FAULT_VERSION=answers_as)
        with self.screen.step(f"pulumi up: {broken} {version} is broken and must be refused"):
            user.configure({"activeColour": broken})
            before = user.get("service", self._setting.service)["metadata"]["resourceVersion"]
            begun = time.monotonic_ns()
            up = user.up(check=False)
            self._seen.refused_ns.append(time.monotonic_ns())
            self._observe(1)
            answers = self._traffic.answers(Mode.NEW_CONNECTIONS, begun, time.monotonic_ns())
            after = user.get("service", self._setting.service)
        evidence = Evidence(
            exit_status=up.status,
            selector_colour=after["spec"]["selector"].get(COLOUR_LABEL, ""),
            resource_version_before=before,
            resource_version_after=after["metadata"]["resourceVersion"],
            answers=answers,
        )
        untouched = before == evidence.resource_version_after and evidence.selector_colour == live
        said = refusal(up.output)
        self._seen.refusals.append(
            Refusal(
                to=broken,
                version=version,
                reason=said or f"it did not say that it refused: {up.output.strip()[-500:]}",
                refused=said is not None and up.status != 0 and untouched and set(answers) == {live},
                evidence=evidence,
            )
        )
        self.screen.say(self._seen.refusals[-1].reason)
        with self.screen.step(f"pulumi config: activeColour {live} again, {broken} mended"):
            user.configure({"activeColour": live})
            user.pulumi("config", "rm", "--path", f"teal:{broken}.{self._setting.service}.env")

    def _make_floor(self) -> None:
        """Make a Service of the demo's own on the program's pods; long before it is asked, so that it is everywhere."""
        active = self._user.get("service", self._setting.service)["spec"]
        port = {"port": active["ports"][0]["port"], "targetPort": active["ports"][0]["targetPort"]}
        manifest = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": _FLOOR},
            "spec": {"type": "NodePort", "selector": active["selector"], "ports": [port]},
        }
        self._user.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def _floor(self) -> None:
        with self.screen.step("the floor: bare kubectl patches of a separate Service"):
            port = self._user.get("service", _FLOOR)["spec"]["ports"][0]["nodePort"]
            self._traffic.load(f"http://127.0.0.1:{port}/pricing", Mode.NEW_CONNECTIONS, name=f"{_FLOOR}-")
            self._observe(1.1)
            live = "blue"
            for colour in _PATCHES:
                begun = time.monotonic_ns()
                patch = json.dumps({"spec": {"selector": {COLOUR_LABEL: colour}}})
                self._user.kubectl("patch", "service", _FLOOR, "-p", patch)
                written = self._traffic.written(_FLOOR, colour, begun)
                self._observe(_PATCH_SECONDS)
                self._seen.patches.append(
                    Move(
                        from_colour=live,
                        to_colour=colour,
                        version={"blue": "1.0.0", "green": "1.1.0"}[colour],
                        write_ns=written,
                        until_ns=time.monotonic_ns(),
                    )
                )
                live = colour
            self._traffic.end(f"{_FLOOR}-")
            self._user.kubectl("delete", "service", _FLOOR, "--wait=false")

    def _observe(self, seconds: float) -> None:
        """Let the load see what there is to see."""
        time.sleep(seconds)
        self._traffic.require_alive()


def refusal(output: str) -> str | None:
    """Return the sentence with which the program refused, from all that `pulumi up` printed; None if it did not.

    An update that fails for another reason has refused nothing, whatever its exit status.
    """
    found = re.findall(r"flip from \w+ to \w+ refused\..*", output)
    return found[-1].strip() if found else None
