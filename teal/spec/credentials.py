"""What a Prometheus wants to be shown before it answers. Kept out of records and logs; asks nobody."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from teal.model.errors import TealError

TOKEN = "PROMETHEUS_TOKEN"  # noqa: S105 - a variable's name
"""Environment variable of the watch: the bearer token, where that is all."""

CREDENTIALS = "PROMETHEUS_CREDENTIALS"
"""Environment variable of the watch: all of them, as JSON."""


class SigV4(BaseModel):
    """Requests are signed as AWS has it, with the credentials that boto3 finds."""

    model_config = ConfigDict(frozen=True)

    region: str
    service: str = "aps"


class Credentials(BaseModel):
    """Who asks. Sent over TLS or on this machine, and to nobody else."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    token: str | None = Field(default=None, repr=False)
    """Sent as a bearer token."""
    user: str | None = None
    password: str = Field(default="", repr=False)
    """Of the user, by basic authentication."""
    headers: Mapping[str, str] = Field(default_factory=dict[str, str], repr=False)
    """Sent with each request."""
    sig_v4: SigV4 | None = None

    @property
    def only_a_token(self) -> bool:
        """Whether nothing but a bearer token is shown, if anything is."""
        return self == Credentials(token=self.token)


NOBODY = Credentials()


def of_environment(environment: Mapping[str, str]) -> Credentials:
    """Those that the watch was given.

    Raises:
        TealError: they cannot be read.
    """
    text = environment.get(CREDENTIALS)
    if not text:
        return Credentials(token=environment.get(TOKEN))
    try:
        return Credentials.model_validate_json(text)
    except ValidationError as error:  # its text would show them
        raise TealError(
            f"{CREDENTIALS} cannot be read ({error.error_count()} problems), so Prometheus would not answer, and no "
            "flip was gone on with. Next: pulumi up, which writes it into Secret teal-watch"
        ) from None
