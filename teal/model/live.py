"""Live state as it was read. No I/O."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from teal.model.colours import Colour
from teal.model.labels import DIGEST, FLOOR, PARTS, REVISION
from teal.model.routes import AlbRoute


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveService:
    """A service's live traffic as its router reports it: where it goes, and who sent it there."""

    colour: Colour | None
    """The live colour; None where the selector names none that teal knows."""
    selector: Mapping[str, str]
    """What directs traffic: an active Service's selector, or the weights by colour."""
    annotations: Mapping[str, str]
    resource_version: str
    writer: str
    """The field manager that owns the selector, as the API server records it."""
    owners: frozenset[str] = frozenset()
    """Every field manager that owns a part of what a move writes; empty where a router keeps no owners."""
    share: int = 0
    """The percentage of traffic that goes to the other colour, where a router splits it by weights."""
    route: AlbRoute | None = None
    """The listener rule that directs traffic; None outside AWS."""
    worker: bool = False
    """Whether it is a worker without traffic, so that this is its record of which colour may run."""
    cron: bool = False
    """Whether it is a cron job, which is a worker with a time for its work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A ready address of an EndpointSlice."""

    pod: str
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LivePod:
    """A pod of a slot, by its labels and by its kubelet."""

    name: str
    colour: Colour | None
    version: str
    image: str = ""
    """The image that its service's container was declared with."""
    image_id: str = ""
    """The image that runs, as the kubelet resolved it: a digest, after a repository if the node pulled it from one."""
    ready: bool = False
    ending: bool = False
    """Whether the pod was asked to end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveSlot:
    """A colour's Deployment as read, or its CronJob."""

    annotations: Mapping[str, str]
    replicas: int
    """How many pods it is asked for at present; a CronJob counts as 1, and as 0 while it is suspended."""
    ready: int = 0
    outdated: int = 0
    """The pods that a rollout has not replaced yet."""
    rolling: bool = False
    """Whether its last rollout goes on, or is stuck."""
    version: str = ""
    """The version in the Deployment's labels."""
    given: tuple[str, str] | None = None
    """The image of its pods and who wrote that, where it was somebody else than the stack; None where nobody did."""
    adopted: bool = False
    """Whether the stack did not make it, and it takes the place of a slot."""
    cron: bool = False
    """Whether it is a CronJob."""

    @property
    def well(self) -> bool:
        """Whether all of its pods are ready and of its last release, and there is one at least."""
        return 0 < self.replicas <= self.ready and not self.outdated

    @property
    def release(self) -> str:
        """What its pods are made from: teal's digest of it, and how often anybody has changed their template."""
        return f"{self.annotations.get(DIGEST, '')} {self.annotations.get(REVISION, '')}"

    def _strange(self, parts: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the image and its writer where somebody gave its pods another image than the stack had declared."""
        if self.given is None:
            return ()
        known = hashlib.sha256(json.dumps(self.given[0]).encode()).hexdigest()
        return () if known.startswith(str(parts["pod"]["image"])) else self.given

    @property
    def identity(self) -> str:
        """What its pods run with and whom they may reach, by the Deployment's annotations; empty if they lack it."""
        try:
            parts = json.loads(self.annotations[PARTS])
            own = (self.annotations[DIGEST], parts["template"], parts["service"]["network"])
            return " ".join((*own, *self._strange(parts)))
        except (KeyError, TypeError, ValueError):
            return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveAutoscaler:
    """A colour's autoscaler as it was read."""

    annotations: Mapping[str, str]
    minimum: int
    desired: int = 0
    """The pods that the autoscaler wants now; 0 before it has looked for the first time."""
    ours: bool = False
    """Whether a stack of teal made it."""

    @property
    def floor(self) -> tuple[int, datetime] | None:
        """The pods that a flip has asked for, and when; None where none did, or the annotation cannot be read."""
        pods, _, since = self.annotations.get(FLOOR, "").partition("@")
        try:
            asked, at = int(pods), datetime.fromisoformat(since)
        except ValueError:
            return None
        return (asked, at) if at.tzinfo is not None else None
