"""Settings of the Prometheus that scrapes both colours."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from teal_infra.settings.base import Model, wrong

if TYPE_CHECKING:
    from teal.adapters.prometheus import PrometheusAccess

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^@\s?#]+$")]


class Prometheus(Model):
    """The Prometheus that scrapes both colours. Its certificate is verified; no proxy of the environment is used."""

    url: Url = Field(
        description="Where the machine that runs the update reaches Prometheus, without `/api/v1`.",
        json_schema_extra=wrong(
            "nothing would be known of either colour's traffic (a password in it would be shown: use token)"
        ),
        examples=["https://prometheus.example"],
    )
    token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")] | None = Field(
        repr=False,
        default=None,
        description="The bearer token that is sent to it; encrypt it in the stack file (`config set --path --secret`).",
        json_schema_extra=wrong("Prometheus would not answer"),
        examples=["--secret"],
    )
    ca_file: str | None = Field(
        default=None,
        description="A file with the certificates that vouch for it, on the machine that runs the update.",
        json_schema_extra=wrong("its certificate would not be believed"),
        examples=["/etc/ssl/certs/ca.pem"],
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        default=5,
        description="How long one query may take, in seconds.",
        json_schema_extra=wrong("a query would be given up too soon, or hold the update"),
        examples=["5"],
    )

    def access(self) -> "PrometheusAccess":
        """How to reach it."""
        # Here, since settings alone need no client: it would be a quarter of the time of `teal validate`.
        from teal.adapters.prometheus import PrometheusAccess  # noqa: PLC0415

        return PrometheusAccess(
            url=self.url, token=self.token, ca_file=self.ca_file, timeout_seconds=self.timeout_seconds
        )
