"""Workers: services that nobody asks. They have a queue, or a time, for their work: what is live is what runs. Pure."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

WORKER = "worker"
"""Value of the component label on what a worker has."""

COLOUR = "colour"
"""Key of a worker's record of what is live: the colour that may run."""

CRON = "teal/cron"
"""Label of the record of a cron job."""


class Overlap(StrEnum):
    """When both colours of a worker may take work."""

    FLIP = "flip"
    """During a flip: the new colour starts, and the old one stops once that is confirmed."""
    ALLOWED = "allowed"
    """Always: the idle colour runs, as that of any other service does."""
    FORBIDDEN = "forbidden"
    """Never: the old colour has stopped before the new one starts, and nobody takes work in between."""


class Worker(BaseModel):
    """What a flip and its way back have to know of a worker."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    overlap: Overlap = Overlap.FLIP
    pods: int = 1
    """With which a colour is started where it has none."""
    grace_seconds: int = 45
    """Within which a pod that was told to end finishes its work."""
    cron: bool = Field(default=False, exclude_if=lambda each: not each)
    """Whether it has no pods but those of its Jobs, which a CronJob of each colour starts: that of one of them."""

    @property
    def idles(self) -> bool:
        """Whether the colour that is not live has no pods."""
        return self.overlap is not Overlap.ALLOWED


def record(service: str) -> str:
    """Name of the ConfigMap that says which colour of a worker is live."""
    return f"{service}-live"
