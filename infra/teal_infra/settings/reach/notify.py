"""Settings of who is told of flips: people by chat, pager or mail, and machines by events."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from teal.history.model import Stage
from teal.model.addresses import keeps_a_secret
from teal.model.receivers import unusable
from teal.notifications import audience
from teal.notifications.audience import Audience
from teal_infra.settings.base import ENCRYPTED, Model, Name, clash, wrong

TOLD = tuple(each for each in Stage if each not in {Stage.PROVEN, Stage.REVERTING})
"""What a receiver is told of by default. The two stages that are left out are brief, and another one follows."""


class Receiver(Model):
    """Somebody who is told of flips, in plain words.

    Its URL is one of Apprise's: `slack://`, `workflows://` (Microsoft Teams), `discord://`, `pagerduty://`, `mailtos://`,
    `jsons://` (a webhook) and others, or a webhook's own URL of Slack, Discord, Teams or Google Chat.
    """

    url: str = Field(
        repr=False,
        description=(
            "Where it is told, as Apprise has it. It holds a token, so it is to be encrypted in the stack file "
            "(`config set --path --secret`)."
        ),
        json_schema_extra=wrong("nobody would be told, or others on the way would read the token"),
        examples=["--secret"],
    )
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)] = Field(
        default=TOLD,
        description="The stages of a flip that it is told of.",
        json_schema_extra=wrong("it would be told of nothing, or of everything"),
        examples=['\'["REFUSED", "REVERTED", "STUCK"]\''],
    )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.url != ENCRYPTED and (why := unusable(self.url)):
            raise clash("url", f"its URL cannot be used: {why}")
        return self


class CloudEvents(Model):
    """A machine that is told of every stage: CloudEvents 1.0 in JSON, by an HTTP POST for each."""

    url: str = Field(
        repr=False,
        description="Where events are posted. It is to be encrypted in the stack file if it holds a token.",
        json_schema_extra=wrong("no event would arrive, or others on the way would read it"),
        examples=["--secret"],
    )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.url != ENCRYPTED and not (self.url.startswith(("https://", "http://")) and keeps_a_secret(self.url)):
            raise clash("url", "events are posted to https:// alone, or to this very machine by http://")
        return self


class Notify(Model):
    """Who is told of flips."""

    receivers: Mapping[Name, Receiver] = Field(
        default_factory=dict[str, Receiver],
        description="The people who are told, each by a URL, by the receiver's name.",
        json_schema_extra=wrong("nobody would know which receiver could not be told"),
        examples=['\'{"releases": {"url": "slack://…"}}\''],
    )
    cloud_events: CloudEvents | None = Field(
        default=None, description="The machine that is told of every stage. Without it, none is."
    )
    kubernetes_events: bool = Field(
        default=False,
        description="Whether each stage becomes an Event of Kubernetes on the services' Services.",
        json_schema_extra=wrong(
            "`kubectl describe service` would say nothing of flips, or the update would lack a right"
        ),
        examples=["true"],
    )
    link: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = Field(
        default=None,
        description="Where a flip can be looked at: `{number}` in it becomes the number of the flip.",
        json_schema_extra=wrong("people would be led nowhere"),
        examples=["'https://ci.example/flips/{number}'"],
    )

    def audience(self, stack: str) -> Audience:
        """Return the receivers as a flip's owner needs them."""
        return Audience(
            stack=stack,
            receivers={
                name: audience.Receiver(url=each.url, stages=each.stages) for name, each in self.receivers.items()
            },
            events_url=self.cloud_events.url if self.cloud_events else "",
            link=self.link or "",
            kubernetes_events=self.kubernetes_events,
        )
