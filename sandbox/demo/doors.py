"""What directs live traffic, as somebody beside the program sees and writes it: selectors, or rules of a load balancer.

The program has its own readers and writers; a demo that used them would only show that they agree with themselves.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sandbox.load.writes import COLOUR_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.demo.user import User

FLOOR: Final = "floor"
"""A door like the backend's, which the program does not know."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where a load asks; `host` is named to a door that several services share."""

    url: str
    host: str = ""


@dataclass(frozen=True, kw_only=True)
class Directed:
    """Where a service's traffic goes; another version means that somebody wrote."""

    colour: str
    version: str


class Doors(Protocol):
    """Of one stack."""

    def watch(self) -> Sequence[str]:
        """The module that records writes, and its options."""
        ...

    def now(self) -> Mapping[str, Directed]:
        """Of each service, where its traffic goes."""
        ...

    def make_floor(self, service: str) -> None:
        """Make a door like a service's, long before it is asked, so that it is everywhere."""

    def floor(self) -> Door:
        """Where it is."""
        ...

    def move_floor(self, colour: str) -> None:
        """Send its traffic to a colour, and do nothing else."""

    def remove_floor(self) -> None:
        """Take it away."""


class Selectors:
    """`router: service`: selectors of Services, by kubectl."""

    def __init__(self, user: User, services: Sequence[str]) -> None:
        """Of these services."""
        self._user = user
        self._services = services

    def watch(self) -> Sequence[str]:
        """A watch at the API server."""
        return ["sandbox.load.watch", "--namespace", self._user.namespace]

    def now(self) -> Mapping[str, Directed]:
        """Of each active Service."""
        found = {name: self._user.get("service", name) for name in self._services}
        return {
            name: Directed(
                colour=each["spec"]["selector"].get(COLOUR_LABEL, ""), version=each["metadata"]["resourceVersion"]
            )
            for name, each in found.items()
        }

    def make_floor(self, service: str) -> None:
        """A Service on a node port."""
        active = self._user.get("service", service)["spec"]
        port = {"port": active["ports"][0]["port"], "targetPort": active["ports"][0]["targetPort"]}
        manifest = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": FLOOR},
            "spec": {"type": "NodePort", "selector": active["selector"], "ports": [port]},
        }
        self._user.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def floor(self) -> Door:
        """Its node port."""
        port = self._user.get("service", FLOOR)["spec"]["ports"][0]["nodePort"]
        return Door(url=f"http://127.0.0.1:{port}")

    def move_floor(self, colour: str) -> None:
        """`kubectl patch`."""
        patch = json.dumps({"spec": {"selector": {COLOUR_LABEL: colour}}})
        self._user.kubectl("patch", "service", FLOOR, "-p", patch)

    def remove_floor(self) -> None:
        """`kubectl delete`."""
        self._user.kubectl("delete", "service", FLOOR, "--wait=false")


class Rules:
    """`router: alb`: weights of listener rules, by the AWS API."""

    def __init__(self, user: User) -> None:
        """Whatever load balancers there are."""
        self._user = user

    def watch(self) -> Sequence[str]:
        """The journal of the sandbox's AWS."""
        return ["sandbox.aws.watch"]

    def now(self) -> Mapping[str, Directed]:
        """Of each live rule."""
        return {name: Directed(**each) for name, each in json.loads(self._rules("show")).items()}

    def make_floor(self, service: str) -> None:
        """A rule for a host of its own."""
        self._rules("make", service, FLOOR)

    def floor(self) -> Door:
        """The load balancer's."""
        outputs = json.loads(self._user.pulumi("stack", "output", "--json").output)
        return Door(url=outputs["frontDoor"], host=FLOOR)

    def move_floor(self, colour: str) -> None:
        """`ModifyRule`."""
        self._rules("move", FLOOR, colour)

    def remove_floor(self) -> None:
        """`DeleteRule`."""
        self._rules("remove", FLOOR)

    def _rules(self, *args: str) -> str:
        return self._user.run(sys.executable, "-m", "sandbox.aws.rules", *args).output
