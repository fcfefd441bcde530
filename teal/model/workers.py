"""Describes workers: services that nobody asks, with a queue or a time for work. What is live is what runs. Pure."""

from enum import StrEnum

from pydantic import Field

from teal.model.stored import Model

WORKER = "worker"
"""The value of the component label on the objects of a worker."""

COLOUR = "colour"
"""The key in a worker's record for the colour that may run."""

CRON = "teal/cron"
"""The label on the record of a cron job."""


class Overlap(StrEnum):
    """When both colours of a worker may take work."""

    FLIP = "flip"
    """Both may during a flip: the new colour starts, and the old one stops once the flip is confirmed."""
    ALLOWED = "allowed"
    """Both always may: the idle colour runs, as that of any other service does."""
    FORBIDDEN = "forbidden"
    """They never may: the old colour stops before the new one starts, and nobody takes work in between."""


class Worker(Model):
    """What a flip and its way back need to know of a worker."""

    overlap: Overlap = Overlap.FLIP
    pods: int = 1
    """The number of pods with which a colour that has none is started."""
    grace_seconds: int = 45
    """How long a pod that was asked to end may take to finish its work."""
    cron: bool = Field(default=False, exclude_if=lambda each: not each)
    """Whether it is a cron job, whose only pods are those of the Jobs that one colour's CronJob starts."""

    @property
    def idles(self) -> bool:
        """Whether the idle colour has no pods."""
        return self.overlap is not Overlap.ALLOWED


def record(service: str) -> str:
    """Return the name of the ConfigMap that says which colour of a worker is live."""
    return f"{service}-live"
