"""What is live, as it was read: no I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from teal.model.colours import Colour
from teal.model.labels import DIGEST, PARTS
from teal.model.routes import AlbRoute


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveService:
    """A service's live traffic as read from its router: where it goes, and who sent it there."""

    colour: Colour | None
    """None where the selector names no colour that teal knows."""
    selector: Mapping[str, str]
    """What directs it: an active Service's selector, or weights by colour."""
    annotations: Mapping[str, str]
    resource_version: str
    writer: str
    """The field manager that owns the selector, as the API server recorded it."""
    owners: frozenset[str] = frozenset()
    """Every field manager that owns a part of what a move writes; nobody's where a router keeps no owners."""
    share: int = 0
    """Percent of its traffic that goes to the other colour, where a router splits it by weights."""
    route: AlbRoute | None = None
    """What directs it in AWS, where that does."""
    worker: bool = False
    """Whether nothing directs it: it is a worker, and this is the record of which colour may run."""
    cron: bool = False
    """Whether it is a cron job, which is a worker with a time for its work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A ready address of an EndpointSlice."""

    pod: str
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LivePod:
    """A pod of a slot, as its labels have it, and the kubelet."""

    name: str
    colour: Colour | None
    version: str
    image: str = ""
    """What its service's container was told to run."""
    image_id: str = ""
    """What it runs, as the kubelet resolved that: a digest, behind a repository where the node pulled it from one."""
    ready: bool = False
    ending: bool = False
    """Whether it was asked to end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveSlot:
    """A colour's Deployment as read, or its CronJob."""

    annotations: Mapping[str, str]
    replicas: int
    """Pods that it is asked for at present; of a CronJob 1, or 0 where it is suspended."""
    ready: int = 0
    outdated: int = 0
    """Pods of it that a rollout has not replaced yet."""
    version: str = ""
    """As its labels have it."""
    adopted: bool = False
    """Whether it is none of the stack's, in the place of one."""
    cron: bool = False
    """Whether it is a CronJob."""

    @property
    def identity(self) -> str:
        """All that its pods run with, and whom they reach, as the Deployment says it; empty where it does not."""
        try:
            parts = json.loads(self.annotations[PARTS])
            return " ".join((self.annotations[DIGEST], parts["template"], parts["service"]["network"]))
        except (KeyError, TypeError, ValueError):
            return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveAutoscaler:
    """A colour's autoscaler as read."""

    annotations: Mapping[str, str]
    minimum: int
    desired: int = 0
    """Pods that it has in mind at present; 0 before it has looked for the first time."""
