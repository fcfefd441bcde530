"""Who is told of which stages, as the stack declares it; the watch in the cluster gets the same. Pure."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from teal.history.model import Stage

DECLARED = "TEAL_NOTIFY"
"""The watch's environment variable with an `Audience` as JSON. It comes from a Secret, since its URLs are secrets."""

MACHINES = "cloudEvents"
"""The name of the receiver of events, which no person's receiver may have."""


class Receiver(BaseModel):
    """A receiver of messages."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(repr=False)
    stages: tuple[Stage, ...]


class Audience(BaseModel):
    """All receivers of a stack."""

    model_config = ConfigDict(frozen=True)

    stack: str = ""
    """The stack's name in messages."""
    receivers: Mapping[str, Receiver] = Field(default_factory=dict[str, Receiver])
    """The receivers, by name."""
    events_url: str = Field(default="", repr=False)
    """The URL to which the events of all stages are posted; empty where nobody wants them."""
    link: str = ""
    """The URL at which a flip can be looked at, with `{number}` for its number; empty where there is none."""

    def people(self, stage: Stage) -> Mapping[str, str]:
        """Return the URLs of those who are told of a stage, by name."""
        return {name: each.url for name, each in self.receivers.items() if stage in each.stages}

    @property
    def machines(self) -> Mapping[str, str]:
        """The URLs that get every stage as an event, by name."""
        return {MACHINES: self.events_url} if self.events_url else {}

    kubernetes_events: bool = False
    """Whether stages become Kubernetes events."""

    @property
    def nobody(self) -> bool:
        """Whether nobody is told of anything."""
        return not (self.receivers or self.events_url or self.kubernetes_events)

    def listens(self, stage: Stage) -> bool:
        """Return whether anybody is told of a stage."""
        return bool(self.machines or self.people(stage) or self.kubernetes_events)
