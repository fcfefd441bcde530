"""moto with its data path, served over HTTP: what `AWS_ENDPOINT_URL` leads to in the sandbox."""

import ipaddress
import threading
import time
from pathlib import Path
from typing import Any

from moto.elbv2.models import FakeTargetGroup
from moto.moto_server.werkzeug_app import (  # pyright: ignore[reportMissingTypeStubs] - this part of it has none
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from sandbox.aws import strict
from sandbox.aws.balancer import picture
from sandbox.aws.balancer.datapath import DataPath
from sandbox.aws.balancer.targets import Health, Key, State, Target, Targets, state
from sandbox.aws.faults import FaultBox, with_faults
from sandbox.aws.journal import Journal


class StandIn:
    """The sandbox's AWS; one a process, since moto's state is the process's."""

    def __init__(self, folder: Path, *, addresses: str) -> None:
        """Make moto strict.

        Args:
            folder: for HAProxy's files.
            addresses: the first load balancer's; the next ones count on from there.
        """
        self.faults = FaultBox()
        self._journal = Journal()
        self._targets = Targets(time.monotonic)
        self._path = DataPath(folder, self._targets, self.faults, self._take)
        self.faults.changed = self._path.changed
        self._first = ipaddress.ip_address(addresses)
        self._addresses: dict[str, str] = {}
        self._server: Any = None
        strict.install(self)

    def serve(self, host: str, port: int) -> int:
        """Serve in the background; returns the port."""
        application: Any = DomainDispatcherApplication(create_backend_app)
        answering = self._journal.served(with_faults(application, self.faults))
        self._server = make_server(host, port, answering, threaded=True, request_handler=MotoRequestHandler)
        self._path.start()
        threading.Thread(target=self._server.serve_forever, name="aws", daemon=True).start()
        return int(self._server.port)

    def stop(self) -> None:
        """End it all."""
        self._server.shutdown()
        self._server.server_close()
        self._path.stop()

    def _take(self) -> picture.Picture:
        taken = picture.take(self.faults.now.check_interval_s)
        self._journal.note(taken)
        return taken

    # What the strict moto asks and tells (strict.World).

    def changed(self) -> None:
        """Have the data path follow."""
        self._path.changed()

    def address(self, arn: str) -> str:
        """An address of its own for each load balancer, since they may listen on the same port."""
        return self._addresses.setdefault(arn, str(self._first + len(self._addresses)))

    def register(self, group: str, keys: list[Key]) -> None:
        """Send requests to targets, once they are healthy."""
        self._targets.register(group, keys, self.faults.now.registration_delay_s)
        self._path.wake()

    def deregister(self, group: str, keys: list[Key]) -> None:
        """Send no more."""
        self._targets.deregister(group, keys)
        self._path.wake()

    def health(self, group: FakeTargetGroup) -> dict[Key, State]:
        """All targets of a group, as `DescribeTargetHealth` has them."""
        self._targets.drained(group.arn, float(group.attributes["deregistration_delay.timeout_seconds"]))
        used, now = bool(group.load_balancer_arns), time.monotonic()
        targets = self._targets.of(group.arn)
        checks = self._path.health(picture.short(group.arn), targets)

        def found(target: Target) -> Health:
            health = checks[target.key]
            return "down" if health == "checking" and target.decided else health  # rising again, or not asked yet

        return {target.key: state(target, used=used, now=now, health=found(target)) for target in targets}
