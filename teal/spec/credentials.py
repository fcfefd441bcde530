"""The credentials that a Prometheus asks for. They are kept out of records and logs, and this module sends nothing."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from teal.model.errors import TealError
from teal.model.stored import Model

TOKEN = "PROMETHEUS_TOKEN"  # noqa: S105 - a variable's name
"""The watch's environment variable with the bearer token, where that is the only credential."""

CREDENTIALS = "PROMETHEUS_CREDENTIALS"
"""The watch's environment variable with all credentials, as JSON."""


class SigV4(BaseModel):
    """Requests are signed for AWS with the credentials that boto3 finds."""

    model_config = ConfigDict(frozen=True)

    region: str
    service: str = "aps"


class Credentials(Model):
    """The credentials of the asker. They are sent over TLS or on this machine only."""

    token: str | None = Field(default=None, repr=False)
    """It is sent as a bearer token."""
    user: str | None = None
    password: str = Field(default="", repr=False)
    """The user's password, for basic authentication."""
    headers: Mapping[str, str] = Field(default_factory=dict[str, str], repr=False)
    """These headers are sent with each request."""
    sig_v4: SigV4 | None = None

    @property
    def only_a_token(self) -> bool:
        """Whether nothing except a bearer token is shown, if anything is."""
        return self == Credentials(token=self.token)


NOBODY = Credentials()


def of_environment(environment: Mapping[str, str]) -> Credentials:
    """Return the credentials that the watch was given.

    Raises:
        TealError: they cannot be read.
    """
    text = environment.get(CREDENTIALS)
    if not text:
        return Credentials(token=environment.get(TOKEN))
    try:
        return Credentials.model_validate_json(text)
    except ValidationError as error:  # the error's text would show them
        raise TealError(
            f"{CREDENTIALS} cannot be read ({error.error_count()} problems), so Prometheus would not answer, and no "
            "flip was gone on with. Next: pulumi up, which writes it into Secret teal-watch"
        ) from None
