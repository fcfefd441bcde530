"""Settings of backing services: how a service connects to its database, its cache and others."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from teal_infra.settings.base import EnvName, EnvValue, Model, clash, wrong
from teal_infra.settings.numbers import PortNumber
from teal_infra.settings.reach.network import BackingPeer

Kind = Literal["database", "redis", "weaviate", "ollama", "mongodb", "other"]

VARIABLES: Mapping[str, Mapping[str, str]] = {
    "database": {"host": "DB_HOST", "port": "DB_PORT", "name": "DB_NAME", "user": "DB_USER", "password": "DB_PASSWORD"},
    "redis": {"host": "REDIS_HOST", "port": "REDIS_PORT", "password": "REDIS_PASSWORD"},
    "weaviate": {"url": "WEAVIATE_URL", "apiKey": "WEAVIATE_API_KEY"},
    "ollama": {"url": "OLLAMA_BASE_URL", "model": "OLLAMA_MODEL"},
    "mongodb": {
        "url": "MONGODB_URL",
        "name": "MONGODB_DATABASE",
        "user": "MONGODB_USER",
        "password": "MONGODB_PASSWORD",
    },
    "other": {},
}
"""The environment variables that settings become: the production guide's names, for MongoDB the delivery guide's."""

_SECRET = {"password", "apiKey"}


class BackingService(Model):
    """One backing service; every setting becomes an environment variable of the pods."""

    kind: Kind = Field(
        description="What it is; this decides the names of the environment variables that its settings become.",
        json_schema_extra=wrong("the pods would not know how to connect"),
        examples=["database"],
    )
    host: str | None = Field(
        default=None,
        description="The host name or address that it answers at.",
        json_schema_extra=wrong("the pods would not know where to connect"),
        examples=["db.example"],
    )
    port: PortNumber | None = Field(
        default=None,
        description="The port that it answers on.",
        json_schema_extra=wrong("nothing could connect"),
        examples=["5432"],
    )
    name: str | None = Field(
        default=None,
        description="The name of the database in it.",
        json_schema_extra=wrong("the pods would open the wrong database"),
        examples=["shop"],
    )
    user: str | None = Field(
        default=None,
        description="The account that pods connect as.",
        json_schema_extra=wrong("the pods would be refused"),
        examples=["shop"],
    )
    password: str | None = Field(
        default=None,
        repr=False,
        description="The account's password; encrypt it in the stack file (`config set --path --secret`).",
        json_schema_extra=wrong("the pods would be refused"),
        examples=["--secret"],
    )
    url: str | None = Field(
        default=None,
        description="The URL that it answers at, for kinds that are found by one.",
        json_schema_extra=wrong("the pods would not know where to connect"),
        examples=["http://weaviate.example:8080"],
    )
    api_key: str | None = Field(
        default=None,
        repr=False,
        description="The key that pods send; encrypt it in the stack file (`config set --path --secret`).",
        json_schema_extra=wrong("the pods would be refused"),
        examples=["--secret"],
    )
    model: str | None = Field(
        default=None,
        description="The model that pods ask for.",
        json_schema_extra=wrong("the pods would ask for the wrong model"),
        examples=["llama3"],
    )
    network: BackingPeer | None = Field(
        default=None,
        description="Where its connections go: pods or CIDRs, and ports. Network policies deny what is not said here.",
    )
    env: Mapping[EnvName, EnvValue] = Field(
        default_factory=dict[str, str],
        description="Further environment variables of the pods that use it.",
        json_schema_extra=wrong("the container would not see this variable"),
        examples=["text"],
    )
    secrets: Mapping[EnvName, Annotated[str, Field(min_length=1)]] = Field(
        repr=False,
        default_factory=dict[str, str],
        description=(
            "Further environment variables, from a Secret; encrypt them in the stack file (`config set --path "
            "--secret`)."
        ),
        json_schema_extra=wrong("the container would not see this variable"),
        examples=["--secret"],
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = self._given().keys() - VARIABLES[self.kind].keys()
        if unknown:
            known = ", ".join(VARIABLES[self.kind]) or "nothing of its own"
            raise clash(
                min(unknown),
                f"a {self.kind} has no {', '.join(sorted(unknown))}; it has {known}, and env and secrets for the rest",
                mend=dict.fromkeys(unknown),
            )
        return self

    @property
    def plain(self) -> Mapping[str, str]:
        """The environment variables that anybody may read."""
        own = {VARIABLES[self.kind][key]: value for key, value in self._given().items() if key not in _SECRET}
        return {**own, **self.env}

    @property
    def confidential(self) -> Mapping[str, str]:
        """The environment variables that belong in a Secret."""
        own = {VARIABLES[self.kind][key]: value for key, value in self._given().items() if key in _SECRET}
        return {**own, **self.secrets}

    @property
    def variables(self) -> Sequence[str]:
        """The names of all its variables."""
        return [*self.plain, *self.confidential]

    def _given(self) -> Mapping[str, str]:
        """Return the settings of the kind that were given, by their names in the config."""
        settings = self.model_dump(by_alias=True, exclude={"kind", "network", "env", "secrets"}, exclude_none=True)
        return {key: str(value) for key, value in settings.items()}
