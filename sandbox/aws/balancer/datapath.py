"""The data path: keeps HAProxy as moto's state says, and tells what HAProxy's checks find.

One thread does it all, in order: what changed is applied when it is due (at once, or as late as was ordered), and twice
a second it looks which targets' checks have decided and which have drained.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sandbox.aws.balancer import render
from sandbox.aws.balancer.haproxy import Haproxy, HaproxyError
from sandbox.aws.balancer.picture import Group, Picture
from sandbox.aws.balancer.targets import Health, Key, Target, Targets
from sandbox.aws.faults import FaultBox

_LOG = logging.getLogger(__name__)
_LOOK_S: Final = 0.5
# Columns of `show servers state`, version 1: backend, server, operational state, result of the last check.
_BACKEND, _SERVER, _STATE, _RESULT = 1, 3, 5, 11
_RUNNING: Final = "2"
_FAILED: Final = "2"


class DataPath:
    """HAProxy behind moto."""

    def __init__(self, folder: Path, targets: Targets, faults: FaultBox, take: Callable[[], Picture]) -> None:
        """Start nothing yet; HAProxy comes with the first listener."""
        self._haproxy = Haproxy(folder)
        self._targets = targets
        self._faults = faults
        self._take = take
        self._due: deque[tuple[float, Picture]] = deque()
        self._wake = threading.Condition()
        self._stopped = False
        self._said = ""  # the last failure, told once
        self._picture = Picture()
        self._text = ""
        self._servers: dict[str, dict[str, Target]] = {}  # by backend, by name: what HAProxy has
        self._open: set[tuple[str, str]] = set()  # targets that fail-open may use
        self._draining: set[tuple[str, str]] = set()
        self._thread = threading.Thread(target=self._run, name="data path", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """End, and HAProxy with it."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join()

    def changed(self) -> None:
        """Moto's state is another now; it is taken now, whenever it is applied."""
        with self._wake:
            self._due.append((time.monotonic() + self._faults.now.rule_delay_s, self._take()))
            self._wake.notify()

    def wake(self) -> None:
        """Targets are others now."""
        with self._wake:
            self._wake.notify()

    def health(self, group_id: str, targets: list[Target]) -> dict[Key, Health]:
        """What the checks of a group's targets found; of one that drains and came back, what they find from now on."""
        backend = f"tg-{group_id}"
        checks, has = self._checks().get(backend, {}), self._servers.get(backend, {})
        return {
            target.key: checks.get(target.server, "checking") if has.get(target.server) is target else "checking"
            for target in targets
        }

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._stopped:
                    break
                due = self._due[0][0] - time.monotonic() if self._due else _LOOK_S
                if due > 0:
                    self._wake.wait(min(due, _LOOK_S))
                if self._stopped:
                    break
                while self._due and self._due[0][0] <= time.monotonic():
                    self._picture = self._due.popleft()[1]
            try:
                self._follow()
                self._said = ""
            except Exception as error:  # noqa: BLE001 - it is tried again: a data path that ends tells nothing
                if self._said != str(error):
                    self._said = str(error)
                    _LOG.warning("the data path is not as it should be; tried again", exc_info=True)
        self._haproxy.stop()

    def _follow(self) -> None:
        picture = self._picture
        if picture.listeners:
            self._load(picture)
        if self._haproxy.running:
            checks = self._checks()
            for group in picture.groups:
                self._follow_targets(group, checks.get(f"tg-{group.id}", {}))
        for group in picture.groups:
            self._targets.drained(group.arn, group.drain_s)

    def _load(self, picture: Picture) -> None:
        """Structure by a reload, weights by their maps."""
        folder = self._haproxy.folder
        text = render.configuration(picture, {}, folder)
        maps = {render.map_path(rule, folder): render.weights(rule.action) for rule in render.rules(picture).values()}
        changed = {path: entries for path, entries in maps.items() if _file(entries) != _read(path)}
        certificates = {folder / f"{each.id}.pem": each.certificate for each in picture.listeners if each.certificate}
        renewed = {path: pem for path, pem in certificates.items() if pem != _read(path)}
        for path, pem in renewed.items():
            path.touch(mode=0o600)
            path.write_text(pem)
        if text != self._text or renewed or not self._haproxy.running:
            for path, entries in changed.items():
                path.write_text(_file(entries))
            if not self._haproxy.running:
                self._servers = {}
            known = {group.arn: list(self._servers.get(f"tg-{group.id}", {}).values()) for group in picture.groups}
            self._haproxy.load(render.configuration(picture, known, folder))
            self._text, self._open, self._draining = text, set(), set()  # said to the new worker once more
            self._servers = {f"tg-{g.id}": self._servers.get(f"tg-{g.id}", {}) for g in picture.groups}
            return
        for path, entries in changed.items():
            self._haproxy.replace_map(path, entries)
            path.write_text(_file(entries))

    def _follow_targets(self, group: Group, checks: dict[str, Health]) -> None:
        backend, now = f"tg-{group.id}", time.monotonic()
        has = self._servers.setdefault(backend, {})
        wanted = {target.server: target for target in self._targets.of(group.arn) if target.effective <= now}
        for name, target in has.items():
            if checks.get(name, "checking") != "checking":
                target.decided = True
        for name in [name for name, target in has.items() if wanted.get(name) is not target]:
            self._remove(backend, name)
        for name, target in wanted.items():
            if name not in has and target.gone is None:
                self._add(group, backend, target)
            elif name in has and target.gone is not None and (backend, name) not in self._draining:
                backup = f"set server {backend}/{name}{render.BACKUP} state maint"
                self._haproxy.command(f"set server {backend}/{name} state drain", backup)
                self._draining.add((backend, name))
                self._open.discard((backend, name))
            elif target.decided and target.gone is None and (backend, name) not in self._open:
                self._haproxy.command(f"set server {backend}/{name}{render.BACKUP} state ready")
                self._open.add((backend, name))

    def _add(self, group: Group, backend: str, target: Target) -> None:
        target.decided = False
        for name, address, options in render.servers(group, target):
            said = self._haproxy.command(f"add server {backend}/{name} {address} {options}")
            if "New server registered" not in said:
                raise HaproxyError(f"HAProxy does not add {backend}/{name}: {said.strip()}")
        server = f"{backend}/{target.server}"
        # In this order: enabled first it would be taken for healthy until its first check.
        self._haproxy.command(
            f"enable health {server}",
            f"enable server {server}; set server {server} health down",
        )
        self._servers[backend][target.server] = target

    def _remove(self, backend: str, name: str) -> None:
        """Take a server off; one that still has connections goes next time."""
        for server in (f"{backend}/{name}", f"{backend}/{name}{render.BACKUP}"):
            commands = (
                f"set server {server} state maint",
                f"shutdown sessions server {server}",
                f"del server {server}",
            )
            said = self._haproxy.command(*commands)
            if "Server deleted" not in said and "No such server" not in said:
                return
        del self._servers[backend][name]
        self._open.discard((backend, name))
        self._draining.discard((backend, name))

    def _checks(self) -> dict[str, dict[str, Health]]:
        """What all checks found; nothing where HAProxy does not run or does not answer."""
        found: dict[str, dict[str, Health]] = {}
        if not self._haproxy.running:
            return found
        try:
            lines = self._haproxy.command("show servers state").splitlines()
        except HaproxyError:
            return found
        for line in lines:
            columns = line.split()
            if len(columns) > _RESULT and columns[0].isdecimal():
                result: Health = "checking"  # not checked yet, or passed, but not as often as it takes
                if columns[_STATE] == _RUNNING:
                    result = "up"
                elif columns[_RESULT] == _FAILED:
                    result = "down"
                found.setdefault(columns[_BACKEND], {})[columns[_SERVER]] = result
        return found


def _file(entries: list[tuple[str, str]]) -> str:
    return "".join(f"{key} {value}\n" for key, value in entries)


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
