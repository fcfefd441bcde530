"""Settings of the Prometheus that scrapes both colours."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from teal.spec.credentials import Credentials, SigV4
from teal_infra.settings.base import Model, clash, superfluous, wrong
from teal_infra.settings.numbers import Patience

if TYPE_CHECKING:
    from teal.adapters.prometheus import PrometheusAccess

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^@\s?#]+$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100)]
Shown = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]+$")]

_CREDENTIALS = ("token", "password", "headers", "sig_v4")
_TENANT = {"x-scope-orgid", "thanos-tenant"}
"""Headers that say whose series are meant (Mimir, Cortex, Thanos), and that are no secret."""


class SigV4Settings(Model):
    """Queries are signed as AWS has it, for Amazon Managed Service for Prometheus; boto3 finds the credentials."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] = Field(
        description="The AWS region of the workspace.",
        json_schema_extra=wrong("Prometheus would not answer"),
        examples=["eu-central-1"],
    )
    service: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")] = Field(
        default="aps",
        description="The service that requests are signed for, as AWS calls it.",
        json_schema_extra=wrong("Prometheus would not answer"),
    )


class Prometheus(Model):
    """The Prometheus that scrapes both colours. Its certificate is verified; no proxy of the environment is used.

    What is asked of Mimir, Thanos, VictoriaMetrics and Amazon's is the same. Of `token`, `user` and `sigV4` one at most
    says who asks.
    """

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
    user: Annotated[str, StringConstraints(pattern=r"^[\x21-\x39\x3b-\x7e]+$")] | None = Field(
        default=None,
        description="The user of basic authentication.",
        json_schema_extra=wrong("Prometheus would not answer"),
        examples=["teal"],
    )
    password: Shown | None = Field(
        repr=False,
        default=None,
        description="The password of that user; encrypt it in the stack file (`config set --path --secret`).",
        json_schema_extra=wrong("Prometheus would not answer"),
        examples=["--secret"],
    )
    headers: Mapping[HeaderName, Shown] = Field(
        repr=False,
        default_factory=dict[str, str],
        description=(
            "Headers that are sent with each query, a tenant's or a gateway's key; encrypt their values in the stack "
            "file (`config set --path --secret`)."
        ),
        json_schema_extra=wrong("Prometheus would not answer, or with another tenant's numbers"),
        examples=["--secret"],
    )
    sig_v4: SigV4Settings | None = Field(
        default=None, description="How queries are signed for a Prometheus that AWS runs. Without it, they are not."
    )
    ca_file: str | None = Field(
        default=None,
        description="A file with the certificates that vouch for it, on the machine that runs the update.",
        json_schema_extra=wrong("its certificate would not be believed"),
        examples=["/etc/ssl/certs/ca.pem"],
    )
    timeout_seconds: Patience = Field(
        default=5,
        description="How long one query may take.",
        json_schema_extra=wrong(
            "a query would be given up too soon, or hold the update",
            source="teal: what answers later is no help to a bake",
        ),
    )

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.user is None) is not (self.password is None):
            given, lacking = ("password", "user") if self.user is None else ("user", "password")
            raise clash(lacking, f"{given} is set, and there is no {lacking}")
        header = next((f"headers.{each}" for each in self.headers if each.lower() == "authorization"), None)
        given = [name for name in ("token", "user", "sig_v4") if getattr(self, name) is not None]
        given = [*(each.replace("sig_v4", "sigV4") for each in given), *([header] if header else [])]
        if len(given) > 1:
            what = f"{given[0]} says who asks already, and a request has one such header"
            password = ["password"] if given[1] == "user" else []
            raise superfluous(given[1], what, "Prometheus would go by one of them alone", *password)
        return self

    @property
    def confidential(self) -> str:
        """The setting whose value nobody on the way may read; empty where there is none."""
        said = {"headers": {*map(str.lower, self.headers)} - _TENANT}
        return next((name for name in _CREDENTIALS if said.get(name, getattr(self, name))), "")

    @property
    def credentials(self) -> Credentials:
        """The credentials that are sent."""
        return Credentials(
            token=self.token,
            user=self.user,
            password=self.password or "",
            headers=self.headers,
            sig_v4=SigV4(region=self.sig_v4.region, service=self.sig_v4.service) if self.sig_v4 else None,
        )

    def access(self) -> "PrometheusAccess":
        """Return how to reach it."""
        # Here, since settings alone need no client: it would take a quarter of `teal validate`'s time.
        from teal.adapters.prometheus import PrometheusAccess  # noqa: PLC0415

        return PrometheusAccess(
            url=self.url, credentials=self.credentials, ca_file=self.ca_file, timeout_seconds=self.timeout_seconds
        )
