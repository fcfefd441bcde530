"""Who is told of which stages, as the stack declares it; the watch in the cluster is given the same. Pure."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from teal.history.model import Stage

DECLARED = "TEAL_NOTIFY"
"""Environment variable of the watch: an `Audience` in JSON, from a Secret, since its URLs are secrets."""

MACHINES = "cloudEvents"
"""What the receiver of events is called; no name that a person may have."""


class Receiver(BaseModel):
    """Somebody who is told."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(repr=False)
    stages: tuple[Stage, ...]


class Audience(BaseModel):
    """All who are told."""

    model_config = ConfigDict(frozen=True)

    stack: str = ""
    """What the stack is called where it is told of."""
    receivers: Mapping[str, Receiver] = Field(default_factory=dict[str, Receiver])
    """By what each is called."""
    events_url: str = Field(default="", repr=False)
    """Where events of all stages are posted; empty where nobody wants them."""
    link: str = ""
    """Where a flip can be looked at, with `{number}` in place of its number; empty where nowhere."""

    def people(self, stage: Stage) -> Mapping[str, str]:
        """URLs of those who are told of a stage, by their names."""
        return {name: each.url for name, each in self.receivers.items() if stage in each.stages}

    @property
    def machines(self) -> Mapping[str, str]:
        """URLs that get every stage as an event, by what they are called."""
        return {MACHINES: self.events_url} if self.events_url else {}

    kubernetes_events: bool = False
    """Whether stages become Events of Kubernetes."""

    @property
    def nobody(self) -> bool:
        """Whether nobody is told of anything."""
        return not (self.receivers or self.events_url or self.kubernetes_events)

    def listens(self, stage: Stage) -> bool:
        """Whether anybody is told of a stage."""
        return bool(self.machines or self.people(stage) or self.kubernetes_events)
