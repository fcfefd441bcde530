"""Settings of who is told of flips: people by whatever their chat, pager or mail is, and machines by events."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from teal.history.model import Stage
from teal.model.addresses import keeps_a_secret
from teal.model.receivers import unusable
from teal.notifications import audience
from teal.notifications.audience import Audience
from teal_infra.settings.base import ENCRYPTED, Model, Name, wrong

TOLD = tuple(each for each in Stage if each not in {Stage.PROVEN, Stage.REVERTING})
"""What a receiver is told of by default: the two that are left out last for a moment, and another one follows."""


class Receiver(Model):
    """Somebody who is told of flips, in plain words.

    Its URL is one of Apprise's: `slack://`, `workflows://` (Microsoft Teams), `discord://`, `pagerduty://`, `mailtos://`,
    `jsons://` (a webhook) and others, or a webhook's own URL of Slack, Discord, Teams or Google Chat.
    """

    name: Name = Field(
        description="What the receiver is called where it could not be told.",
        json_schema_extra=wrong("nobody would know which receiver could not be told"),
        examples=["releases"],
    )
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
            raise _clash("url", f"the URL of {self.name} cannot be used: {why}")
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
            raise _clash("url", "events are posted to https:// alone, or to this very machine by http://")
        return self


class Notify(Model):
    """Who is told of flips."""

    receivers: tuple[Receiver, ...] = Field(default=(), description="The people who are told, each by a URL.")
    cloud_events: CloudEvents | None = Field(
        default=None, description="The machine that is told of every stage. Without it, none is."
    )
    link: Annotated[str, StringConstraints(pattern=r"^(https?://\S+)?$")] = Field(
        default="",
        description="Where a flip can be looked at: `{number}` in it becomes the number of the flip.",
        json_schema_extra=wrong("people would be led nowhere"),
        examples=["'https://ci.example/flips/{number}'"],
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [each.name for each in self.receivers]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise _clash(f"receivers[{index}].name", f"another receiver is called {name}, too")
        return self

    def audience(self, stack: str) -> Audience:
        """The same, as whoever owns a flip needs it."""
        return Audience(
            stack=stack,
            receivers=tuple(
                audience.Receiver(name=each.name, url=each.url, stages=each.stages) for each in self.receivers
            ),
            events_url=self.cloud_events.url if self.cloud_events else "",
            link=self.link,
        )


def _clash(field: str, what: str) -> PydanticCustomError:
    return PydanticCustomError("clash", "{what}", {"field": field, "what": what})
